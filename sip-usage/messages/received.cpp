#include "sip-usage/messages/received.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringway::sip::messages {

namespace {

constexpr std::uint8_t k_version = 1;

bool contains(const std::vector<std::uint64_t>& ids, std::uint64_t id) {
  return std::binary_search(ids.begin(), ids.end(), id);
}

// What is left of both: in the longer one behind the end of the shorter, and before that where neither has
// it.
Mark union_of(const Mark& a, const Mark& b) {
  const Mark& longer = a.last_id < b.last_id ? b : a;
  const Mark& shorter = a.last_id < b.last_id ? a : b;
  Mark out{longer.sender, longer.last_id, {}, std::max(a.until_ms, b.until_ms)};
  std::copy_if(longer.left.begin(), longer.left.end(), std::back_inserter(out.left),
               [&](std::uint64_t id) { return id > shorter.last_id || contains(shorter.left, id); });
  return out;
}

Mark read_mark(wire::Reader& in) {
  Mark mark;
  mark.sender = in.node_id();
  mark.last_id = in.u64();
  mark.until_ms = in.u64();
  wire::Reader left = in.vector(1);
  while (left.more()) {
    const std::uint64_t id = left.u64();
    if (mark.left.size() == k_max_left) left.fail("too many are left");
    if ((!mark.left.empty() && id <= mark.left.back()) || id > mark.last_id) left.fail("left out of order");
    mark.left.push_back(id);
  }
  in.finish(left);
  return mark;
}

}  // namespace

const Mark* Received::find(const NodeId& sender) const {
  const auto at = std::lower_bound(marks_.begin(), marks_.end(), sender,
                                   [](const Mark& mark, const NodeId& node) { return mark.sender < node; });
  return at != marks_.end() && at->sender == sender ? &*at : nullptr;
}

Mark& Received::at(const NodeId& sender) {
  const auto place =
      std::lower_bound(marks_.begin(), marks_.end(), sender,
                       [](const Mark& mark, const NodeId& node) { return mark.sender < node; });
  if (place != marks_.end() && place->sender == sender) return *place;
  return *marks_.insert(place, Mark{sender, 0, {}, 0});
}

bool Received::has(const NodeId& sender, std::uint64_t id) const {
  const Mark* mark = find(sender);
  return mark != nullptr && id <= mark->last_id && !contains(mark->left, id);
}

void Received::note(const NodeId& sender, std::uint64_t id, WallMs until_ms, bool is_received) {
  Mark& mark = at(sender);
  mark.until_ms = std::max(mark.until_ms, until_ms);
  if (id > mark.last_id) {
    mark.last_id = id;
    if (!is_received) mark.left.push_back(id);
  } else if (is_received) {
    std::erase(mark.left, id);
  }
  keep_to_bounds();
}

void Received::merge(const Received& other) {
  for (const Mark& each : other.marks_) {
    Mark& own = at(each.sender);
    own = own.last_id == 0 && own.until_ms == 0 ? each : union_of(own, each);
  }
  keep_to_bounds();
}

void Received::drop_ended(WallMs now_ms) {
  std::erase_if(marks_, [now_ms](const Mark& mark) { return mark.until_ms <= now_ms; });
}

// Of marks the one that is needed for the shortest time goes; of messages that could not be opened the
// oldest, of whose sender most are left.
void Received::keep_to_bounds() {
  for (Mark& mark : marks_)
    if (mark.left.size() > k_max_left)
      mark.left.erase(mark.left.begin(), mark.left.end() - static_cast<std::ptrdiff_t>(k_max_left));
  std::size_t left = 0;
  for (const Mark& mark : marks_) left += mark.left.size();
  for (; left > k_max_left_in_all; --left) {
    auto& most = std::max_element(marks_.begin(), marks_.end(), [](const Mark& a, const Mark& b) {
                   return a.left.size() < b.left.size();
                 })->left;
    most.erase(most.begin());
  }
  while (marks_.size() > k_max_marks)
    marks_.erase(std::min_element(marks_.begin(), marks_.end(),
                                  [](const Mark& a, const Mark& b) { return a.until_ms < b.until_ms; }));
}

std::uint64_t Received::last_id_of(const NodeId& sender) const {
  const Mark* mark = find(sender);
  return mark == nullptr ? 0 : mark->last_id;
}

WallMs Received::until_ms() const {
  WallMs last = 0;
  for (const Mark& mark : marks_) last = std::max(last, mark.until_ms);
  return last;
}

std::uint32_t Received::lifetime_s(WallMs now_ms) const {
  constexpr WallMs second_ms = 1000;
  const WallMs last = until_ms();
  const WallMs left_s = last > now_ms ? (last - now_ms) / second_ms + 1 : 0;
  return std::max(k_shortest_received_lifetime_s, static_cast<std::uint32_t>(left_s));
}

void read(wire::Reader& in, Received& out) {
  if (in.u8() != k_version) in.fail("a list of another version");
  if (in.boolean()) {
    Claim claim;
    claim.by = in.node_id();
    claim.until_ms = in.u64();
    out.claim = claim;
  }
  wire::Reader list = in.vector(2);
  while (list.more()) {
    if (out.marks_.size() == k_max_marks) return in.fail("too many senders");
    Mark mark = read_mark(list);
    if (!out.marks_.empty() && mark.sender <= out.marks_.back().sender) list.fail("senders out of order");
    out.marks_.push_back(std::move(mark));
  }
  in.finish(list);
}

void write(wire::Writer& out, const Received& received) {
  out.u8(k_version);
  out.boolean(received.claim.has_value());
  if (received.claim) {
    out.raw(received.claim->by.view());
    out.u64(received.claim->until_ms);
  }
  const std::size_t mark = out.begin(2);
  for (const Mark& each : received.marks()) {
    out.raw(each.sender.view());
    out.u64(each.last_id);
    out.u64(each.until_ms);
    const std::size_t left = out.begin(1);
    for (const std::uint64_t id : each.left) out.u64(id);
    out.end(left, 1);
  }
  out.end(mark, 2);
}

}  // namespace ringway::sip::messages

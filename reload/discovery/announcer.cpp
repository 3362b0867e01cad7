#include "reload/discovery/announcer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace ringway::discovery {

Announcer::Announcer(Settings settings, std::shared_ptr<Random> random)
    : settings_(std::move(settings)), random_(std::move(random)), tag_(overlay_tag(settings_.overlay_name)) {
  std::erase_if(settings_.own_addresses, [](const auto& address) { return !can_be_a_peer(address); });
}

void Announcer::start(MonoTime now) {
  started_ = now;
  questions_asked_ = 0;
  regular_at_ = now;
}

Duration Announcer::jittered(Duration interval) {
  const auto quarter = interval.count() / 4;
  return Duration{interval.count() - quarter +
                  static_cast<std::int64_t>(random_->below(static_cast<std::uint64_t>(2 * quarter)))};
}

// ---- hearing

bool Announcer::too_many(MonoTime now) {
  if (now - second_began_ >= Duration{1'000}) {
    second_began_ = now;
    in_this_second_ = 0;
  }
  return ++in_this_second_ > k_max_datagrams_per_second;
}

bool Announcer::receive(MonoTime now, const wire::IpAddressPort& source, SharedBytes datagram) {
  if (too_many(now)) {
    ++counters_.dropped;
    return false;
  }
  const auto heard = decode(std::move(datagram));
  if (!heard) {
    ++counters_.malformed;
    return false;
  }
  if (heard->overlay != tag_) return false;  // others' business
  const auto& own = settings_.own_addresses;
  const auto is_ours = [&](const auto& address) {
    return std::find(own.begin(), own.end(), address) != own.end();
  };
  if (std::any_of(heard->addresses.begin(), heard->addresses.end(), is_ours)) return false;  // an echo
  ++counters_.heard;
  if (answer_at_ && ++answers_heard_ >= k_answers_enough) answer_at_.reset();
  if (heard->asks) note_question(now);
  bool changed = false;
  for (const auto& address : heard->addresses) {
    // "127.0.0.1" is another machine's own affair unless the datagram has not left this one.
    if (!can_be_a_peer(address) || (is_loopback(address) && !is_loopback(source))) continue;
    changed = remember(now, address) || changed;
  }
  return changed;
}

void Announcer::note_question(MonoTime now) {
  if (answer_at_) return;
  MonoTime at = now + Duration{static_cast<std::int64_t>(
                          random_->below(static_cast<std::uint64_t>(k_answer_within.count())))};
  if (sent_at_) at = std::max(at, *sent_at_ + k_quiet_between);
  answer_at_ = at;
  answers_heard_ = 0;
}

// When the table is full one of it makes room, whichever: who fills it cannot keep the others out.
bool Announcer::remember(MonoTime now, const wire::IpAddressPort& address) {
  const auto known = std::find_if(found_.begin(), found_.end(),
                                  [&](const Entry& entry) { return entry.address == address; });
  const bool fresh = known == found_.end();
  if (!fresh) found_.erase(known);
  if (found_.size() == k_max_found)
    found_.erase(found_.begin() + static_cast<std::ptrdiff_t>(random_->below(k_max_found)));
  found_.push_back({address, now});
  return fresh;
}

bool Announcer::forget_old(MonoTime now) {
  return std::erase_if(found_,
                       [now](const Entry& entry) { return now - entry.heard_at > k_forgotten_after; }) > 0;
}

std::vector<wire::IpAddressPort> Announcer::found() const {
  std::vector<wire::IpAddressPort> all;
  for (const Entry& entry : found_) all.push_back(entry.address);
  return all;
}

// ---- speaking

std::optional<Bytes> Announcer::on_timer(MonoTime now, bool& changed) {
  changed = forget_old(now);
  const bool regular = regular_at_ <= now;
  if (!regular && !(answer_at_ && *answer_at_ <= now)) return std::nullopt;
  const bool asks = regular && questions_asked_ < std::size(k_first_questions);
  if (regular) {
    if (asks) ++questions_asked_;
    regular_at_ = questions_asked_ < std::size(k_first_questions)
                      ? started_ + k_first_questions[questions_asked_]
                      : now + jittered(k_announce_interval);
    regular_at_ = std::max(regular_at_, now + k_quiet_between / 2);
  }
  answer_at_.reset();
  sent_at_ = now;
  ++counters_.sent;
  return encode({asks, tag_, settings_.own_addresses});
}

MonoTime Announcer::next_deadline() const {
  MonoTime at = regular_at_;
  if (answer_at_) at = std::min(at, *answer_at_);
  for (const Entry& entry : found_) at = std::min(at, entry.heard_at + k_forgotten_after + Duration{1});
  return at;
}

}  // namespace ringway::discovery

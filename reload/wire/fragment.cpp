#include "reload/wire/fragment.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>
#include <utility>

namespace ringway::wire {
namespace {

// What a part costs beside its bytes: its node in a map, its allocations. Counted, so that many small
// fragments cannot take more memory than the bounds say.
constexpr std::size_t k_part_cost_bytes = 128;
constexpr std::size_t k_no_end = std::numeric_limits<std::size_t>::max();

SharedBytes join(Bytes header, BytesView payload) {
  append(header, payload);
  return header;
}

Bytes key_of(const ForwardingHeader& header) {
  Writer key;
  key.u32(header.overlay);
  key.u64(header.transaction_id);
  if (!header.destination_list.empty()) write(key, header.destination_list.back());
  return key.take();
}

}  // namespace

std::vector<SharedBytes> fragment(const ForwardingHeader& header, const SharedBytes& payload,
                                  std::size_t max_size_bytes) {
  const std::size_t header_bytes = header_size_bytes(header);
  const std::size_t room_bytes = max_size_bytes > header_bytes ? max_size_bytes - header_bytes : 0;
  const std::size_t parts = room_bytes == 0 ? 1 : (payload.size() + room_bytes - 1) / room_bytes;
  const bool is_addressable = header.fragment_offset() + payload.size() <= k_fragment_offset_mask;
  if (parts <= 1 || payload.size() / parts < k_min_fragment_body_bytes || !is_addressable) {
    return {join(encode_header(header, payload.size()), payload)};
  }
  // The first of them carry one byte more where the payload does not divide evenly.
  const std::size_t longer_parts = payload.size() % parts;
  std::vector<SharedBytes> out;
  out.reserve(parts);
  ForwardingHeader part_header = header;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    const std::size_t count = payload.size() / parts + (i < longer_parts ? 1 : 0);
    const auto offset = static_cast<std::uint32_t>(header.fragment_offset() + begin);
    part_header.fragment = (header.fragment & ~(k_fragment_offset_mask | k_fragment_last)) | offset;
    if (i + 1 == parts) part_header.fragment |= header.fragment & k_fragment_last;
    out.push_back(join(encode_header(part_header, count), payload.view().subspan(begin, count)));
    begin += count;
  }
  return out;
}

void Reassembler::forget(PendingMap::iterator entry) {
  for (const auto& [link, held] : entry->second.held_by_link) {
    const auto total = held_by_link_.find(link);
    assert(total != held_by_link_.end() && total->second >= held);
    total->second -= held;
    held_bytes_ -= held;
    if (total->second == 0) held_by_link_.erase(total);
  }
  pending_.erase(entry);
}

bool Reassembler::hold(Pending& pending, std::uint32_t offset, BytesView piece, std::uint64_t link) {
  const std::size_t cost = piece.size() + k_part_cost_bytes;
  const auto of_link = held_by_link_.find(link);
  const std::size_t link_bytes = of_link == held_by_link_.end() ? 0 : of_link->second;
  if (held_bytes_ + cost > limits_.max_total_bytes || link_bytes + cost > limits_.max_link_bytes)
    return false;
  pending.parts.emplace(offset, copy_of(piece));
  pending.payload_bytes += piece.size();
  pending.held_by_link[link] += cost;
  held_by_link_[link] += cost;
  held_bytes_ += cost;
  return true;
}

const char* Reassembler::merge(Pending& pending, std::uint32_t offset, BytesView payload,
                               std::uint64_t link) {
  const std::size_t end = offset + payload.size();
  std::size_t at = offset;  // what lies before has been compared or held
  auto part = pending.parts.upper_bound(offset);
  if (part != pending.parts.begin()) --part;
  while (at < end) {
    while (part != pending.parts.end() && part->first + part->second.size() <= at) ++part;
    const std::size_t part_start =
        part == pending.parts.end() ? end : std::min<std::size_t>(end, part->first);
    if (part_start > at) {
      const BytesView gap = payload.subspan(at - offset, part_start - at);
      if (!hold(pending, static_cast<std::uint32_t>(at), gap, link)) return "no room to reassemble";
      at = part_start;
      continue;
    }
    const std::size_t overlap_end = std::min(end, part->first + part->second.size());
    const BytesView known = BytesView(part->second).subspan(at - part->first, overlap_end - at);
    if (!equal(known, payload.subspan(at - offset, overlap_end - at)))
      return "fragments contradict each other";
    at = overlap_end;
  }
  return nullptr;
}

const char* Reassembler::take(Pending& pending, const ForwardingHeader& header, BytesView payload,
                              std::uint64_t link) {
  const std::size_t end = header.fragment_offset() + payload.size();
  if (header.is_last_fragment()) {
    if (pending.total_bytes.value_or(end) != end) return "two different last fragments";
    pending.total_bytes = end;
  }
  if (const char* reason = merge(pending, header.fragment_offset(), payload, link)) return reason;
  const auto& [offset, bytes] = *pending.parts.rbegin();
  if (offset + bytes.size() > pending.total_bytes.value_or(k_no_end)) return "a fragment beyond the last one";
  return nullptr;
}

Reassembler::Joined Reassembler::joined_from(const Pending& pending, const ForwardingHeader& header) {
  Bytes payload;
  payload.reserve(pending.payload_bytes);
  for (const auto& [offset, bytes] : pending.parts) append(payload, bytes);
  ForwardingHeader whole = header;
  whole.fragment = k_whole_message;
  whole.length = static_cast<std::uint32_t>(header_size_bytes(whole) + payload.size());
  return {std::move(whole), std::move(payload)};
}

Result<std::optional<Reassembler::Joined>> Reassembler::add(MonoTime now, const ForwardingHeader& header,
                                                            const SharedBytes& payload, std::uint64_t link) {
  const Bytes key = key_of(header);
  auto entry = pending_.find(key);
  if (entry != pending_.end() && now - entry->second.started >= k_fragment_timeout) {
    forget(entry);
    entry = pending_.end();
  }
  const std::size_t end = header.fragment_offset() + payload.size();
  if (header_size_bytes(header) + end > limits_.max_message_size_bytes) {
    if (entry != pending_.end()) forget(entry);
    return Failure{"the joined message would be above the maximum size", 0};
  }
  if (header.is_whole()) return std::optional<Joined>{Joined{header, payload}};
  if (payload.empty()) return Failure{"an empty fragment", 0};
  if (entry == pending_.end()) {
    if (pending_.size() >= limits_.max_messages) expire(now);
    if (pending_.size() >= limits_.max_messages) return Failure{"too many messages to reassemble", 0};
    entry = pending_.emplace(key, Pending{now, {}, 0, std::nullopt, {}}).first;
  }
  if (const char* reason = take(entry->second, header, payload, link)) {
    forget(entry);
    return Failure{reason, 0};
  }
  if (entry->second.payload_bytes != entry->second.total_bytes) return std::optional<Joined>{};
  Joined joined = joined_from(entry->second, header);
  forget(entry);
  return std::optional<Joined>{std::move(joined)};
}

void Reassembler::expire(MonoTime now) {
  for (auto entry = pending_.begin(); entry != pending_.end();) {
    const auto next = std::next(entry);
    if (now - entry->second.started >= k_fragment_timeout) forget(entry);
    entry = next;
  }
}

}  // namespace ringway::wire

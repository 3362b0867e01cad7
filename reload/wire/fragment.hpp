// Fragmentation and reassembly of messages (RFC 6940 §6.7). Any hop may split, only the destination joins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/header.hpp"

namespace ringway::wire {

inline constexpr std::size_t k_min_fragment_body_bytes = 256;
inline constexpr Duration k_fragment_timeout{15'000};
inline constexpr std::size_t k_path_mtu_margin_bytes = 32;

// Splits one message (whole, or itself a fragment) so that each part's total size is at most
// `max_size_bytes`. Parts are of equal size to within one byte. Yields the message unchanged if it fits, or
// if parts would carry fewer than 256 body bytes (then it is left to IP).
std::vector<SharedBytes> fragment(const ForwardingHeader& header, const SharedBytes& payload,
                                  std::size_t max_size_bytes);

struct ReassemblyLimits {
  std::size_t max_message_size_bytes = 0;   // of the joined message (RFC 6940 §6.6, AMB-61)
  std::size_t max_messages = 1024;          // messages under way
  std::size_t max_total_bytes = 16U << 20;  // held by all of them
  std::size_t max_link_bytes = 4U << 20;    // of those, what came over one link
};

// Joins the fragments of messages that are for this node. Keyed by (overlay, transaction, final destination)
// (AMB-24).
class Reassembler {
 public:
  explicit Reassembler(ReassemblyLimits limits) : limits_(limits) {}

  struct Joined {
    ForwardingHeader header;  // of the fragment that completed the message, marked whole
    SharedBytes payload;
  };
  // Takes one fragment that came over `link`; answers the message when it is complete. A contradiction with
  // what came before, or a bound, discards the message and fails.
  Result<std::optional<Joined>> add(MonoTime now, const ForwardingHeader& header, const SharedBytes& payload,
                                    std::uint64_t link = 0);
  // For every fragment that comes from now on, of messages already under way too.
  void set_max_message_size_bytes(std::size_t size_bytes) { limits_.max_message_size_bytes = size_bytes; }
  // Discards what is older than 15 s.
  void expire(MonoTime now);
  std::size_t messages() const { return pending_.size(); }
  // What the parts take, with a fixed cost for each.
  std::size_t held_bytes() const { return held_bytes_; }

 private:
  struct Pending {
    MonoTime started;
    std::map<std::uint32_t, Bytes> parts;  // by offset, not overlapping
    std::size_t payload_bytes = 0;         // sum of the parts
    std::optional<std::size_t> total_bytes;
    std::map<std::uint64_t, std::size_t> held_by_link;
  };
  using PendingMap = std::map<Bytes, Pending>;  // key: overlay ‖ transaction ‖ encoded final destination

  void forget(PendingMap::iterator entry);
  bool hold(Pending& pending, std::uint32_t offset, BytesView piece, std::uint64_t link);
  // These answer null, or why the message cannot be joined.
  const char* merge(Pending& pending, std::uint32_t offset, BytesView payload, std::uint64_t link);
  const char* take(Pending& pending, const ForwardingHeader& header, BytesView payload, std::uint64_t link);
  static Joined joined_from(const Pending& pending, const ForwardingHeader& header);

  ReassemblyLimits limits_;
  PendingMap pending_;
  std::map<std::uint64_t, std::size_t> held_by_link_;
  std::size_t held_bytes_ = 0;
};

}  // namespace ringway::wire

// Which messages a user has received: the user's own value in the overlay, so that each of the user's peers
// knows, and the senders, who keep no longer what was received. Of each sender's node one number is enough,
// since its messages are delivered in the order of their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "reload/ids.hpp"
#include "reload/time.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::sip::messages {

inline constexpr std::size_t k_max_marks = 256;  // senders' nodes
// Of one of them. A sender has 32 messages in a mailbox (k_max_kept_of_sender), and a mark ends with one that
// is received: so none of those that wait is ever forgotten.
inline constexpr std::size_t k_max_left = 31;
inline constexpr std::size_t k_max_left_in_all = 1024;  // so that the list fits into a value

// Of the user's own values under the mailbox's name: the list, and one that is only there so that the list's
// generation is never 0, which a Store cannot be compared with (RFC 6940 §7.4.1.1).
inline constexpr const char* k_received_list = "";
inline constexpr const char* k_received_first = "first";
inline constexpr std::uint32_t k_shortest_received_lifetime_s = 3600;

struct Mark {
  NodeId sender;
  std::uint64_t last_id = 0;        // it and all before it are received,
  std::vector<std::uint64_t> left;  // but these: in envelopes that this peer could not open; rising
  WallMs until_ms = 0;  // when the last of them would have ended by itself: the mark is needed no longer
  bool operator==(const Mark&) const = default;
};

// Which of the user's peers delivers now. The others wait until then.
struct Claim {
  NodeId by;
  WallMs until_ms = 0;
  bool operator==(const Claim&) const = default;
};

class Received {
 public:
  bool has(const NodeId& sender, std::uint64_t id) const;
  // Of a message that was delivered, or not opened here.
  void note(const NodeId& sender, std::uint64_t id, WallMs until_ms, bool is_received);
  void merge(const Received& other);  // what either has
  void drop_ended(WallMs now_ms);
  std::uint64_t last_id_of(const NodeId& sender) const;  // 0: none
  WallMs until_ms() const;                               // of the mark that is needed longest; 0: none is
  std::uint32_t lifetime_s(WallMs now_ms) const;         // of the value

  bool empty() const { return marks_.empty(); }
  const std::vector<Mark>& marks() const { return marks_; }

  std::optional<Claim> claim;

  bool operator==(const Received&) const = default;

 private:
  friend void read(wire::Reader& in, Received& out);
  const Mark* find(const NodeId& sender) const;
  Mark& at(const NodeId& sender);
  void keep_to_bounds();

  std::vector<Mark> marks_;  // in order of the senders
};
void read(wire::Reader& in, Received& out);
void write(wire::Writer& out, const Received& received);

}  // namespace ringway::sip::messages

// What the four machines of RFC 3261 §17 have in common: the steps that they answer with. A machine knows one
// transaction; it neither matches messages nor sends them. Whatever it is given belongs to its transaction
// (transaction_table.hpp sees to that).
//
// All four have the same shape: messages and calls of the user in, on_timer when next_wake() has come (late
// is fine), a Step out. A machine that has ended() is not called again.
#pragma once

#include <optional>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/deadline.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/transaction/timers.hpp"

namespace ringway::sip {

enum class TransactionFailure {
  timeout,    // a client's: as if 408 had come (§8.1.3.1); an INVITE server's: no ACK has come (§17.2.1)
  transport,  // a client's: as if 503 had come; a server's: its answer may not have gone out
};

struct Step {
  std::vector<SharedBytes> transmit;  // over the transaction's flow, in order
  std::optional<Message> deliver;     // to the user of the transaction
  std::optional<TransactionFailure> failure;
};

// Unreliable transports lose, repeat and reorder; then the machines retransmit (§17.1.1.2).
enum class Transport { unreliable, reliable };

inline SharedBytes octets_of(const Message& message) {
  return SharedBytes(copy_of(view_of(message.print())));
}
inline bool has_come(const Deadline& at, MonoTime now) { return at && *at <= now; }

}  // namespace ringway::sip

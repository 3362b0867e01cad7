// Who has taken how much of the transactions' bounds, so that nobody takes all. Strangers get a half
// together, with other peers three quarters: the rest is left to own phones. One stranger or peer gets a
// quarter, an own phone a half.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace ringway::sip {

inline constexpr std::size_t k_max_server_transactions = 16'384;
inline constexpr std::size_t k_max_client_transactions = 32'768;           // a request may be forked
inline constexpr std::size_t k_max_transaction_bytes = 256 * 1024 * 1024;  // of all their requests

struct TransactionLimits {
  std::size_t servers = k_max_server_transactions;
  std::size_t clients = k_max_client_transactions;
  std::size_t bytes = k_max_transaction_bytes;
};

// Who sends requests.
struct TransactionSender {
  enum class Standing { own, peer, stranger };
  std::string name{};  // of what counts as one: an own phone's flow, another peer, an address; empty: nobody
  Standing standing = Standing::own;
};

class Shares {
 public:
  explicit Shares(TransactionLimits limits) : limits_(limits) {}

  bool has_room(const TransactionSender& sender, const TransactionLimits& more) const;
  void take(const TransactionSender& sender, const TransactionLimits& more);
  void give_back(const TransactionSender& sender, const TransactionLimits& taken);

  const TransactionLimits& limits() const { return limits_; }
  const TransactionLimits& taken() const { return taken_; }
  std::size_t senders() const { return of_sender_.size(); }

 private:
  TransactionLimits limits_;
  TransactionLimits taken_{0, 0, 0}, of_others_{0, 0, 0}, of_strangers_{0, 0, 0};
  std::map<std::string, TransactionLimits> of_sender_;  // of each that has taken something
};

}  // namespace ringway::sip

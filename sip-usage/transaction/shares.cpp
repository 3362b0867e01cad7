#include "sip-usage/transaction/shares.hpp"

#include <algorithm>

namespace ringway::sip {
namespace {

template <typename Change>
TransactionLimits each(const TransactionLimits& of, Change change) {
  return {change(of.servers), change(of.clients), change(of.bytes)};
}

using Standing = TransactionSender::Standing;

std::size_t quarter(std::size_t all) { return std::max<std::size_t>(all / 4, 1); }
std::size_t half(std::size_t all) { return std::max<std::size_t>(all / 2, 1); }
std::size_t three_quarters(std::size_t all) { return all - all / 4; }

bool fits(const TransactionLimits& taken, const TransactionLimits& more, const TransactionLimits& bound) {
  return taken.servers + more.servers <= bound.servers && taken.clients + more.clients <= bound.clients &&
         taken.bytes + more.bytes <= bound.bytes;
}

void add(TransactionLimits& to, const TransactionLimits& more) {
  to.servers += more.servers;
  to.clients += more.clients;
  to.bytes += more.bytes;
}

void subtract(TransactionLimits& from, const TransactionLimits& less) {
  from.servers -= less.servers;
  from.clients -= less.clients;
  from.bytes -= less.bytes;
}

bool is_nothing(const TransactionLimits& taken) {
  return taken.servers == 0 && taken.clients == 0 && taken.bytes == 0;
}

}  // namespace

bool Shares::has_room(const TransactionSender& sender, const TransactionLimits& more) const {
  if (!fits(taken_, more, limits_)) return false;
  const bool is_own = sender.standing == Standing::own;
  if (!is_own && !fits(of_others_, more, each(limits_, three_quarters))) return false;
  if (sender.standing == Standing::stranger && !fits(of_strangers_, more, each(limits_, half))) return false;
  if (sender.name.empty()) return true;
  const auto found = of_sender_.find(sender.name);
  const auto bound = each(limits_, is_own ? half : quarter);
  return fits(found == of_sender_.end() ? TransactionLimits{0, 0, 0} : found->second, more, bound);
}

void Shares::take(const TransactionSender& sender, const TransactionLimits& more) {
  add(taken_, more);
  if (sender.standing != Standing::own) add(of_others_, more);
  if (sender.standing == Standing::stranger) add(of_strangers_, more);
  if (!sender.name.empty())
    add(of_sender_.try_emplace(sender.name, TransactionLimits{0, 0, 0}).first->second, more);
}

void Shares::give_back(const TransactionSender& sender, const TransactionLimits& taken) {
  subtract(taken_, taken);
  if (sender.standing != Standing::own) subtract(of_others_, taken);
  if (sender.standing == Standing::stranger) subtract(of_strangers_, taken);
  const auto found = of_sender_.find(sender.name);
  if (found == of_sender_.end()) return;
  subtract(found->second, taken);
  if (is_nothing(found->second)) of_sender_.erase(found);
}

}  // namespace ringway::sip

#include "sip-usage/messages/storing_peer.hpp"

#include "sip-usage/messages/mailbox.hpp"
#include "sip-usage/registration/storing_peer.hpp"

namespace ringway::sip::messages {

data::UsageChecksPtr usage_checks() {
  static const auto checks = [] {
    auto all = std::make_shared<data::UsageChecks>(*sip::usage_checks());
    all->emplace(k_mailbox, std::make_shared<const MailboxCheck>());
    return data::UsageChecksPtr(std::move(all));
  }();
  return checks;
}

}  // namespace ringway::sip::messages

// Who is owed credits: a link lends us one for each message it hands over, and gets it back when the message
// has been dealt with. For a message that is only forwarded that is at once; for one that must be inspected
// it is when routing has seen the verdict.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>

#include "reload/link/link_id.hpp"

namespace ringway::actors {

class CreditLedger {
 public:
  // A message of `link` is being handled from here until end_message().
  void begin_message(link::LinkId link);
  // The message at hand waits for the verdict on `ticket`.
  void inspecting(std::uint64_t ticket);
  void end_message();
  // Routing has handled the verdict.
  void verdict_handled(std::uint64_t ticket);

  // Passes on what has become due since the last time: link and number of messages.
  void pay(const std::function<void(link::LinkId, std::size_t)>& give_back);
  std::size_t waiting_for_verdict() const { return by_ticket_.size(); }

 private:
  link::LinkId current_;
  bool at_message_ = false;
  bool current_waits_ = false;
  std::unordered_map<std::uint64_t, link::LinkId> by_ticket_;
  std::unordered_map<link::LinkId, std::size_t> due_;
};

}  // namespace ringway::actors

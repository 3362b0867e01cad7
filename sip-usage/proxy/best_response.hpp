// Which of the final responses that are no success goes upstream, and with what (RFC 3261 §16.7 steps 6 and
// 7). Only the best so far is kept, and the challenges of all.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sip-usage/message/message.hpp"

namespace ringway::sip::proxy {

class BestResponse {
 public:
  // `is_ours`: this proxy has made it for a branch that gave none. Returns how many challenges were too many.
  std::uint64_t add(Message response, bool is_ours);

  bool empty() const { return !best_; }
  bool is_ours() const { return is_ours_; }
  unsigned status() const { return best_ ? best_->status() : 0; }
  Message take();  // with the challenges of all, where it is one itself

 private:
  std::optional<Message> best_;
  bool is_ours_ = false;
  std::vector<HeaderField> challenges_;
};

}  // namespace ringway::sip::proxy

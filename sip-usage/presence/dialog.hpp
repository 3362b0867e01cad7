// The notifier's end of a dialog that a SUBSCRIBE has begun (RFC 3261 §12.1.1, RFC 6665 §4.2), and the
// NOTIFYs that go over it.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sip-usage/message/message.hpp"

namespace ringway::sip::presence {

struct DialogId {
  std::string call_id, local_tag, remote_tag;
  auto operator<=>(const DialogId&) const = default;
};
// Of a request that came within one.
DialogId dialog_of(const Message& request);

enum class Substate { active, pending, terminated };

struct Notice {
  Substate state = Substate::pending;
  std::uint32_t expires_s = 0;                 // of active and pending
  std::string_view reason;                     // of terminated (RFC 6665 §4.1.3)
  std::optional<std::uint32_t> retry_after_s;  // of terminated
  std::shared_ptr<const std::string> document;
};

class Dialog {
 public:
  // `subscribe` has one Contact.
  Dialog(const Message& subscribe, std::string local_tag, NameAddr own_contact);

  DialogId id() const { return {call_id_, std::string(local_.tag()), std::string(remote_.tag())}; }
  // False: it is older than one that has come (§12.2.2).
  bool take_refresh(const Message& subscribe);
  const std::string& event_id() const { return event_id_; }
  const NameAddr& own_contact() const { return own_contact_; }
  // Without Via, which is the sender's.
  Message notify(const Notice& notice);

 private:
  NameAddr local_, remote_, own_contact_;
  std::string call_id_, event_id_;
  Uri target_;
  std::vector<NameAddr> routes_;
  std::uint32_t local_cseq_ = 0, remote_cseq_ = 0;
};

}  // namespace ringway::sip::presence

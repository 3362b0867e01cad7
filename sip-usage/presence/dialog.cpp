#include "sip-usage/presence/dialog.hpp"

#include "sip-usage/presence/settings.hpp"

namespace ringway::sip::presence {
namespace {

constexpr std::uint8_t k_first_max_forwards = 70;  // RFC 3261 §8.1.1.6

std::string state_of(const Notice& notice) {
  if (notice.state == Substate::terminated) {
    std::string out = "terminated;reason=" + std::string(notice.reason);
    if (notice.retry_after_s) out += ";retry-after=" + std::to_string(*notice.retry_after_s);
    return out;
  }
  return (notice.state == Substate::active ? "active;expires=" : "pending;expires=") +
         std::to_string(notice.expires_s);
}

}  // namespace

DialogId dialog_of(const Message& request) {
  return {request.call_id, std::string(request.to.tag()), std::string(request.from.tag())};
}

Dialog::Dialog(const Message& subscribe, std::string local_tag, NameAddr own_contact)
    : local_(subscribe.to),
      remote_(subscribe.from),
      own_contact_(std::move(own_contact)),
      call_id_(subscribe.call_id),
      event_id_(subscribe.event() ? subscribe.event()->id : std::string()),
      target_(subscribe.contacts.front().uri),
      routes_(subscribe.record_routes),
      remote_cseq_(subscribe.cseq.number) {
  local_.parameters.set("tag", std::move(local_tag));
}

bool Dialog::take_refresh(const Message& subscribe) {
  if (subscribe.cseq.number <= remote_cseq_) return false;
  remote_cseq_ = subscribe.cseq.number;
  if (!subscribe.contacts.empty()) target_ = subscribe.contacts.front().uri;  // §12.2.2
  return true;
}

Message Dialog::notify(const Notice& notice) {
  Message out;
  Uri uri = target_;
  out.routes = routes_;
  // A first route without "lr" is a strict router: it stands in the Request-URI (§12.2.1.1).
  if (!routes_.empty() && !routes_.front().uri.has_loose_routing()) {
    uri = routes_.front().uri;
    out.routes.erase(out.routes.begin());
    NameAddr last;
    last.uri = target_;
    out.routes.push_back(std::move(last));
  }
  out.start = RequestLine{"NOTIFY", std::move(uri)};
  out.from = local_;
  out.to = remote_;
  out.call_id = call_id_;
  out.cseq = {++local_cseq_, "NOTIFY"};
  out.max_forwards = k_first_max_forwards;
  out.contacts = {own_contact_};
  out.set_field("Event", std::string(k_package) + (event_id_.empty() ? "" : ";id=" + event_id_));
  out.set_field("Subscription-State", state_of(notice));
  if (notice.document) {
    out.set_field("Content-Type", std::string(k_document_type));
    out.body = *notice.document;
  }
  return out;
}

}  // namespace ringway::sip::presence

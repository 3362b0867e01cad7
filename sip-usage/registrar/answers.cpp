#include "sip-usage/registrar/answers.hpp"

#include <chrono>
#include <string>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/date.hpp"
#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::registrar {
namespace {

// What is left, never less than nothing: 0 would say that the binding is gone.
std::uint32_t seconds_left(const Binding& binding, MonoTime now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(binding.expires_at - now).count();
  return left < 1 ? 1 : static_cast<std::uint32_t>(left);
}

NameAddr contact_of(const Binding& binding, MonoTime now) {
  NameAddr out = binding.contact;
  out.parameters.set("expires", std::to_string(seconds_left(binding, now)));
  return out;
}

void add_gruus(NameAddr& contact, const Device& device, bool is_new, DeviceGruus& gruus) {
  const std::string& scheme = contact.uri.scheme;
  if (const auto gruu = gruus.public_gruu(device, scheme))
    contact.parameters.set("pub-gruu", to_quoted_string(*gruu));
  if (const auto gruu = gruus.temporary_gruu(device, scheme, is_new))
    contact.parameters.set("temp-gruu", to_quoted_string(*gruu));
}

std::string list_of(const std::vector<NameAddr>& addresses) {
  std::string out;
  for (const NameAddr& each : addresses) out += (out.empty() ? "" : ", ") + each.print();
  return out;
}

}  // namespace

Message accepted(const AnswerTo& to, const BindingList& bindings, Now now, const Settings& settings,
                 DeviceGruus& gruus, std::string_view tag) {
  Message out = make_response(to.request, 200, tag);
  out.record_routes.clear();  // a REGISTER begins no dialog (RFC 3261 §10.3)
  const bool wants_gruus = to.request.lists("Supported", "gruu");
  for (const Binding& each : bindings) {
    NameAddr contact = contact_of(each, now.mono);
    const bool is_of_request = each.call_id == to.request.call_id && each.cseq == to.request.cseq.number;
    if (wants_gruus && !each.instance.empty())
      add_gruus(contact, {to.aor, each.instance}, is_of_request, gruus);
    out.contacts.push_back(std::move(contact));
  }
  if (const auto path = to.request.addresses("Path"); path && !path->empty())
    out.set_field("Path", list_of(*path));
  if (!settings.service_route.empty()) out.set_field("Service-Route", list_of(settings.service_route));
  if (to.uses_outbound) {
    out.set_field("Require", "outbound");
    if (settings.flow_timer_s != 0) out.set_field("Flow-Timer", std::to_string(settings.flow_timer_s));
  }
  out.set_field("Supported", "path, outbound");
  out.set_field("Date", print_date(now.wall_ms));
  return out;
}

Message refused(const Message& request, const Rejection& rejection, std::string_view tag) {
  Message out = make_response(request, rejection.status, tag);
  if (!rejection.reason.empty()) std::get<StatusLine>(out.start).reason = rejection.reason;
  if (rejection.min_expires_s) out.set_field("Min-Expires", std::to_string(*rejection.min_expires_s));
  if (rejection.retry_after_s) out.set_field("Retry-After", std::to_string(*rejection.retry_after_s));
  return out;
}

}  // namespace ringway::sip::registrar

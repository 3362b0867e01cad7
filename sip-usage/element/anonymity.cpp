#include "sip-usage/element/anonymity.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/element/intermediary.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::element {
namespace {

// Of this peer's Record-Route, in such a dialog.
constexpr std::string_view k_hidden_parameter = "rw-hidden";

// What says who somebody is (RFC 3323 §4.1.1.4, §5.3), with which program, or by whom the call has come.
constexpr auto k_telling = std::to_array<std::string_view>({"User-Agent",
                                                            "Server",
                                                            "Organization",
                                                            "Subject",
                                                            "Call-Info",
                                                            "Reply-To",
                                                            "In-Reply-To",
                                                            "Authorization",
                                                            "Proxy-Authorization",
                                                            "Identity",
                                                            "Identity-Info",
                                                            "History-Info",
                                                            "Diversion",
                                                            "Referred-By",
                                                            "Geolocation",
                                                            "Warning",
                                                            "Alert-Info",
                                                            "Error-Info",
                                                            "Date",
                                                            "Path",
                                                            "Service-Route",
                                                            "P-Access-Network-Info"});

void drop_telling(Message& message) {
  for (const auto name : k_telling) message.remove_field(name);
}

// +sip.instance names the device, and what else is there tells programs apart.
void set_contact(Message& message, const Uri& contact) {
  if (message.contacts.empty() || message.contact_is_any) return;
  message.contacts = {{{}, contact, {}}};
}

bool any_has(const std::vector<NameAddr>& values, std::string_view parameter) {
  return std::any_of(values.begin(), values.end(),
                     [&](const NameAddr& each) { return each.uri.parameters.has(parameter); });
}

bool asks_for(const Message& request, std::string_view wanted) {
  const std::string* field = request.field("Privacy");
  if (field == nullptr) return false;
  std::string_view rest = *field;  // "id;user" (§4.2)
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    if (same_ignoring_case(trimmed(rest.substr(0, end)), wanted)) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

}  // namespace

bool is_anonymous(const Uri& uri) { return same_ignoring_case(uri.host, k_anonymous_host); }

bool refuses_privacy(const Message& request) { return asks_for(request, "none"); }

bool wants_privacy(const Message& request) {
  if (refuses_privacy(request)) return false;
  return is_anonymous(request.from.uri) || asks_for(request, "id") || asks_for(request, "user") ||
         asks_for(request, "header");
}

bool goes_by_intermediate(const Message& request) { return any_has(request.routes, k_hide_parameter); }
bool is_to_hidden(const Message& request) { return any_has(request.routes, k_hidden_parameter); }
bool comes_by_intermediate(const Message& request) {
  return any_has(request.record_routes, k_hide_parameter);
}

// A proxy makes 500 of the 503 that it gets (RFC 3261 §16.7 step 6). 403 may be the callee's; then it is
// asked again, and says the same.
bool is_of_intermediate(unsigned status) {
  constexpr auto k_its_own = std::to_array<unsigned>({403, 405, 420, 482, 501, 503, 505, 513});
  return std::find(k_its_own.begin(), k_its_own.end(), status) != k_its_own.end();
}

void make_from_anonymous(Message& request) {
  NameAddr from;
  from.display_name = "\"Anonymous\"";
  from.uri.scheme = "sip";
  from.uri.user = std::string(k_anonymous_user);
  from.uri.host = std::string(k_anonymous_host);
  if (const auto tag = request.from.tag(); !tag.empty()) from.parameters.add({"tag", std::string(tag)});
  request.from = std::move(from);
}

void make_anonymous(Message& request, const Uri& contact) {
  make_from_anonymous(request);
  request.vias.resize(1);
  for (NameAddr& each : request.record_routes)
    each.uri.parameters.set(std::string(k_hidden_parameter), std::nullopt);
  set_contact(request, contact);
  drop_telling(request);
}

void make_response_anonymous(Message& response, const Uri& contact) {
  set_contact(response, contact);
  drop_telling(response);
}

bool add_intermediate_route(Message& request, const wire::DestinationList& target,
                            const proxy::Settings& settings) {
  if (request.routes.empty()) {
    auto gr = write_gr(target);
    if (!gr) return false;
    request.routes.push_back(route_to(settings.overlay(), std::move(*gr)));
  }
  NameAddr first = route_to(settings.overlay(), "");
  first.uri.parameters.remove("gr");  // whoever gets it
  first.uri.parameters.add({std::string(k_hide_parameter), std::nullopt});
  request.routes.insert(request.routes.begin(), std::move(first));
  return true;
}

const wire::DestinationList& IntermediateChoice::current(MonoTime now) {
  if (!current_.empty() && now < chosen_at_ + k_intermediate_time) return current_;
  RingId point;
  std::uint64_t bits = 0;
  for (std::size_t at = 0; at < point.bytes.size(); ++at) {
    if (at % 8 == 0) bits = random_.next();
    point.bytes[at] = static_cast<std::uint8_t>(bits >> 8 * (at % 8));
  }
  current_ = {wire::to_resource(point)};
  chosen_at_ = now;
  return current_;
}

void IntermediateChoice::reject(const wire::DestinationList& one) {
  if (current_ == one) current_.clear();
}

}  // namespace ringway::sip::element

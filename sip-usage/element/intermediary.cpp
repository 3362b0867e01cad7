#include "sip-usage/element/intermediary.hpp"

#include <algorithm>
#include <string>

#include "reload/config/base64.hpp"
#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"
#include "sip-usage/element/anonymity.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/registration/gruu.hpp"

namespace ringway::sip::element {
namespace {

bool in_overlay(const Uri& uri, const proxy::Settings& settings) {
  return uri.is_sip() && uri.parameters.has("gr") && same_ignoring_case(uri.host, settings.overlay());
}

// As the value of a URI's parameter, like that of "gr".
std::string text_of(const Bytes& sealed) {
  std::string text = config::to_base64(sealed);
  std::replace(text.begin(), text.end(), '=', '~');
  return text;
}

std::optional<Bytes> bytes_of(std::string_view text) {
  std::string base64(text);
  std::replace(base64.begin(), base64.end(), '~', '=');
  Bytes out;
  return config::from_base64(base64, out) ? std::optional(std::move(out)) : std::nullopt;
}

// Of its own, since the proxy's is for another use.
security::Hmac key_of(const proxy::Settings& settings) {
  return security::hmac_sha256(settings.key, view_of(k_behind_parameter));
}

const Uri& first_of(const Message& request) {
  return request.routes.empty() ? request.request_uri() : request.routes.front().uri;
}

std::string gr_of(const NodeId& node) { return *write_gr({wire::to_node(node)}); }  // of one node: always

}  // namespace

NameAddr route_to(std::string_view overlay, std::string gr) {
  Uri uri;
  uri.scheme = "sip";
  uri.host = std::string(overlay);
  uri.parameters.add({"gr", std::move(gr)});
  uri.parameters.add({"lr", std::nullopt});
  return {{}, std::move(uri), {}};
}

Intermediary::Intermediary(const proxy::Settings& settings, Random& random)
    : settings_(settings), seal_(key_of(settings), random) {}

bool Intermediary::is_here(const Uri& uri, std::string_view parameter) const {
  if (!uri.is_sip() || !uri.parameters.has(parameter) || !same_ignoring_case(uri.host, settings_.overlay()))
    return false;
  return !uri.parameters.has("gr") || uri.parameters.value("gr") == settings_.overlay_gr;
}

NameAddr Intermediary::hide_route() const {
  NameAddr out = route_to(settings_.overlay(), settings_.overlay_gr);
  out.uri.parameters.add({std::string(k_hide_parameter), std::nullopt});
  return out;
}

// ---- what stands for the hidden peer

std::optional<Uri> Intermediary::behind(const NodeId& node, const std::vector<NameAddr>& values) {
  wire::Writer out;
  out.raw(node.view());
  out.u8(static_cast<std::uint8_t>(values.size()));
  for (const NameAddr& each : values) out.opaque(2, view_of(each.print()));
  if (out.overflowed() || values.size() > 255 || out.bytes().size() > k_max_behind_bytes) return std::nullopt;
  Uri uri = route_to(settings_.overlay(), settings_.overlay_gr).uri;
  uri.parameters.set(std::string(k_behind_parameter), text_of(seal_.close(out.bytes())));
  return uri;
}

std::optional<Intermediary::Behind> Intermediary::open(const Uri& uri) const {
  const auto sealed = bytes_of(uri.parameters.value(k_behind_parameter));
  const auto content = sealed ? seal_.open(*sealed) : std::nullopt;
  if (!content) return std::nullopt;
  // What is sealed is what was written, so it can be read.
  wire::Reader in(SharedBytes::borrow(*content));
  Behind out;
  for (auto& octet : out.node.bytes) octet = in.u8();
  for (unsigned left = in.u8(); left > 0; --left)
    if (auto value = NameAddr::parse(ringway::text_of(in.opaque(2)))) out.values.push_back(std::move(*value));
  return out;
}

bool Intermediary::mask_contacts(Message& message, const NodeId& node) {
  for (NameAddr& contact : message.contacts) {
    auto uri = behind(node, {{{}, contact.uri, {}}});
    if (!uri) return false;
    uri->user = std::string(k_anonymous_user);
    uri->parameters.remove("lr");
    contact.display_name.clear();
    contact.uri = std::move(*uri);
  }
  return true;
}

// ---- requests

bool Intermediary::leads_to_hidden(const Message& request) const {
  const auto& first = first_of(request);
  return !request.to.tag().empty() && is_here(first, k_behind_parameter) && open(first);
}

Intermediary::Entered Intermediary::enter(Message& request, const NodeId& sender) {
  const auto& first = first_of(request);
  if (!request.routes.empty() && is_here(first, k_hide_parameter)) return from_hidden(request, sender);
  if (is_here(first, k_behind_parameter)) return to_hidden(request, sender);
  return std::monostate{};
}

Intermediary::Entered Intermediary::from_hidden(Message& request, const NodeId& sender) {
  // This peer's certificate would vouch for a user of its own.
  if (!is_anonymous(request.from.uri)) return 403U;
  request.routes.erase(request.routes.begin());
  if (request.routes.empty() && in_overlay(request.request_uri(), settings_))
    request.routes.push_back(
        route_to(settings_.overlay(), std::string(request.request_uri().parameters.value("gr"))));
  if (request.routes.empty() || !in_overlay(request.routes.front().uri, settings_)) return 403U;
  if (request.routes.front().uri.parameters.value("gr") == settings_.overlay_gr) return 482U;
  Passage passage{sender, sender, std::exchange(request.record_routes, {})};
  if (!passage.received.empty()) {
    auto route = behind(sender, passage.received);
    if (!route) return 513U;
    request.record_routes.push_back({{}, std::move(*route), {}});
  }
  if (!mask_contacts(request, sender)) return 513U;
  return passage;
}

Intermediary::Entered Intermediary::to_hidden(Message& request, const NodeId& sender) {
  std::optional<NodeId> hidden;
  std::vector<NameAddr> routes;
  if (!request.routes.empty()) {
    auto opened = open(request.routes.front().uri);
    if (!opened) return 403U;
    hidden = opened->node;
    routes = std::move(opened->values);
    request.routes.erase(request.routes.begin());
  }
  if (is_here(request.request_uri(), k_behind_parameter)) {
    auto opened = open(request.request_uri());
    if (!opened || opened->values.size() != 1 || (hidden && *hidden != opened->node)) return 404U;
    hidden = opened->node;
    request.request_uri() = std::move(opened->values.front().uri);
  }
  if (routes.empty()) routes.push_back(route_to(settings_.overlay(), gr_of(*hidden)));
  request.routes.insert(request.routes.begin(), routes.begin(), routes.end());
  Passage passage{sender, *hidden, request.record_routes};
  // What the hidden peer sends within the dialog has to come by here, too.
  if (!request.record_routes.empty())
    request.record_routes.insert(request.record_routes.begin(), hide_route());
  return passage;
}

// ---- answers

// Record-Route comes back as it was sent on, with that of those behind in front of it (RFC 3261 §16.7 step 8
// lets a proxy rewrite its own value). The one who has asked gets back what it has sent.
void Intermediary::mask(const Passage& passage, Message& response) {
  const auto is_ours = [&](const NameAddr& each) {
    return is_here(each.uri, passage.is_from_hidden() ? k_behind_parameter : k_hide_parameter);
  };
  auto& values = response.record_routes;
  const auto ours = std::find_if(values.begin(), values.end(), is_ours);
  const bool begins_dialog = ours != values.end();
  std::vector<NameAddr> further;
  if (begins_dialog) further.assign(values.begin(), ours);
  if (!passage.is_from_hidden()) {
    // As its Route has them: who has asked takes Record-Route from the end (RFC 3261 §12.1.2).
    std::reverse(further.begin(), further.end());
    auto route = further.empty() ? std::nullopt : behind(passage.hidden, further);
    further.clear();
    if (route) further.push_back({{}, std::move(*route), {}});
    if (!mask_contacts(response, passage.hidden)) response.contacts.clear();
  } else if (begins_dialog) {
    further.push_back(hide_route());
  }
  values = std::move(further);
  if (!begins_dialog) return;
  values.insert(values.end(), passage.received.begin(), passage.received.end());
}

// ---- their number

bool Intermediary::begin(const NodeId& sender) {
  if (count_ >= k_max_passages) return false;
  auto& of_node = of_node_[sender];
  if (of_node >= k_max_passages_of_node) return false;
  ++of_node;
  ++count_;
  return true;
}

void Intermediary::end(const NodeId& sender) {
  const auto found = of_node_.find(sender);
  --count_;
  if (--found->second == 0) of_node_.erase(found);
}

}  // namespace ringway::sip::element

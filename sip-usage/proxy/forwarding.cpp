#include "sip-usage/proxy/forwarding.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/credentials.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/dialogs.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::proxy {
namespace {

// Methods that neither make a dialog nor say where its other end is now. Of methods that it does not know, a
// proxy has to think that they do (§16.6 step 4).
constexpr std::array<std::string_view, 9> k_without_record_route = {
    "REGISTER", "MESSAGE", "OPTIONS", "PUBLISH", "ACK", "CANCEL", "BYE", "INFO", "PRACK"};

Here here_towards(const Hop& hop, const Settings& settings) {
  if (const auto* phone = std::get_if<FlowHop>(&hop)) return phone->flow.here;
  if (const auto* caller = std::get_if<CallerHop>(&hop)) return caller->flow.here;
  if (side_of(hop, settings) == Side::overlay) return settings.overlay_here;
  Here here = settings.outside_here;
  if (const auto* server = std::get_if<ServerHop>(&hop)) here.transport = server->transport;
  return here;
}

// For Routes.
Uri route_at(const Here& here, std::string user) {
  Uri uri = uri_at(here);
  uri.user = std::move(user);
  uri.parameters.add({"lr", std::nullopt});
  return uri;
}

Uri route_in_overlay(const Settings& settings, std::string user) {
  Uri uri = uri_in_overlay(settings);
  uri.user = std::move(user);
  uri.parameters.add({"lr", std::nullopt});
  return uri;
}

// §16.6 step 2, §19.1.1: what no Request-URI may have.
Uri as_request_uri(Uri uri) {
  uri.headers.clear();
  uri.parameters.remove("method");
  return uri;
}

// §16.6 step 6.
void reformat_for_strict_router(Message& request) {
  if (request.routes.empty() || request.routes.front().uri.has_loose_routing()) return;
  request.routes.push_back({{}, request.request_uri(), {}});
  request.request_uri() = as_request_uri(request.routes.front().uri);
  request.routes.erase(request.routes.begin());
}

class RecordRoutes {
 public:
  RecordRoutes(const Message& request, const Target& target, const Source& source, const Settings& settings,
               const Tokens& tokens)
      : request_(request),
        target_(target),
        source_(source),
        settings_(settings),
        tokens_(tokens),
        to_(side_of(target.hop, settings)) {}

  // Phones are reached over their flows only, and who is outside the overlay cannot speak with who is in it.
  bool wanted() const {
    if (std::find(k_without_record_route.begin(), k_without_record_route.end(), request_.method()) !=
        k_without_record_route.end())
      return false;
    return source_.side != to_ || to_ == Side::phone;
  }

  // As they come in the request: first how who is called, then how the caller reaches this peer (RFC 5658
  // §5).
  std::vector<NameAddr> values() const {
    const auto* phone = std::get_if<FlowHop>(&target_.hop);
    const Here towards = here_towards(target_.hop, settings_);
    return {value(true, phone == nullptr ? nullptr : &phone->flow, towards),
            value(false, source_.side == Side::phone ? &source_.flow : nullptr, source_.flow.here)};
  }

 private:
  NameAddr value(bool is_callee, const NetworkFlow* flow, const Here& here) const {
    const Side side = is_callee ? to_ : source_.side;
    Uri uri;
    if (flow != nullptr) {
      uri = route_at(here, tokens_.make(DialogToken{*flow}, request_.call_id));
    } else {
      auto user = tokens_.make(RelayToken{side, is_callee ? source_.side : to_, relay_hop(is_callee)},
                               request_.call_id);
      uri = side == Side::overlay ? route_in_overlay(settings_, std::move(user))
                                  : route_at(settings_.outside_here, std::move(user));
    }
    if (needs_sips(is_callee)) uri.scheme = "sips";
    return {{}, std::move(uri), {}};
  }
  // Where requests within the dialog go that come from the other side. Own users may send theirs wherever the
  // dialog leads, but to what is reached in one way only.
  std::optional<Hop> relay_hop(bool is_callee) const {
    if (is_callee) {
      const bool is_free = source_.side == Side::phone && !target_.is_fixed;
      return is_free ? std::nullopt : std::optional(target_.hop);
    }
    auto back = hop_to_caller(request_, source_, settings_);
    const bool is_free = to_ == Side::phone && back && std::holds_alternative<UriHop>(*back);
    return is_free ? std::nullopt : std::move(back);
  }
  // §16.6 step 4. A caller who has not asked for it may have no TLS (RFC 5658 §5: each side has its own).
  bool needs_sips(bool is_callee) const {
    if (!request_.routes.empty() && request_.routes.front().uri.scheme == "sips") return true;
    return target_.uri.scheme == "sips" && (is_callee || request_.request_uri().scheme == "sips");
  }

  const Message& request_;
  const Target& target_;
  const Source& source_;
  const Settings& settings_;
  const Tokens& tokens_;
  Side to_;
};

// RFC 3261 §22.3: credentials of our realm were for us. Whoever else sees them may try passwords.
void drop_own_credentials(Message& message, std::string_view realm) {
  std::erase_if(message.fields, [&](const HeaderField& field) {
    if (!same_ignoring_case(field.name, "Proxy-Authorization")) return false;
    const auto credentials = Credentials::parse(field.value);
    return credentials && same_ignoring_case(credentials->realm, realm);
  });
}

}  // namespace

Via via_of(const Here& here, std::string branch) {
  Via via{here.transport, here.host, here.port, {}};
  via.parameters.add({"branch", std::move(branch)});
  if (same_ignoring_case(here.transport, "UDP")) via.parameters.add({"rport", std::nullopt});  // RFC 3581 §3
  return via;
}

Uri uri_at(const Here& here) {
  Uri uri;
  uri.scheme = "sip";
  uri.host = here.host;
  uri.port = here.port;
  if (!same_ignoring_case(here.transport, "UDP"))
    uri.parameters.add({"transport", lower_case(here.transport)});
  return uri;
}

Uri uri_in_overlay(const Settings& settings) {
  Uri uri;
  uri.scheme = "sip";
  uri.host = settings.overlay();
  uri.parameters.add({"gr", settings.overlay_gr});
  return uri;
}

Message forwarded(const Message& request, const Target& target, const Source& source,
                  const Settings& settings, const Tokens& tokens, Forwarding forwarding) {
  auto out = make_proxied_copy(request, as_request_uri(target.uri),
                               via_of(here_towards(target.hop, settings), std::move(forwarding.branch)),
                               std::nullopt);
  drop_own_credentials(out, settings.overlay());
  const RecordRoutes record_routes(request, target, source, settings, tokens);
  if (record_routes.wanted()) {
    auto values = record_routes.values();
    out.record_routes.insert(out.record_routes.begin(), values.begin(), values.end());
  }
  if (request.method() == "REGISTER" && source.side == Side::phone)
    out.fields.insert(out.fields.begin(),
                      {"Path", path_of(source.flow, request.vias.size() == 1, tokens).print()});
  out.set_field("Max-Breadth", std::to_string(forwarding.max_breadth));
  out.routes.insert(out.routes.begin(), target.path.begin(), target.path.end());
  reformat_for_strict_router(out);
  return out;
}

NameAddr path_of(const NetworkFlow& flow, bool is_first_hop, const Tokens& tokens) {
  Uri uri = route_at(flow.here, tokens.make(PathToken{flow}));
  if (is_first_hop) uri.parameters.add({"ob", std::nullopt});
  return {{}, std::move(uri), {}};
}

}  // namespace ringway::sip::proxy

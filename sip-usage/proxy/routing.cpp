#include "sip-usage/proxy/routing.hpp"

#include <algorithm>
#include <optional>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::proxy {
namespace {

std::uint16_t port_of(const Uri& uri) {
  const bool is_tls = uri.scheme == "sips" || same_ignoring_case(uri.parameters.value("transport"), "tls");
  return uri.port.value_or(is_tls ? 5061 : 5060);
}

bool is_own_address(std::string_view host, std::uint16_t port, const Settings& settings) {
  return std::any_of(settings.own_addresses.begin(), settings.own_addresses.end(), [&](const Address& own) {
    return own.port == port && same_ignoring_case(own.host, host);
  });
}

bool is_own_domain(std::string_view host, const Settings& settings) {
  return std::any_of(settings.domains.begin(), settings.domains.end(),
                     [&](const std::string& domain) { return same_ignoring_case(domain, host); });
}

bool in_overlay(const Uri& uri, const Settings& settings) {
  return uri.is_sip() && uri.parameters.has("gr") && same_ignoring_case(uri.host, settings.overlay());
}

bool has_own_gr(const Uri& uri, const Settings& settings) {
  return in_overlay(uri, settings) && uri.parameters.value("gr") == settings.overlay_gr;
}

// Whether the URI leads to this peer, whatever its user part says.
bool leads_here(const Uri& uri, const Settings& settings) {
  if (!uri.is_sip()) return false;
  if (has_own_gr(uri, settings)) return true;
  if (uri.parameters.has("gr")) return false;
  return is_own_address(uri.host, port_of(uri), settings) || is_own_domain(uri.host, settings);
}

const NetworkFlow* flow_of(const Token& token) {
  if (const auto* path = std::get_if<PathToken>(&token)) return &path->flow;
  if (const auto* dialog = std::get_if<DialogToken>(&token)) return &dialog->flow;
  return nullptr;
}

// The work of route() on one request.
class Router {
 public:
  Router(Message& request, const Source& source, const Settings& settings, const Tokens& tokens,
         const DialogTable& dialogs)
      : request_(request), source_(source), settings_(settings), tokens_(tokens), dialogs_(dialogs) {}

  Next next() {
    if (const auto refused = undo_strict_routing()) return *refused;
    strip_own_maddr();
    request_.request_uri() = with_overlay_name(std::move(request_.request_uri()), settings_);
    if (const auto refused = remove_reached()) return *refused;
    if (const NetworkFlow* flow = destination_flow()) {
      // RFC 3261 §16.6 step 4: a value of Record-Route is good for its dialog only.
      if (std::holds_alternative<DialogToken>(last_) && !in_dialog()) return Refuse{403};
      return OneHop{FlowHop{*flow}, true, request_.routes.empty() && is_gruu_of_user()};
    }
    if (auto hop = dialog_hop()) return OneHop{std::move(*hop), false};
    return request_.routes.empty() ? by_request_uri() : to_uri(request_.routes.front().uri);
  }

 private:
  // The dialog's other end, if that is where its requests go, wherever else they say.
  std::optional<Hop> dialog_hop() {
    if (!in_dialog()) return std::nullopt;
    const auto* relay = std::get_if<RelayToken>(&last_);
    if (relay != nullptr && relay->other == source_.side && relay->to)
      return leads_to_remote_target() ? Hop{UriHop{next_uri()}} : *relay->to;
    if (!std::holds_alternative<NoToken>(last_) || !request_.routes.empty()) return std::nullopt;
    auto way = dialogs_.way(request_, source_);  // the sender has lost its Route
    if (!way) return std::nullopt;
    request_.request_uri() = std::move(way->uri);
    request_.routes = std::move(way->routes);
    return std::move(way->hop);
  }
  const Uri& next_uri() const {
    return request_.routes.empty() ? request_.request_uri() : request_.routes.front().uri;
  }
  // Where the one who was called has said that it is, which may be another place than the server that has
  // brought the INVITE to it.
  bool leads_to_remote_target() const {
    const auto* relay = std::get_if<RelayToken>(&last_);
    const Uri* target = dialogs_.remote_target(request_);
    return std::holds_alternative<UriHop>(*relay->to) && target != nullptr && target->is_sip() &&
           next_uri().is_sip() && same_ignoring_case(target->host, next_uri().host) &&
           port_of(*target) == port_of(next_uri());
  }
  bool in_dialog() const { return !request_.to.tag().empty(); }
  bool is_gruu_of_user() const {
    const Uri& uri = request_.request_uri();
    return uri.parameters.has("gr") && is_responsible_for(uri, settings_);
  }
  // What is written like a token and leads elsewhere is another peer's, and means nothing here.
  Token token_of(const Uri& uri) const {
    if (!uri.is_sip()) return NoToken{};
    auto token = tokens_.read(uri.user, request_.call_id);
    if (std::holds_alternative<FalseToken>(token) && !leads_here(uri, settings_)) return NoToken{};
    return token;
  }

  // §16.4, first paragraph: the sender has put our Record-Route where the Request-URI is.
  std::optional<Refuse> undo_strict_routing() {
    const auto token = token_of(request_.request_uri());
    if (std::holds_alternative<NoToken>(token)) return std::nullopt;
    if (std::holds_alternative<FalseToken>(token)) return Refuse{403};
    if (request_.routes.empty()) return Refuse{404};
    note(token);
    request_.request_uri() = request_.routes.back().uri;
    request_.routes.pop_back();
    return std::nullopt;
  }

  // §16.4, third paragraph.
  void strip_own_maddr() {
    Uri& uri = request_.request_uri();
    const std::string maddr(uri.parameters.value("maddr"));
    if (maddr.empty() || !is_own_address(maddr, port_of(uri), settings_)) return;
    const auto transport = uri.parameters.value("transport");
    const Here& here = source_.flow.here;
    if (here.port.value_or(5060) != port_of(uri) ||
        !same_ignoring_case(here.transport, transport.empty() ? std::string_view("UDP") : transport))
      return;
    uri.parameters.remove("maddr");
    uri.parameters.remove("transport");
    uri.port.reset();
  }

  // §16.4, last paragraph. There are two of ours where the sides differ (RFC 5658 §5).
  std::optional<Refuse> remove_reached() {
    std::size_t reached = 0;
    for (const auto& route : request_.routes) {
      const auto token = token_of(route.uri);
      // A token was made here, whatever the host; this peer may have many addresses.
      if (std::holds_alternative<NoToken>(token) && !is_own(route.uri, settings_)) break;
      if (std::holds_alternative<FalseToken>(token)) return Refuse{403};  // RFC 5626 §5.3.1
      note(token);
      ++reached;
    }
    request_.routes.erase(request_.routes.begin(),
                          request_.routes.begin() + static_cast<std::ptrdiff_t>(reached));
    return std::nullopt;
  }

  void note(const Token& token) {
    if (std::holds_alternative<NoToken>(token)) return;
    last_ = token;
    if (flow_of(token) != nullptr) ++flows_;
  }

  // RFC 5626 §5.3: a token of the sender's own flow only says that the request is an outgoing one. Between
  // two phones of this peer the second token is the other's.
  const NetworkFlow* destination_flow() const {
    const NetworkFlow* flow = flow_of(last_);
    return flow != nullptr && (flows_ > 1 || !same_flow(*flow, source_.flow)) ? flow : nullptr;
  }

  // Users of this peer may send requests to wherever they want; others only to the other end of a dialog that
  // this proxy has let through (dialog_hop). So it is no open relay, nor a free way to the trunk.
  Next to_uri(const Uri& uri) const {
    if (source_.side != Side::phone && !(source_.passes_here && in_overlay(uri, settings_)))
      return Refuse{403};
    return OneHop{UriHop{uri}, false};
  }

  Next by_request_uri() const {
    const Uri& uri = request_.request_uri();
    if (is_own(uri, settings_)) return ServeHere{};
    if (uri.parameters.has("maddr")) return to_uri(uri);  // §16.5
    if (is_responsible_for(uri, settings_)) return Locate{true};
    // §16.5: the Request-URI is the only target. Where no dialog has settled whose it is, the overlay may
    // know users of that domain, too.
    if (in_dialog() && source_.side == Side::phone) return OneHop{UriHop{uri}, false};
    return Locate{false};
  }

  Message& request_;
  const Source& source_;
  const Settings& settings_;
  const Tokens& tokens_;
  const DialogTable& dialogs_;
  Token last_ = NoToken{};
  std::size_t flows_ = 0;
};

}  // namespace

bool is_own(const Uri& uri, const Settings& settings) {
  return uri.user.empty() && leads_here(uri, settings);
}

bool is_responsible_for(const Uri& uri, const Settings& settings) {
  if (uri.is_tel()) return true;
  return uri.is_sip() &&
         (is_own_domain(uri.host, settings) || is_own_address(uri.host, port_of(uri), settings));
}

Side side_of(const Hop& hop, const Settings& settings) {
  if (std::holds_alternative<FlowHop>(hop)) return Side::phone;
  if (std::holds_alternative<PeerHop>(hop)) return Side::overlay;
  if (std::holds_alternative<ServerHop>(hop) || std::holds_alternative<CallerHop>(hop)) return Side::outside;
  return in_overlay(std::get<UriHop>(hop).uri, settings) ? Side::overlay : Side::outside;
}

Uri with_overlay_name(Uri uri, const Settings& settings) {
  if (!uri.is_sip() || uri.user.empty() || uri.parameters.has("maddr")) return uri;
  if (!is_own_address(uri.host, port_of(uri), settings)) return uri;
  uri.host = settings.overlay();
  uri.port.reset();
  uri.parameters.remove("transport");
  return uri;
}

Routed route(Message request, const Source& source, const Settings& settings, const Tokens& tokens,
             const DialogTable& dialogs) {
  Routed out{std::move(request), Refuse{}};
  out.next = Router(out.request, source, settings, tokens, dialogs).next();
  return out;
}

}  // namespace ringway::sip::proxy

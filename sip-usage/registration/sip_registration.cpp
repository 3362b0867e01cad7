#include "sip-usage/registration/sip_registration.hpp"

#include <algorithm>
#include <utility>

#include "sip-usage/registration/address.hpp"
#include "sip-usage/registration/contact_preferences.hpp"

namespace ringway::sip {

namespace {

constexpr auto k_uri = static_cast<std::uint8_t>(SipRegistrationType::uri);
constexpr auto k_route = static_cast<std::uint8_t>(SipRegistrationType::route);

std::string text(wire::Reader& in) { return std::string(text_of(in.opaque(2).view())); }

RouteRegistration read_route(wire::Reader& in) {
  RouteRegistration out;
  out.contact_prefs = text(in);
  wire::Reader list = in.vector(2);
  if (in.ok() && list.remaining() < k_min_route_bytes) list.fail("a destination list of less than 3 bytes");
  while (list.more() && out.destinations.size() < k_max_route_destinations) {
    wire::Destination destination;
    read(list, destination);
    out.destinations.push_back(std::move(destination));
  }
  in.finish(list);  // fails when more are left
  return out;
}

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

bool is_wildcard(const wire::Destination& destination) {
  const auto* node = std::get_if<wire::NodeDestination>(&destination);
  return node != nullptr && node->node == wildcard_node();
}

}  // namespace

void read(wire::Reader& in, SipRegistration& out) {
  const std::uint8_t type = in.u8();
  if (type == 0) in.fail("a SipRegistration of type 0");
  wire::Reader data = in.vector(2);
  if (type == k_uri) {
    out = UriRegistration{text(data)};
  } else if (type == k_route) {
    out = read_route(data);
  } else {
    out = UnknownRegistration{type, copy_of(data.take(data.remaining()))};
  }
  in.finish(data);
}

void write(wire::Writer& out, const SipRegistration& registration) {
  const auto with_type = [&out](std::uint8_t type, const auto& write_data) {
    out.u8(type);
    const std::size_t mark = out.begin(2);
    write_data();
    out.end(mark, 2);
  };
  std::visit(
      Overloaded{
          [&](const UriRegistration& one) { with_type(k_uri, [&] { out.opaque(2, view_of(one.uri)); }); },
          [&](const RouteRegistration& one) {
            with_type(k_route, [&] {
              out.opaque(2, view_of(one.contact_prefs));
              const std::size_t mark = out.begin(2);
              wire::write(out, one.destinations);
              out.end(mark, 2);
            });
          },
          [&](const UnknownRegistration& one) { with_type(one.type, [&] { out.raw(one.data); }); }},
      registration);
}

Outcome<> check_route(const wire::DestinationList& destinations) {
  if (destinations.empty() || destinations.size() > k_max_route_destinations)
    return Failure{"a route has 1 to " + std::to_string(k_max_route_destinations) + " destinations"};
  if (std::any_of(destinations.begin(), destinations.end(), is_wildcard))
    return Failure{"a route to whoever receives it"};
  const wire::Destination& last = destinations.back();
  if (std::holds_alternative<wire::ResourceDestination>(last) ||
      std::holds_alternative<wire::UnknownDestination>(last))
    return Failure{"a route that does not end at a peer"};
  // What is compressed means something to the peer before it only (RFC 6940 §6.3.2.2).
  if (destinations.size() == 1 && !std::holds_alternative<wire::NodeDestination>(last))
    return Failure{"a route that does not say who can read it"};
  return Done{};
}

Outcome<> check_registration(const SipRegistration& registration, std::string_view overlay_name) {
  return std::visit(Overloaded{[&](const UriRegistration& one) -> Outcome<> {
                                 const auto address = read_address(one.uri, overlay_name);
                                 return address ? Outcome<>{Done{}} : Outcome<>{address.error()};
                               },
                               [](const RouteRegistration& one) -> Outcome<> {
                                 const auto preferences = ContactPreferences::parse(one.contact_prefs);
                                 return preferences ? check_route(one.destinations) : preferences.error();
                               },
                               [](const UnknownRegistration&) -> Outcome<> { return Done{}; }},
                    registration);
}

SipRegistration registration_of_node(const NodeId& node, std::string contact_prefs) {
  return RouteRegistration{std::move(contact_prefs), {wire::to_node(node)}};
}

}  // namespace ringway::sip

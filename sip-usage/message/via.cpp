#include "sip-usage/message/via.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/osip.hpp"

namespace ringway::sip {
namespace {

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

bool is_address_value(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  return is_host(text);
}

// "received" is an IPv6 address without brackets in RFC 3261's grammar, and with them where phones write it.
bool parameter_is_legal(const Parameter& parameter) {
  if (!is_token(parameter.name)) return false;
  return !parameter.value || is_token(*parameter.value) || is_quoted_string(*parameter.value) ||
         is_address_value(*parameter.value);
}

}  // namespace

Result<Via> Via::parse(std::string_view text) {
  if (osip::has_guard_octets(text)) return Failure{"octets that no UTF-8 text has"};
  const auto read = osip::parse<osip_via_t>(text, osip_via_init, osip_via_parse);
  if (!read) return Failure{"a Via that cannot be read"};
  Via via{osip::text(read->protocol), osip::text(read->host), std::nullopt,
          osip::parameters(read->via_params)};
  if (read->port != nullptr) {
    const auto port = parse_number(osip::text(read->port), 0xffff);
    if (!port) return Failure{"a Via whose port is no port"};
    via.port = static_cast<std::uint16_t>(*port);
  }
  if (!is_token(via.transport) || !is_host(via.host)) return Failure{"a Via without transport or host"};
  if (!std::all_of(via.parameters.begin(), via.parameters.end(), parameter_is_legal))
    return Failure{"a Via with a malformed parameter"};
  // Another version is found here as well: print() says 2.0.
  if (!osip::keeps_every_octet(text, via.print())) return Failure{"a Via that is not wholly understood"};
  return via;
}

std::string Via::print() const {
  std::string out = "SIP/2.0/" + transport + ' ' + bracketed(host);
  if (port) out += ':' + std::to_string(*port);
  return out + parameters.print();
}

bool Via::has_transaction_id() const {
  const auto id = branch();
  return id.size() > k_magic_cookie.size() &&
         same_ignoring_case(id.substr(0, k_magic_cookie.size()), k_magic_cookie);
}

std::string Via::sent_by() const {
  std::string out = lower_case(bracketed(host));
  if (port) out += ':' + std::to_string(*port);
  return out;
}

std::optional<std::uint16_t> Via::rport() const {
  const auto port_number = parse_number(parameters.value("rport"), 0xffff);
  if (!port_number || *port_number == 0) return std::nullopt;
  return static_cast<std::uint16_t>(*port_number);
}

void Via::note_source(std::string_view address, std::uint16_t source_port) {
  const bool asks = asks_for_rport();
  if (asks) parameters.set("rport", std::to_string(source_port));
  // Whatever the sender has put there is not for it to say.
  parameters.remove("received");
  if (asks || !same_ignoring_case(host, address)) parameters.set("received", std::string(address));
}

Result<std::vector<Via>> parse_via_list(std::string_view line) {
  const auto parts = split_list(line);
  if (!parts) return Failure{"a Via whose quotes do not close"};
  std::vector<Via> out;
  for (const auto part : *parts) {
    auto via = Via::parse(part);
    if (!via) return Failure{via.error().reason};
    out.push_back(std::move(*via));
  }
  return out;
}

ResponseTarget response_target(const Via& top) {
  const bool is_secure = same_ignoring_case(top.transport, "TLS") || same_ignoring_case(top.transport, "WSS");
  const std::uint16_t port = top.port.value_or(is_secure ? 5061 : 5060);
  if (const auto maddr = top.parameters.value("maddr"); !maddr.empty()) return {std::string(maddr), port};
  if (top.received().empty()) return {top.host, port};
  return {std::string(top.received()), top.rport().value_or(port)};
}

bool is_for_many(std::string_view host) {
  if (host.find(':') != std::string_view::npos)
    return host.size() >= 2 && same_ignoring_case(host.substr(0, 2), "ff");
  const bool is_ipv4 =
      !host.empty() && std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
  const auto first = is_ipv4 ? parse_number(host.substr(0, host.find('.'))) : std::nullopt;
  return first && ((*first >= 224 && *first <= 239) || host == "255.255.255.255");
}

}  // namespace ringway::sip

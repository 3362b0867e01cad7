#include "sip-usage/message/name_addr.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/osip.hpp"

namespace ringway::sip {
namespace {

// gen-value of RFC 3261 §25.1: a token, a host or a quoted string. An IPv6 reference is a host.
bool is_value(std::string_view text) {
  if (is_token(text) || is_quoted_string(text)) return true;
  const bool bracketed = text.size() > 2 && text.front() == '[' && text.back() == ']';
  return bracketed && is_host(text.substr(1, text.size() - 2));
}

bool parameters_are_legal(const Parameters& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
    return is_token(parameter.name) && (!parameter.value || is_value(*parameter.value));
  });
}

// *(token LWS) or a quoted string. Bell, Alexander is neither.
bool is_display_name(std::string_view text) {
  if (text.empty() || is_quoted_string(text)) return true;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c == ' ' || c == '\t' || is_token_char(c); });
}

// Where the first "<" outside quotes is.
std::size_t find_bracket(std::string_view text) {
  bool in_quotes = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (in_quotes && text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && text[at] == '<') {
      return at;
    }
  }
  return std::string_view::npos;
}

}  // namespace

Result<NameAddr> NameAddr::parse(std::string_view text) {
  if (osip::has_guard_octets(text)) return Failure{"octets that no UTF-8 text has"};
  const auto bracket = find_bracket(text);
  const bool has_brackets = bracket != std::string_view::npos;
  // libosip2 gets what follows the name: it takes no octet for a "%" there that is no token's.
  const auto rest = has_brackets ? text.substr(bracket) : text;
  const auto address =
      has_brackets ? rest.substr(1, rest.find('>') - 1) : trimmed(rest.substr(0, rest.find(';')));
  // Without brackets a "?" could be the URI's or the header's; §20.10 wants brackets then.
  if (!has_brackets && address.find('?') != std::string_view::npos) return Failure{"a URI that needs <>"};
  const auto read = osip::parse<osip_from_t>(rest, osip_from_init, osip_from_parse);
  if (!read || read->url == nullptr) return Failure{"an address that cannot be read"};
  auto uri = Uri::parse(address);
  if (!uri) return Failure{uri.error().reason};
  const auto name = has_brackets ? trimmed(text.substr(0, bracket)) : std::string_view();
  NameAddr out{std::string(name), std::move(*uri), osip::parameters(read->gen_params)};
  if (!is_display_name(out.display_name)) return Failure{"a display name that must be quoted"};
  if (!parameters_are_legal(out.parameters)) return Failure{"an address with a malformed parameter"};
  if (!osip::keeps_every_octet(text, out.print())) return Failure{"an address that is not wholly understood"};
  return out;
}

std::string NameAddr::print() const {
  const std::string space = display_name.empty() ? "" : " ";
  return display_name + space + '<' + uri.print() + '>' + parameters.print();
}

std::optional<std::uint32_t> NameAddr::expires_s() const { return parse_number(parameters.value("expires")); }

// qvalue: "0" or "1", and up to three digits behind a point (more are cut off).
unsigned NameAddr::q_thousandths() const {
  const std::string_view q = parameters.value("q");
  if (q.empty() || (q.front() != '0' && q.front() != '1')) return 1000;
  if (q.size() == 1) return q.front() == '1' ? 1000 : 0;
  if (q[1] != '.') return 1000;
  std::string digits(q.substr(2));
  digits.resize(3, '0');
  const auto fraction = parse_number(digits);
  if (!fraction) return 1000;
  return q.front() == '1' ? 1000 : *fraction;
}

std::string NameAddr::instance_id() const { return from_quoted_string(parameters.value("+sip.instance")); }

std::optional<std::uint32_t> NameAddr::reg_id() const {
  const auto id = parse_number(parameters.value("reg-id"), 0x7fffffff);
  return id && *id != 0 ? id : std::nullopt;
}

Result<std::vector<NameAddr>> parse_name_addr_list(std::string_view line) {
  const auto parts = split_list(line);
  if (!parts) return Failure{"a list whose quotes or brackets do not close"};
  std::vector<NameAddr> out;
  for (const auto part : *parts) {
    auto each = NameAddr::parse(part);
    if (!each) return Failure{each.error().reason};
    out.push_back(std::move(*each));
  }
  return out;
}

}  // namespace ringway::sip

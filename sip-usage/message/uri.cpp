#include "sip-usage/message/uri.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/osip.hpp"

namespace ringway::sip {
namespace {

// RFC 3261 §25.1, besides unreserved characters and escapes.
constexpr std::string_view k_user_more = "&=+$,;?/";
constexpr std::string_view k_password_more = "&=+$,";
constexpr std::string_view k_parameter_more = "[]/:&+$";
constexpr std::string_view k_header_more = "[]/?:+$";
constexpr std::string_view k_reserved = ";/?:@&=+$,";
constexpr std::string_view k_hex = "0123456789ABCDEF";

int hex_value(char c) {
  const auto at = k_hex.find(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string escape_of(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return {'%', k_hex[octet >> 4], k_hex[octet & 15]};
}

// The octet that an escape at `at` says, if one is there.
std::optional<char> escape_at(std::string_view text, std::size_t at) {
  if (text[at] != '%' || text.size() - at < 3) return std::nullopt;
  const int high = hex_value(text[at + 1]), low = hex_value(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

// Texts that are equivalent look alike: what need not be escaped is not, and what stays is in upper case
// (§19.1.4).
// "%25" stays, so that no octet can look like an escape.
std::string normal(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto octet = escape_at(text, at);
    if (!octet) {
      out += text[at];
      continue;
    }
    at += 2;
    const bool stays = *octet == '%' || k_reserved.find(*octet) != std::string_view::npos;
    out += stays ? escape_of(*octet) : std::string(1, *octet);
  }
  return out;
}

std::string normal_lower(std::string_view text) { return lower_case(normal(text)); }

std::string printed_host(const std::string& host) {
  return host.find(':') == std::string::npos ? host : '[' + host + ']';
}

bool parameters_are_legal(const Parameters& parameters) {
  return std::all_of(parameters.begin(), parameters.end(), [](const Parameter& parameter) {
    return !parameter.name.empty() && is_escaped_text(parameter.name, k_parameter_more) &&
           (!parameter.value ||
            (!parameter.value->empty() && is_escaped_text(*parameter.value, k_parameter_more)));
  });
}

Result<Uri> parse_sip(std::string_view text, std::string scheme) {
  const auto read = osip::parse<osip_uri_t>(text, osip_uri_init, osip_uri_parse);
  if (!read) return Failure{"a URI that cannot be read"};
  Uri uri;
  uri.scheme = std::move(scheme);
  uri.user = osip::text(read->username);
  uri.password = osip::optional_text(read->password);
  uri.host = osip::text(read->host);
  if (read->port != nullptr) {
    const auto port = parse_number(osip::text(read->port), 0xffff);
    if (!port) return Failure{"a URI whose port is no port"};
    uri.port = static_cast<std::uint16_t>(*port);
  }
  uri.parameters = osip::parameters(read->url_params);
  for (const auto& header : osip::parameters(read->url_headers)) uri.headers.push_back(header);
  if (!is_escaped_text(uri.user, k_user_more) || !is_escaped_text(uri.password.value_or(""), k_password_more))
    return Failure{"a URI whose user part has characters that must be escaped"};
  if (!is_host(uri.host)) return Failure{"a URI whose host is none"};
  if (!parameters_are_legal(uri.parameters)) return Failure{"a URI with a malformed parameter"};
  for (const auto& header : uri.headers)
    if (header.name.empty() || !is_escaped_text(header.name, k_header_more) ||
        !is_escaped_text(header.value.value_or(""), k_header_more))
      return Failure{"a URI with a malformed header"};
  return uri;
}

// RFC 3966 §3. (libosip2 keeps a tel URI in one piece.)
Result<Uri> parse_tel(std::string_view text) {
  Uri uri;
  uri.scheme = "tel";
  const auto parts = split_list(text, ';');
  if (!parts) return Failure{"a tel URI that cannot be read"};
  uri.user = parts->front();
  const auto of_number = [](char c) {
    return is_digit(c) || std::string_view("+-.()*#abcdefABCDEF").find(c) != std::string_view::npos;
  };
  const auto plus = uri.user.rfind('+');
  if (uri.user.empty() || !std::all_of(uri.user.begin(), uri.user.end(), of_number) ||
      (plus != std::string::npos && plus != 0))
    return Failure{"a tel URI without a number"};
  for (std::size_t i = 1; i < parts->size(); ++i) {
    const auto part = (*parts)[i];
    const auto equals = part.find('=');
    Parameter parameter{std::string(part.substr(0, equals)), std::nullopt};
    if (equals != std::string_view::npos) parameter.value = part.substr(equals + 1);
    uri.parameters.add(std::move(parameter));
  }
  if (!parameters_are_legal(uri.parameters)) return Failure{"a tel URI with a malformed parameter"};
  return uri;
}

Result<Uri> parse_other(std::string_view text, std::string scheme) {
  Uri uri;
  uri.scheme = std::move(scheme);
  uri.opaque = text;
  const auto visible = [](char c) { return c > ' ' && c < '\x7f' && c != '<' && c != '>' && c != '"'; };
  if (uri.opaque.empty() || !std::all_of(uri.opaque.begin(), uri.opaque.end(), visible))
    return Failure{"a URI with characters that no URI has"};
  return uri;
}

bool is_scheme(std::string_view text) {
  const auto of_scheme = [](char c) {
    return is_token_char(c) && std::string_view("!%*_`'~").find(c) == std::string_view::npos;
  };
  return !text.empty() && !is_digit(text.front()) && std::all_of(text.begin(), text.end(), of_scheme);
}

// Parameters that must be in both or in neither, whatever they say. §19.1.4 names all but transport, and
// lists "sip:bob@biloxi.com" and "sip:bob@biloxi.com;transport=udp" as different.
constexpr std::array<std::string_view, 5> k_in_both = {"user", "ttl", "method", "maddr", "transport"};

bool parameters_match(const Uri& a, const Uri& b) {
  for (const auto& parameter : a.parameters) {
    const Parameter* other = b.parameters.find(normal(parameter.name));
    if (other == nullptr) {
      const std::string name = normal_lower(parameter.name);
      if (std::find(k_in_both.begin(), k_in_both.end(), name) != k_in_both.end()) return false;
      if (a.is_tel()) return false;  // RFC 3966 §4: parameters in only one URI differ
    } else if (normal_lower(parameter.value.value_or("")) != normal_lower(other->value.value_or(""))) {
      return false;
    }
  }
  return true;
}

// Never ignored, in any order (§19.1.4).
bool headers_match(const Uri& a, const Uri& b) {
  const auto normalised = [](const Uri& uri) {
    std::vector<std::string> out;
    for (const auto& header : uri.headers)
      out.push_back(normal_lower(header.name) + '=' + normal(header.value.value_or("")));
    std::sort(out.begin(), out.end());
    return out;
  };
  return normalised(a) == normalised(b);
}

std::string without_separators(std::string_view number) {
  std::string out = lower_case(number);
  std::erase_if(out, [](char c) { return std::string_view("-.()").find(c) != std::string_view::npos; });
  return out;
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
  if (text.size() > k_max_uri_bytes) return Failure{"a URI that is too long"};
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon)))
    return Failure{"a URI without a scheme"};
  std::string scheme = lower_case(text.substr(0, colon));
  const auto rest = text.substr(colon + 1);
  if (scheme == "tel") return parse_tel(rest);
  if (scheme != "sip" && scheme != "sips") return parse_other(rest, std::move(scheme));
  if (osip::has_guard_octets(text)) return Failure{"a URI with octets that no URI has"};
  // libosip2 looks for the scheme as it is written here.
  auto uri = parse_sip(scheme + ':' + std::string(rest), scheme);
  if (uri && lower_case(uri->print()) != lower_case(text))
    return Failure{"a URI that is not wholly understood"};
  // "example.org." is example.org (RFC 3261 §25.1 has it, RFC 1034 §3.1): whoever compares hosts need not
  // know.
  if (uri && uri->host.ends_with('.')) uri->host.pop_back();
  return uri;
}

std::string Uri::print() const {
  std::string out = scheme + ':';
  if (!is_sip() && !is_tel()) return out + opaque;
  out += user;
  if (password) out += ':' + *password;
  if (is_sip()) {
    if (!user.empty() || password) out += '@';
    out += printed_host(host);
    if (port) out += ':' + std::to_string(*port);
  }
  out += parameters.print();
  char before = '?';
  for (const auto& header : headers) {
    out += before + header.name;
    if (header.value) out += '=' + *header.value;
    before = '&';
  }
  return out;
}

std::string Uri::user_unescaped() const { return unescaped(user); }

bool equivalent(const Uri& a, const Uri& b) {
  if (a.scheme != b.scheme) return false;
  if (a.is_tel()) {
    return without_separators(a.user) == without_separators(b.user) && parameters_match(a, b) &&
           parameters_match(b, a);
  }
  if (!a.is_sip()) return a.opaque == b.opaque;
  return normal(a.user) == normal(b.user) && a.password.has_value() == b.password.has_value() &&
         normal(a.password.value_or("")) == normal(b.password.value_or("")) &&
         same_ignoring_case(a.host, b.host) && a.port == b.port && parameters_match(a, b) &&
         parameters_match(b, a) && headers_match(a, b);
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto octet = escape_at(text, at);
    out += octet ? *octet : text[at];
    if (octet) at += 2;
  }
  return out;
}

std::string escaped_user(std::string_view user) {
  std::string out;
  for (const char c : user) {
    if (c != '%' && is_escaped_text({&c, 1}, k_user_more)) {
      out += c;
    } else {
      out += escape_of(c);
    }
  }
  return out;
}

}  // namespace ringway::sip

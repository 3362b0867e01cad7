#include "sip-usage/registration/address.hpp"

#include <algorithm>
#include <cctype>

#include "reload/config/values.hpp"

namespace ringway::sip {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return lower(a) == b; });
}

// RFC 3986 §2.1; nothing when an escape is cut short or has other than hexadecimal digits.
std::optional<std::string> without_escapes(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out.push_back(text[at]);
      continue;
    }
    Bytes byte;
    if (text.size() - at < 3 || !from_hex(text.substr(at + 1, 2), byte)) return std::nullopt;
    out.push_back(static_cast<char>(byte.front()));
    at += 2;
  }
  return out;
}

// What precedes the first `mark`; `text` becomes what follows it, or empty.
std::string_view cut(std::string_view& text, char mark) {
  const auto found = text.find(mark);
  const std::string_view before = text.substr(0, found);
  text = found == std::string_view::npos ? std::string_view() : text.substr(found + 1);
  return before;
}

// hostport (RFC 3261 §25.1) without its port; nothing when the port is none.
std::optional<std::string_view> without_port(std::string_view host) {
  constexpr std::size_t k_port_digits = 5;
  const auto colon = host.find(':');
  if (colon == std::string_view::npos) return host;
  const std::string_view port = host.substr(colon + 1);
  if (port.empty() || port.size() > k_port_digits || !std::all_of(port.begin(), port.end(), is_digit))
    return std::nullopt;
  return host.substr(0, colon);
}

Result<Address> read_sip(Scheme scheme, std::string_view rest) {
  // User parts may have ";" and "?" in them, so they end at the "@", which may not be in what follows.
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return Failure{"an address without a user"};
  const std::string_view user = rest.substr(0, at);
  std::string_view tail = rest.substr(at + 1);
  tail = tail.substr(0, tail.find('?'));
  const auto host = without_port(cut(tail, ';'));
  if (!host) return Failure{"an address whose port is no number"};
  if (user.find(':') != std::string_view::npos) return Failure{"an address with a password"};
  auto aor = Aor::of_uri_parts(user, *host);
  if (!aor) return aor.error();
  Address out{scheme, std::move(*aor), std::nullopt};
  while (!tail.empty()) {
    std::string_view value = cut(tail, ';');
    if (!is(cut(value, '='), "gr")) continue;
    if (out.gr) return Failure{"an address with two gr parameters"};
    out.gr = without_escapes(value);
    if (!out.gr || out.gr->size() > k_max_gr_bytes) return Failure{"an address whose gr cannot be read"};
  }
  return out;
}

// A global number (RFC 3966 §3, §5.1.4): others mean something only where they are dialled.
Result<Address> read_tel(std::string_view rest, std::string_view overlay_name) {
  const std::string_view number = cut(rest, ';');
  if (!number.starts_with('+')) return Failure{"a telephone number without + and country"};
  std::string digits = "+";
  for (const char c : number.substr(1)) {
    if (is_digit(c)) {
      digits.push_back(c);
    } else if (std::string_view("-.()").find(c) == std::string_view::npos) {
      return Failure{"a telephone number with something else in it"};
    }
  }
  if (digits.size() < 2 || digits.size() > k_max_tel_digits + 1)
    return Failure{"a telephone number has 1 to " + std::to_string(k_max_tel_digits) + " digits"};
  auto aor = Aor::of_uri_parts(digits, overlay_name);
  if (!aor) return aor.error();
  return Address{Scheme::tel, std::move(*aor), std::nullopt};
}

}  // namespace

Result<Aor> Aor::make(std::string_view user, std::string_view domain) {
  // An rfc822Name is ASCII (RFC 5280 §4.2.1.6); a second "@" would make one name of two users.
  const auto good = [](char c) { return c > 0x20 && c < 0x7F && c != '@'; };
  if (user.empty() || !std::all_of(user.begin(), user.end(), good))
    return Failure{"an address whose user part no certificate can have"};
  if (!config::is_domain_name(domain)) return Failure{"an address without a domain name"};
  if (user.size() + 1 + domain.size() > k_max_aor_bytes)
    return Failure{"an address of more than " + std::to_string(k_max_aor_bytes) + " bytes"};
  Aor out;
  out.at_ = user.size();
  out.name_.append(user).append("@");
  std::transform(domain.begin(), domain.end(), std::back_inserter(out.name_), lower);
  return out;
}

Result<Aor> Aor::of_uri_parts(std::string_view user, std::string_view domain) {
  const auto decoded = without_escapes(user);
  if (!decoded) return Failure{"an address with a broken %-escape"};
  return make(*decoded, domain);
}

Result<Aor> Aor::of_user_name(std::string_view rfc822_name) {
  const auto at = rfc822_name.find('@');
  if (at == std::string_view::npos) return Failure{"a user name without a domain"};
  return make(rfc822_name.substr(0, at), rfc822_name.substr(at + 1));
}

Result<Address> read_address(std::string_view uri, std::string_view overlay_name) {
  if (uri.size() > k_max_address_bytes)
    return Failure{"an address of more than " + std::to_string(k_max_address_bytes) + " bytes"};
  std::string_view rest = uri;
  const std::string_view scheme = cut(rest, ':');
  if (is(scheme, "sip")) return read_sip(Scheme::sip, rest);
  if (is(scheme, "sips")) return read_sip(Scheme::sips, rest);
  if (is(scheme, "tel")) return read_tel(rest, overlay_name);
  // An AOR alone may have a port after its domain, a URI of another scheme has the colon before any "@".
  if (scheme.size() < uri.size() && scheme.find('@') == std::string_view::npos)
    return Failure{"an address with a scheme other than sip, sips and tel"};
  return read_sip(Scheme::none, uri);
}

std::string escaped(const Aor& aor) {
  // unreserved and user-unreserved.
  constexpr std::string_view k_plain = "-_.!~*'()&=+$,;?/";
  std::string out;
  for (const char c : aor.user()) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || k_plain.find(c) != std::string_view::npos) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out.append("%").append(to_hex(BytesView{&byte, 1}));
    }
  }
  return out.append("@").append(aor.domain());
}

}  // namespace ringway::sip

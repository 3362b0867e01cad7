#include "sip-usage/message/credentials.hpp"

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/osip.hpp"

namespace ringway::sip {
namespace {

std::string said(const char* of_osip) { return from_quoted_string(trimmed(osip::text(of_osip))); }

bool is_digest(const char* scheme) { return same_ignoring_case(osip::text(scheme), "Digest"); }

// Writes `name=value` for each value that is there.
class Writer {
 public:
  void in_quotes(std::string_view name, const std::string& value) {
    if (!value.empty()) add(name, to_quoted_string(value));
  }
  void as_token(std::string_view name, const std::string& value) {
    if (!value.empty()) add(name, is_token(value) ? value : to_quoted_string(value));
  }
  std::string text() && { return std::move(text_); }

 private:
  void add(std::string_view name, const std::string& value) {
    text_ += first_ ? " " : ", ";
    first_ = false;
    text_ += name;
    text_ += '=' + value;
  }
  std::string text_ = "Digest";
  bool first_ = true;
};

template <typename T>
std::vector<T> all_of(const Message& message, std::string_view field_name) {
  std::vector<T> out;
  for (const auto& field : message.fields) {
    if (out.size() == k_max_credentials) break;
    if (!same_ignoring_case(field.name, field_name)) continue;
    if (auto read = T::parse(field.value)) out.push_back(std::move(*read));
  }
  return out;
}

}  // namespace

Result<Credentials> Credentials::parse(std::string_view value) {
  const auto read =
      osip::parse<osip_authorization_t>(value, osip_authorization_init, osip_authorization_parse);
  if (!read || !is_digest(read->auth_type)) return Failure{"no Digest credentials"};
  return Credentials{said(read->username),    said(read->realm),      said(read->nonce),  said(read->uri),
                     said(read->response),    said(read->algorithm),  said(read->cnonce), said(read->opaque),
                     said(read->message_qop), said(read->nonce_count)};
}

std::string Credentials::print() const {
  Writer out;
  out.in_quotes("username", username);
  out.in_quotes("realm", realm);
  out.in_quotes("nonce", nonce);
  out.in_quotes("uri", uri);
  out.in_quotes("response", response);
  out.as_token("algorithm", algorithm);
  out.in_quotes("cnonce", cnonce);
  out.in_quotes("opaque", opaque);
  out.as_token("qop", qop);
  out.as_token("nc", nonce_count);
  return std::move(out).text();
}

Result<Challenge> Challenge::parse(std::string_view value) {
  const auto read =
      osip::parse<osip_www_authenticate_t>(value, osip_www_authenticate_init, osip_www_authenticate_parse);
  if (!read || !is_digest(read->auth_type)) return Failure{"no Digest challenge"};
  return Challenge{said(read->realm),       said(read->nonce),
                   said(read->opaque),      said(read->algorithm),
                   said(read->qop_options), same_ignoring_case(said(read->stale), "true")};
}

std::string Challenge::print() const {
  Writer out;
  out.in_quotes("realm", realm);
  out.in_quotes("nonce", nonce);
  out.in_quotes("opaque", opaque);
  if (stale) out.as_token("stale", "true");
  out.as_token("algorithm", algorithm);
  out.in_quotes("qop", qop);  // always in quotes (§25.1: qop-options)
  return std::move(out).text();
}

std::vector<Credentials> credentials(const Message& message, std::string_view field_name) {
  return all_of<Credentials>(message, field_name);
}

std::vector<Challenge> challenges(const Message& message, std::string_view field_name) {
  return all_of<Challenge>(message, field_name);
}

}  // namespace ringway::sip

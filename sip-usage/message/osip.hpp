// libosip2's parser behind a wall: its types with an owner, and texts made fit for it. Only sources of
// sip-usage/message include this header.
//
// What libosip2 5.3 does that we do not want, and what is done about it here:
//   - it resolves escapes (%41) in URIs and ends strings at a NUL, so that "null-%00-null" becomes "null-".
//   It therefore
//     never sees a "%" nor a NUL: both are stood in for by octets that no UTF-8 text has (guarded), and come
//     back when its strings are read (text). Whoever takes text from the network refuses those octets first
//     (has_guard_octets).
//   - it logs to standard output until it is told not to (silence).
//   - it passes over what it does not understand: the callers print what they have read and compare
//   (keeps_every_octet).
// Only the parsers of single values are used: none of them has global state but the trace levels.
#pragma once

#include <osipparser2/osip_parser.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sip-usage/message/parameters.hpp"

// osip_parser.h's names for characters.
#undef SP
#undef HTAB
#undef CR
#undef LF

namespace ringway::sip::osip {

struct Free {
  void operator()(osip_uri_t* uri) const { osip_uri_free(uri); }
  void operator()(osip_via_t* via) const { osip_via_free(via); }
  void operator()(osip_from_t* from) const { osip_from_free(from); }
  void operator()(osip_authorization_t* value) const { osip_authorization_free(value); }
  void operator()(osip_www_authenticate_t* value) const { osip_www_authenticate_free(value); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

bool has_guard_octets(std::string_view text);
std::string guarded(std::string_view text);
std::string text(const char* of_osip);  // empty for nullptr
std::optional<std::string> optional_text(const char* of_osip);

// Reads one value: init and parse are osip_X_init and osip_X_parse. Null when libosip2 refuses it.
void silence();
template <typename T>
Owned<T> parse(std::string_view value, int (*init)(T**), int (*parse)(T*, const char*)) {
  silence();
  T* raw = nullptr;
  if (init(&raw) != 0) return nullptr;
  Owned<T> owned(raw);
  if (parse(raw, guarded(value).c_str()) != 0) return nullptr;
  return owned;
}

// osip_generic_param_t and osip_uri_param_t are one type.
Parameters parameters(const osip_list_t& list);

// Do both say the same but for white space, angle brackets and the case of letters?
bool keeps_every_octet(std::string_view came, std::string_view printed);

}  // namespace ringway::sip::osip

// The routes of the server's HTTPS: the configuration document (RFC 6940 §11.2), enrolment (§11.3), the pages
// behind the links in mails, and what tells a program how to enrol.
#pragma once

#include <string>

#include "services/enrolld/http/router.hpp"
#include "services/enrolld/serve/desk.hpp"

namespace ringway::enrolld {

struct WebFacts {
  std::string overlay_name;
  std::string grpc;                // host:port that programs are told; empty: none
  SharedBytes issuer_certificate;  // DER, for who has a certificate without its chain; may be empty
};

// The desk outlives the routes.
enrolld_http::Router make_routes(Desk& desk, const WebFacts& facts);

inline constexpr const char* k_confirm_path = "/confirm";  // of the links, below the public URL
inline constexpr const char* k_issuer_path = "/issuing.cer";

}  // namespace ringway::enrolld

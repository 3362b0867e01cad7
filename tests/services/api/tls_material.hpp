// A CA of the test's own, and what it certifies: the server "api.example.org" and its clients.
#pragma once

#include <chrono>
#include <string>

#include "tests/support/test_authority.hpp"

namespace ringway::services {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

inline constexpr const char* k_server_name = "api.example.org";

class TlsMaterial {
 public:
  TlsMaterial() : root_(test::custom_certificate(fields("the test's CA", true), key_, nullptr, key_)) {}

  std::string root_pem() const { return certificate_pem(root_.x509); }
  Identity issue(const std::string& name) const {
    CertificateFields leaf = fields(name, false);
    leaf.alternative_names = {{AlternativeName::Type::dns, name}};
    const auto made = test::custom_certificate(leaf, test::new_key(), root_.x509, root_.key);
    return {certificate_pem(made.x509), *write_key(made.key)};
  }

 private:
  // gRPC looks at the real clock.
  static CertificateFields fields(const std::string& name, bool authority) {
    using namespace std::chrono;
    const auto now =
        static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
    constexpr WallMs k_hour_ms = 3'600'000;
    CertificateFields out;
    out.common_name = name;
    out.authority = authority;
    out.not_before_ms = now - k_hour_ms;
    out.not_after_ms = now + k_hour_ms;
    return out;
  }

  Key key_ = test::new_key();
  test::CustomCertificate root_;
};

}  // namespace ringway::services

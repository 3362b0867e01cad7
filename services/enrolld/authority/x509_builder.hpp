// X.509 certificates made with OpenSSL: the tools of an enrollment authority. What a RELOAD certificate must
// hold is authority.hpp's business; here any certificate can be made, which is what tests of refusals want
// too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "services/enrolld/authority/key.hpp"
#include "services/enrolld/authority/signing_key.hpp"

// OpenSSL's type, so that this header needs none of its headers.
using X509 = struct x509_st;

namespace ringway::services {

using X509Ptr = std::shared_ptr<X509>;

struct AlternativeName {
  enum class Type { uri, email, dns };
  Type type = Type::uri;
  std::string text;
};

struct CertificateFields {
  std::string common_name;  // empty: an empty subject
  std::vector<AlternativeName> alternative_names;
  // BasicConstraints CA:TRUE and keyCertSign; else CA:FALSE, and a key for signatures and for what is
  // encrypted to its holder: keyAgreement (EC) or keyEncipherment (RSA).
  bool authority = false;
  std::optional<int>
      path_length;  // of an authority: how many may follow before the node's (RFC 5280 §4.2.1.9)
  // Where the issuer's certificate can be fetched (RFC 5280 §4.2.2.1); empty: not said.
  std::string issuer_url;
  WallMs not_before_ms = 0;
  WallMs not_after_ms = 0;
};

// Signed by `issuer_key` in the name of `issuer`, or by itself when `issuer` is null. The serial number is
// random.
Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const enrolld::SigningKey& issuer_key);
Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const Key& issuer_key);

Result<X509Ptr> read_certificate(std::string_view pem);  // the first one
Result<WallMs> not_after_ms(const X509Ptr& certificate);
std::string certificate_pem(const X509Ptr& certificate);
SharedBytes certificate_der(const X509Ptr& certificate);
std::string serial_hex(const X509Ptr& certificate);  // lower case, as `openssl x509 -serial` but for that

}  // namespace ringway::services

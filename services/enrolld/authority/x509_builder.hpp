// Keys and X.509 certificates made with OpenSSL: the tools of an enrollment authority. What a RELOAD
// certificate must hold is authority.hpp's business; here any certificate can be made, which is what tests of
// refusals want too.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

// OpenSSL's types, so that this header needs none of its headers.
using X509 = struct x509_st;
using EVP_PKEY = struct evp_pkey_st;

namespace ringway::services {

using Key = std::shared_ptr<EVP_PKEY>;
using X509Ptr = std::shared_ptr<X509>;

enum class KeyType { p256, rsa2048 };

Result<Key> make_key(KeyType type);
Result<Key> read_key(std::string_view pem);
Result<std::string> write_key(const Key& key);  // PKCS#8, PEM

struct AlternativeName {
  enum class Type { uri, email, dns };
  Type type = Type::uri;
  std::string text;
};

struct CertificateFields {
  std::string common_name;  // empty: an empty subject
  std::vector<AlternativeName> alternative_names;
  bool authority =
      false;  // BasicConstraints CA:TRUE and keyCertSign; else CA:FALSE and keys for signing and TLS
  WallMs not_before_ms = 0;
  WallMs not_after_ms = 0;
};

// Signed by `issuer_key` in the name of `issuer`, or by itself when `issuer` is null. The serial number is
// random.
Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const Key& issuer_key);

Result<X509Ptr> read_certificate(std::string_view pem);
Result<WallMs> not_after_ms(const X509Ptr& certificate);
std::string certificate_pem(const X509Ptr& certificate);
SharedBytes certificate_der(const X509Ptr& certificate);

}  // namespace ringway::services

#include "services/enrolld/authority/signing_request.hpp"

#include <openssl/objects.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::enrolld {
namespace {

using Request = std::unique_ptr<X509_REQ, decltype(&X509_REQ_free)>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using Extensions = std::unique_ptr<STACK_OF(X509_EXTENSION), decltype(&free_extensions)>;

// A proof that anyone could have made with a broken digest is none.
constexpr std::array k_signatures{NID_ecdsa_with_SHA256,       NID_ecdsa_with_SHA384,
                                  NID_ecdsa_with_SHA512,       NID_sha256WithRSAEncryption,
                                  NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption};

std::vector<std::string> user_names_of(X509_REQ* request) {
  std::vector<std::string> out;
  const Extensions extensions(X509_REQ_get_extensions(request), free_extensions);
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING* text = name->d.rfc822Name;
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return out;
}

}  // namespace

Result<SigningRequest> read_signing_request(BytesView der) {
  if (der.size() > k_max_signing_request_size_bytes) return Failure{"the signing request is too large"};
  const unsigned char* at = der.data();
  const Request request(d2i_X509_REQ(nullptr, &at, static_cast<long>(der.size())), X509_REQ_free);
  if (!request || at != der.data() + der.size())
    return openssl_failure("not one PKCS#10 signing request in DER");
  // The key first: the signature is checked with it.
  SigningRequest out;
  out.public_key = services::Key(X509_REQ_get_pubkey(request.get()), EVP_PKEY_free);
  if (!out.public_key) return openssl_failure("the signing request holds no key that is known here");
  if (auto good = services::check_public_key(out.public_key); !good)
    return Failure{"the signing request: " + good.error().reason};
  const int signature = X509_REQ_get_signature_nid(request.get());
  if (std::find(k_signatures.begin(), k_signatures.end(), signature) == k_signatures.end())
    return Failure{"the signing request is not signed with ECDSA or RSA and SHA-2"};
  if (X509_REQ_verify(request.get(), out.public_key.get()) != 1)
    return openssl_failure("the signing request is not signed by the key in it");

  const Bytes info = services::public_key_info_der(out.public_key);
  out.public_key_sha256.resize(SHA256_DIGEST_LENGTH);
  SHA256(info.data(), info.size(), out.public_key_sha256.data());
  out.user_names = user_names_of(request.get());
  return out;
}

}  // namespace ringway::enrolld

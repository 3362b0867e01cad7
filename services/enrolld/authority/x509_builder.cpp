#include "services/enrolld/authority/x509_builder.hpp"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

namespace ringway::services {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr int k_serial_bits = 126;  // below the 20 bytes of RFC 5280 §4.1.2.2, and never negative

Failure failed(const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {reason == nullptr ? what : what + ": " + reason};
}

Bio read_bio(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

std::string text_of_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

bool set_serial(X509* certificate) {
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> serial(BN_new(), BN_free);
  return serial && BN_rand(serial.get(), k_serial_bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, const CertificateFields& fields) {
  const auto seconds = [](WallMs ms) { return static_cast<std::time_t>(ms / 1000); };
  return ASN1_TIME_set(X509_getm_notBefore(certificate), seconds(fields.not_before_ms)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), seconds(fields.not_after_ms)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& common_name) {
  if (common_name.empty()) return true;
  return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1;
}

// Values of extensions come from constants only; names, which come from people, never go through this syntax.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value), X509_EXTENSION_free);
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_name(GENERAL_NAMES* names, const AlternativeName& name) {
  std::unique_ptr<GENERAL_NAME, decltype(&GENERAL_NAME_free)> entry(GENERAL_NAME_new(), GENERAL_NAME_free);
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (!entry || text == nullptr ||
      ASN1_STRING_set(text, name.text.data(), static_cast<int>(name.text.size())) != 1) {
    ASN1_IA5STRING_free(text);
    return false;
  }
  const int type = name.type == AlternativeName::Type::uri     ? GEN_URI
                   : name.type == AlternativeName::Type::email ? GEN_EMAIL
                                                               : GEN_DNS;
  GENERAL_NAME_set0_value(entry.get(), type, text);
  if (sk_GENERAL_NAME_push(names, entry.get()) == 0) return false;
  (void)entry.release();  // the names own it now
  return true;
}

// Critical when the subject is empty (RFC 5280 §4.2.1.6).
bool add_names(X509* certificate, const CertificateFields& fields) {
  if (fields.alternative_names.empty()) return true;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(GENERAL_NAMES_new(),
                                                                            GENERAL_NAMES_free);
  if (!names) return false;
  for (const AlternativeName& name : fields.alternative_names) {
    if (!add_name(names.get(), name)) return false;
  }
  const int critical = fields.common_name.empty() ? 1 : 0;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), critical, 0) == 1;
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateFields& fields) {
  const bool self_issued = issuer == certificate;
  const char* constraints = fields.authority ? "critical,CA:TRUE" : "critical,CA:FALSE";
  const char* usage =
      fields.authority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,keyAgreement";
  return add_extension(certificate, issuer, NID_basic_constraints, constraints) &&
         add_extension(certificate, issuer, NID_key_usage, usage) &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         (self_issued || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid")) &&
         add_names(certificate, fields);
}

}  // namespace

Result<Key> make_key(KeyType type) {
  EVP_PKEY* made = type == KeyType::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  if (made == nullptr) return failed("cannot make a key");
  return Key(made, EVP_PKEY_free);
}

Result<Key> read_key(std::string_view pem) {
  const Bio bio = read_bio(pem);
  // No prompt for a passphrase: an encrypted key is refused.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  EVP_PKEY* read = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  if (read == nullptr) return failed("not an unencrypted private key in PEM");
  return Key(read, EVP_PKEY_free);
}

Result<std::string> write_key(const Key& key) {
  // Cleared by OpenSSL when it is freed.
  const Bio bio(BIO_new(BIO_s_secmem()), BIO_free);
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return failed("cannot write a key");
  return text_of_bio(bio.get());
}

Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const Key& issuer_key) {
  X509Ptr made(X509_new(), X509_free);
  if (!made) return failed("cannot make a certificate");
  X509* certificate = made.get();
  X509* signer = issuer ? issuer.get() : certificate;
  const bool good = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                    set_validity(certificate, fields) &&
                    X509_set_pubkey(certificate, subject_key.get()) == 1 &&
                    set_subject(certificate, fields.common_name) &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1 &&
                    add_extensions(certificate, signer, fields) &&
                    X509_sign(certificate, issuer_key.get(), EVP_sha256()) > 0;
  if (!good) return failed("cannot make a certificate");
  return made;
}

Result<X509Ptr> read_certificate(std::string_view pem) {
  const Bio bio = read_bio(pem);
  X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (read == nullptr) return failed("not a certificate in PEM");
  return X509Ptr(read, X509_free);
}

Result<WallMs> not_after_ms(const X509Ptr& certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &utc) != 1)
    return Failure{"the certificate's end is no time"};
  const std::time_t seconds = ::timegm(&utc);
  return seconds <= 0 ? WallMs{0} : static_cast<WallMs>(seconds) * 1000;
}

std::string certificate_pem(const X509Ptr& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()), BIO_free);
  if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) return {};
  return text_of_bio(bio.get());
}

SharedBytes certificate_der(const X509Ptr& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return {};
  SharedBytes out(Bytes(der, der + size));
  OPENSSL_free(der);
  return out;
}

}  // namespace ringway::services

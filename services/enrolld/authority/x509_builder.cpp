#include "services/enrolld/authority/x509_builder.hpp"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::services {
namespace {

using enrolld::openssl_failure;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr int k_serial_bits = 126;  // below the 20 bytes of RFC 5280 §4.1.2.2, and never negative

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

// Of text that goes in as it is.
bool set_name(GENERAL_NAME* out, int type, const std::string& value) {
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  if (text == nullptr || ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) != 1) {
    ASN1_IA5STRING_free(text);
    return false;
  }
  GENERAL_NAME_set0_value(out, type, text);
  return true;
}

bool add_name(GENERAL_NAMES* names, const AlternativeName& name) {
  std::unique_ptr<GENERAL_NAME, decltype(&GENERAL_NAME_free)> entry(GENERAL_NAME_new(), GENERAL_NAME_free);
  const int type = name.type == AlternativeName::Type::uri     ? GEN_URI
                   : name.type == AlternativeName::Type::email ? GEN_EMAIL
                                                               : GEN_DNS;
  if (!entry || !set_name(entry.get(), type, name.text)) return false;
  if (sk_GENERAL_NAME_push(names, entry.get()) == 0) return false;
  (void)entry.release();  // the names own it now
  return true;
}

bool add_issuer_url(X509* certificate, const std::string& url) {
  if (url.empty()) return true;
  using Access = std::unique_ptr<AUTHORITY_INFO_ACCESS, decltype(&AUTHORITY_INFO_ACCESS_free)>;
  const Access all(AUTHORITY_INFO_ACCESS_new(), AUTHORITY_INFO_ACCESS_free);
  ACCESS_DESCRIPTION* one = ACCESS_DESCRIPTION_new();
  if (!all || one == nullptr || sk_ACCESS_DESCRIPTION_push(all.get(), one) == 0) {
    ACCESS_DESCRIPTION_free(one);
    return false;
  }
  ASN1_OBJECT_free(one->method);
  one->method = OBJ_nid2obj(NID_ad_ca_issuers);
  return set_name(one->location, GEN_URI, url) &&
         X509_add1_ext_i2d(certificate, NID_info_access, all.get(), 0, 0) == 1;
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

std::string constraints_of(const CertificateFields& fields) {
  if (!fields.authority) return "critical,CA:FALSE";
  if (!fields.path_length) return "critical,CA:TRUE";
  return "critical,CA:TRUE,pathlen:" + std::to_string(*fields.path_length);
}

// An RSA key agrees on nothing: it is encrypted to (RFC 5280 §4.2.1.3).
const char* usage_of(const CertificateFields& fields, EVP_PKEY* subject_key) {
  if (fields.authority) return "critical,keyCertSign,cRLSign";
  if (EVP_PKEY_is_a(subject_key, "RSA") == 1) return "critical,digitalSignature,keyEncipherment";
  return "critical,digitalSignature,keyAgreement";
}

bool add_extensions(X509* certificate, X509* issuer, const CertificateFields& fields) {
  const bool self_issued = issuer == certificate;
  const std::string constraints = constraints_of(fields);
  const char* usage = usage_of(fields, X509_get0_pubkey(certificate));
  return add_extension(certificate, issuer, NID_basic_constraints, constraints.c_str()) &&
         add_extension(certificate, issuer, NID_key_usage, usage) &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         (self_issued || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid")) &&
         add_issuer_url(certificate, fields.issuer_url) && add_names(certificate, fields);
}

}  // namespace

Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const enrolld::SigningKey& issuer_key) {
  X509Ptr made(X509_new(), X509_free);
  if (!made) return openssl_failure("cannot make a certificate");
  X509* certificate = made.get();
  X509* signer = issuer ? issuer.get() : certificate;
  const bool good = X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
                    set_validity(certificate, fields) &&
                    X509_set_pubkey(certificate, subject_key.get()) == 1 &&
                    set_subject(certificate, fields.common_name) &&
                    X509_set_issuer_name(certificate, X509_get_subject_name(signer)) == 1 &&
                    add_extensions(certificate, signer, fields);
  if (!good) return openssl_failure("cannot make a certificate");
  if (auto is_signed = issuer_key.sign(certificate); !is_signed) return is_signed.error();
  return made;
}

Result<X509Ptr> make_certificate(const CertificateFields& fields, const Key& subject_key,
                                 const X509Ptr& issuer, const Key& issuer_key) {
  return make_certificate(fields, subject_key, issuer, *enrolld::signing_key(issuer_key));
}

Result<X509Ptr> read_certificate(std::string_view pem) {
  const Bio bio = read_bio(pem);
  X509* read = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
  if (read == nullptr) return openssl_failure("not a certificate in PEM");
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

std::string serial_hex(const X509Ptr& certificate) {
  const ASN1_INTEGER* serial = X509_get0_serialNumber(certificate.get());
  return to_hex({ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial))});
}

}  // namespace ringway::services

#include "sim/authority.hpp"

#include <openssl/asn1.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace ringway::sim {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Cert = std::unique_ptr<X509, decltype(&X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::int64_t k_hour_s = 3600;

// A simulation cannot go on without certificates, and the only cause is a broken OpenSSL.
void must(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("OpenSSL cannot ") + what);
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  must(key != nullptr, "make a key");
  return key;
}

Cert new_certificate(EVP_PKEY* key, std::int64_t serial, WallMs now_ms, std::int64_t until_s) {
  Cert cert(X509_new(), &X509_free);
  must(cert != nullptr, "make a certificate");
  const auto now_s = static_cast<time_t>(now_ms / 1000);
  X509_set_version(cert.get(), X509_VERSION_3);
  ASN1_INTEGER_set_int64(X509_get_serialNumber(cert.get()), serial);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), now_s - k_hour_s);
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), now_s + until_s);
  must(X509_set_pubkey(cert.get(), key) == 1, "set a public key");
  return cert;
}

void add_extension(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  must(extension != nullptr, "make an extension");
  const int added = X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  must(added == 1, "add an extension");
}

template <typename Write>
std::string written(Write write) {
  const Memory memory(BIO_new(BIO_s_mem()), &BIO_free);
  must(memory != nullptr && write(memory.get()) == 1, "write");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

struct Authority::Root {
  Key key{nullptr, &EVP_PKEY_free};
  Cert cert{nullptr, &X509_free};
  mutable std::int64_t last_serial = 1;
};

Authority::Authority(std::string overlay_name, WallMs now_ms)
    : root_(std::make_unique<Root>()), overlay_name_(std::move(overlay_name)), now_ms_(now_ms) {
  root_->key = new_key();
  root_->cert = new_certificate(root_->key.get(), 1, now_ms, 10L * 365 * 24 * k_hour_s);
  X509* cert = root_->cert.get();
  X509_NAME* name = X509_get_subject_name(cert);
  const auto* text = reinterpret_cast<const unsigned char*>(overlay_name_.c_str());
  must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1, "name the root");
  must(X509_set_issuer_name(cert, name) == 1, "name the root");
  add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(cert, cert, NID_subject_key_identifier, "hash");
  must(X509_sign(cert, root_->key.get(), EVP_sha256()) > 0, "sign the root");
  const std::string der = written([&](BIO* out) { return i2d_X509_bio(out, cert); });
  root_der_ = SharedBytes(copy_of(view_of(der)));
}

Authority::~Authority() = default;

Authority::Credentials Authority::issue(const std::string& user_name, const NodeId& node,
                                        std::chrono::hours lifetime) const {
  const Key key = new_key();
  const Cert cert = new_certificate(key.get(), ++root_->last_serial, now_ms_, lifetime.count() * k_hour_s);
  must(X509_set_issuer_name(cert.get(), X509_get_subject_name(root_->cert.get())) == 1, "name the issuer");
  // The subject is empty: the names are in a critical SubjectAltName (RFC 6940 §11.3).
  const std::string names =
      "critical,URI:" + security::reload_uri(node, overlay_name_) + ",email:" + user_name;
  add_extension(cert.get(), root_->cert.get(), NID_basic_constraints, "critical,CA:FALSE");
  add_extension(cert.get(), root_->cert.get(), NID_key_usage, "critical,digitalSignature");
  add_extension(cert.get(), root_->cert.get(), NID_authority_key_identifier, "keyid:always");
  add_extension(cert.get(), root_->cert.get(), NID_subject_alt_name, names);
  must(X509_sign(cert.get(), root_->key.get(), EVP_sha256()) > 0, "sign a certificate");
  return {written([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          }),
          written([&](BIO* out) { return PEM_write_bio_X509(out, cert.get()); })};
}

std::shared_ptr<const security::Signer> Authority::Credentials::signer() const {
  auto loaded = security::load_signer(private_key_pem, certificate_pem);
  if (!loaded) throw std::runtime_error("a certificate made here is refused: " + loaded.error().reason);
  return *loaded;
}

}  // namespace ringway::sim

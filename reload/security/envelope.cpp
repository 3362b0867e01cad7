#include "reload/security/envelope.hpp"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <string>
#include <utility>

namespace ringway::security {
namespace {

using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Cms = std::unique_ptr<CMS_ContentInfo, decltype(&CMS_ContentInfo_free)>;
using KeyPtr = std::shared_ptr<EVP_PKEY>;
using X509Ptr = std::shared_ptr<X509>;

constexpr unsigned k_closing = CMS_BINARY | CMS_PARTIAL;  // recipients come later, line ends stay

Bio reading(BytesView bytes) {
  return {BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free};
}

std::optional<Bytes> written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  if (data == nullptr || size <= 0) return std::nullopt;
  return copy_of(view_of({data, static_cast<std::size_t>(size)}));
}

// OpenSSL's own choices are SHA-1 for ECDH and PKCS #1 v1.5 for RSA.
bool set_parameters(CMS_RecipientInfo* recipient) {
  EVP_PKEY_CTX* context = CMS_RecipientInfo_get0_pkey_ctx(recipient);
  if (context == nullptr) return false;
  if (CMS_RecipientInfo_type(recipient) == CMS_RECIPINFO_AGREE)
    return EVP_PKEY_CTX_set_ecdh_kdf_md(context, EVP_sha256()) > 0;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, EVP_sha256()) > 0 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) > 0;
}

bool add_recipient(CMS_ContentInfo* cms, const Certificate& certificate) {
  if (certificate.x509() == nullptr) return false;
  CMS_RecipientInfo* added = CMS_add1_recipient_cert(cms, certificate.x509(), CMS_KEY_PARAM);
  return added != nullptr && set_parameters(added);
}

// OpenSSL's errors stay in the thread's queue until somebody clears it, and would be taken for those of the
// next call.
Result<Bytes> failed(const char* what) {
  ERR_clear_error();
  return Failure{what};
}

class PemKey final : public EnvelopeKey {
 public:
  PemKey(KeyPtr key, X509Ptr certificate) : key_(std::move(key)), certificate_(std::move(certificate)) {}

  std::optional<Bytes> open(BytesView envelope) const override {
    auto content = opened(envelope);
    ERR_clear_error();
    return content;
  }

 private:
  std::optional<Bytes> opened(BytesView envelope) const {
    if (envelope.empty() || envelope.size() > k_max_envelope_bytes) return std::nullopt;
    const unsigned char* at = envelope.data();
    const Cms cms(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(envelope.size())),
                  CMS_ContentInfo_free);
    if (!cms || at != envelope.data() + envelope.size()) return std::nullopt;
    // Only this type is protected against changes.
    if (OBJ_obj2nid(CMS_get0_type(cms.get())) != NID_id_smime_ct_authEnvelopedData) return std::nullopt;
    const auto* recipients = CMS_get0_RecipientInfos(cms.get());
    if (recipients == nullptr ||
        sk_CMS_RecipientInfo_num(recipients) > static_cast<int>(k_max_envelope_recipients))
      return std::nullopt;
    const Bio out(BIO_new(BIO_s_mem()), BIO_free);
    if (!out || CMS_decrypt(cms.get(), key_.get(), certificate_.get(), nullptr, out.get(), CMS_BINARY) != 1)
      return std::nullopt;
    return written(out.get());
  }

  KeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace

Result<Bytes> close_envelope(BytesView content, const std::vector<CertificatePtr>& recipients) {
  if (recipients.empty() || recipients.size() > k_max_envelope_recipients)
    return Failure{"an envelope has 1 to " + std::to_string(k_max_envelope_recipients) + " recipients"};
  if (content.empty()) return Failure{"nothing to put into an envelope"};
  if (content.size() > k_max_envelope_bytes) return Failure{"too long for an envelope"};
  const Cms cms(CMS_encrypt(nullptr, nullptr, EVP_aes_256_gcm(), k_closing), CMS_ContentInfo_free);
  if (!cms) return failed("this OpenSSL has no AuthEnvelopedData");
  for (const CertificatePtr& each : recipients)
    if (!add_recipient(cms.get(), *each)) return failed("a certificate that nothing can be enveloped for");
  const Bio in = reading(content);
  if (!in || CMS_final(cms.get(), in.get(), nullptr, k_closing) != 1)
    return failed("the envelope could not be closed");
  unsigned char* der = nullptr;
  const int size = i2d_CMS_ContentInfo(cms.get(), &der);
  if (size <= 0) return failed("the envelope could not be written");
  Bytes out(der, der + size);
  OPENSSL_free(der);
  if (out.size() > k_max_envelope_bytes) return Failure{"too long for an envelope"};
  return out;
}

Result<EnvelopeKeyPtr> load_envelope_key(std::string_view private_key_pem,
                                         std::string_view certificates_pem) {
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };  // and no prompt
  const Bio key_bio = reading(view_of(private_key_pem));
  KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  const Bio certificate_bio = reading(view_of(certificates_pem));
  X509Ptr certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, no_passphrase, nullptr), X509_free);
  ERR_clear_error();
  if (!key) return Failure{"private key: not an unencrypted PEM key"};
  if (!certificate) return Failure{"certificate: no PEM certificate found"};
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    return Failure{"private key and certificate do not belong together"};
  }
  return EnvelopeKeyPtr(std::make_shared<PemKey>(std::move(key), std::move(certificate)));
}

}  // namespace ringway::security

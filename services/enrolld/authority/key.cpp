#include "services/enrolld/authority/key.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::services {
namespace {

using enrolld::openssl_failure;
using Bio = std::unique_ptr<BIO, decltype(&BIO_free)>;

// 16 MiB and some tenths of a second for each guess. The memory is what OpenSSL's readers allow (32 MiB);
// with it five rounds are what OWASP's Password Storage Cheat Sheet asks for.
constexpr std::uint64_t k_scrypt_n = 16384;
constexpr std::uint64_t k_scrypt_r = 8;
constexpr std::uint64_t k_scrypt_p = 5;

constexpr int k_min_rsa_bits = 2048;
constexpr int k_max_rsa_bits = 4096;
constexpr int k_max_rsa_exponent_bits = 64;  // a longer one only makes verifiers slow
constexpr BN_ULONG k_min_rsa_exponent = 65537;

Bio read_bio(std::string_view text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free};
}

// Cleared by OpenSSL when it is freed.
Bio secret_bio() { return {BIO_new(BIO_s_secmem()), BIO_free}; }

std::string text_of_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return 0; }

int copy_passphrase(char* buffer, int size, int /*writing*/, void* context) {
  const std::string_view text = static_cast<const enrolld::Secret*>(context)->reveal();
  if (text.size() > static_cast<std::size_t>(size)) return 0;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

bool is_named_p256(EVP_PKEY* key) {
  char group[32];
  std::size_t size = 0;
  int is_explicit = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1" &&
         // A curve spelled out could be one of the requester's making (RFC 5480 §2.1.1 forbids it).
         EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) == 1 &&
         is_explicit == 0;
}

bool has_sound_exponent(EVP_PKEY* key) {
  BIGNUM* read = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &read) != 1) return false;
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> exponent(read, BN_free);
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> least(BN_new(), BN_free);
  return least && BN_set_word(least.get(), k_min_rsa_exponent) == 1 && BN_is_odd(exponent.get()) == 1 &&
         BN_cmp(exponent.get(), least.get()) >= 0 && BN_num_bits(exponent.get()) <= k_max_rsa_exponent_bits;
}

// On the curve; for RSA a modulus that is odd, no prime, and has no small factors.
bool is_sound(EVP_PKEY* key) {
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr), EVP_PKEY_CTX_free);
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

}  // namespace

Result<Key> make_key(KeyType type) {
  EVP_PKEY* made = type == KeyType::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048);
  if (made == nullptr) return openssl_failure("cannot make a key");
  return Key(made, EVP_PKEY_free);
}

bool is_encrypted_key(std::string_view pem) {
  return pem.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string_view::npos ||
         pem.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;  // the older form, RFC 1421
}

Result<Key> read_key(std::string_view pem) {
  const Bio bio = read_bio(pem);
  EVP_PKEY* read = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr);
  if (read == nullptr) return openssl_failure("not an unencrypted private key in PEM");
  return Key(read, EVP_PKEY_free);
}

Result<Key> read_key(std::string_view pem, const enrolld::Secret& passphrase) {
  const Bio bio = read_bio(pem);
  enrolld::Secret copy = passphrase.copy();  // OpenSSL's callback takes no const
  EVP_PKEY* read = PEM_read_bio_PrivateKey(bio.get(), nullptr, copy_passphrase, &copy);
  if (read == nullptr) return openssl_failure("not a private key, or not its passphrase");
  return Key(read, EVP_PKEY_free);
}

Result<std::string> write_key(const Key& key) {
  const Bio bio = secret_bio();
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failure("cannot write a key");
  return text_of_bio(bio.get());
}

Result<std::string> write_key(const Key& key, const enrolld::Secret& passphrase) {
  using Plain = std::unique_ptr<PKCS8_PRIV_KEY_INFO, decltype(&PKCS8_PRIV_KEY_INFO_free)>;
  using Encrypted = std::unique_ptr<X509_SIG, decltype(&X509_SIG_free)>;
  const Failure failure{"cannot encrypt a key"};
  const Plain plain(EVP_PKEY2PKCS8(key.get()), PKCS8_PRIV_KEY_INFO_free);
  // Salt and initialisation vector are made by OpenSSL.
  X509_ALGOR* scheme =
      PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, k_scrypt_n, k_scrypt_r, k_scrypt_p);
  if (!plain || scheme == nullptr) {
    X509_ALGOR_free(scheme);
    return openssl_failure(failure.reason);
  }
  const std::string_view text = passphrase.reveal();
  const Encrypted encrypted(PKCS8_set0_pbe(text.data(), static_cast<int>(text.size()), plain.get(), scheme),
                            X509_SIG_free);
  if (!encrypted) {
    X509_ALGOR_free(scheme);  // its owner otherwise
    return openssl_failure(failure.reason);
  }
  const Bio bio = secret_bio();
  if (!bio || PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1) return openssl_failure(failure.reason);
  return text_of_bio(bio.get());
}

Bytes public_key_info_der(const Key& key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key.get(), &der);
  if (size <= 0) return {};
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

Result<Key> public_part(const Key& key) {
  const Bytes der = public_key_info_der(key);
  const unsigned char* at = der.data();
  EVP_PKEY* read = d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size()));
  if (read == nullptr) return openssl_failure("cannot read a public key");
  return Key(read, EVP_PKEY_free);
}

Outcome<> check_public_key(const Key& key) {
  const Failure wrong_type{"its key is neither P-256 nor RSA of 2048 to 4096 bits"};
  if (EVP_PKEY_is_a(key.get(), "EC") == 1) {
    if (!is_named_p256(key.get())) return wrong_type;
  } else {
    const int bits = EVP_PKEY_get_bits(key.get());
    if (EVP_PKEY_is_a(key.get(), "RSA") != 1 || bits < k_min_rsa_bits || bits > k_max_rsa_bits)
      return wrong_type;
    if (!has_sound_exponent(key.get()))
      return Failure{"its RSA exponent is none from 65537 up that is odd and has at most 64 bits"};
  }
  if (!is_sound(key.get())) return openssl_failure("its key is no sound public key");
  return Done{};
}

}  // namespace ringway::services

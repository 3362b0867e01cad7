// Private and public keys, and private keys as text: PKCS#8 in PEM, with a passphrase encrypted by AES-256
// under a key derived with scrypt.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

// OpenSSL's type, so that this header needs none of its headers.
using EVP_PKEY = struct evp_pkey_st;

namespace ringway::services {

using Key = std::shared_ptr<EVP_PKEY>;

enum class KeyType { p256, rsa2048 };

Result<Key> make_key(KeyType type);

// Whether the text is a private key that needs a passphrase.
bool is_encrypted_key(std::string_view pem);
Result<Key> read_key(std::string_view pem);  // refuses an encrypted one
Result<Key> read_key(std::string_view pem, const enrolld::Secret& passphrase);

Result<std::string> write_key(const Key& key);
Result<std::string> write_key(const Key& key, const enrolld::Secret& passphrase);

// SubjectPublicKeyInfo in DER: what tells one key from another.
Bytes public_key_info_der(const Key& key);
// A key that holds the public part and nothing else.
Result<Key> public_part(const Key& key);

// What a certificate may be made for: a key on the named curve P-256, or RSA of 2048 to 4096 bits with a
// sound modulus and exponent. Peers refuse all others.
Outcome<> check_public_key(const Key& key);

}  // namespace ringway::services

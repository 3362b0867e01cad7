// The private keys of the authority's folder: each is a file with a PEM key, encrypted or not, or with the
// RFC 7512 URI of a key in a PKCS#11 token.
#pragma once

#include <optional>
#include <string>

#include "services/enrolld/authority/secret_source.hpp"
#include "services/enrolld/authority/signing_key.hpp"

namespace ringway::enrolld {

// Where passphrase and PIN come from; asked when the first key needs them, and once.
struct KeySources {
  SecretSource passphrase{"the keys' passphrase", "--key-passphrase-file", "", "RINGWAY_KEY_PASSPHRASE",
                          false};
  SecretSource token_pin{"the token's PIN", "--token-pin-file", "", "RINGWAY_TOKEN_PIN", false};
  bool ask_for_new = false;  // a person types the passphrase of new keys
};

struct NewKey {
  SigningKeyPtr key;
  std::string file_text;  // what to keep in its file
};

class Keyring {
 public:
  explicit Keyring(KeySources sources) : sources_(std::move(sources)) {}

  Result<SigningKeyPtr> open(const std::string& path);
  Result<SigningKeyPtr> open_token(const std::string& uri);
  // An unencrypted PEM key, for what cannot take a SigningKey.
  Result<std::string> open_pem(const std::string& path);

  // The key that a token has at `token_uri`; a new P-256 key when that is empty.
  Result<NewKey> new_key(const std::string& token_uri);
  // A key as its file holds it: encrypted when a passphrase is given, asked for, or was needed before.
  Result<std::string> sealed(const services::Key& key);

 private:
  Result<services::Key> open_text(const std::string& path, const std::string& pem);
  bool seals() const { return passphrase_ || sources_.ask_for_new || sources_.passphrase.given(); }

  KeySources sources_;
  std::optional<Secret> passphrase_;
  std::optional<Secret> token_pin_;
};

}  // namespace ringway::enrolld

// OpenSSL 3 calls engines deprecated; its successor for tokens, a PKCS#11 provider, is not in Debian 12.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "services/enrolld/authority/token_key.hpp"

#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/x509.h>

#include <algorithm>
#include <mutex>

#include "services/enrolld/authority/openssl_failure.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::size_t k_max_uri_size_bytes = 1024;
constexpr const char* k_no_engine =
    "OpenSSL has no engine for PKCS#11 tokens (Debian: libengine-pkcs11-openssl)";

using Engine = std::shared_ptr<ENGINE>;

class TokenKey : public SigningKey {
 public:
  TokenKey(Engine engine, services::Key key, services::Key public_key)
      : engine_(std::move(engine)), key_(std::move(key)), public_key_(std::move(public_key)) {}
  const services::Key& public_key() const override { return public_key_; }
  Outcome<> sign(X509* certificate) const override {
    // One session with the token, one signature at a time.
    const std::lock_guard one(mutex_);
    if (X509_sign(certificate, key_.get(), EVP_sha256()) <= 0)
      return openssl_failure("the token does not sign");
    return Done{};
  }

 private:
  Engine engine_;  // outlives the key
  services::Key key_;
  services::Key public_key_;
  mutable std::mutex mutex_;
};

// An attribute of the path or the query: after "pkcs11:", ";", "?" or "&".
bool has_attribute(std::string_view uri, const std::string& name) {
  for (const char before : {':', ';', '?', '&'}) {
    if (uri.find(before + name + "=") != std::string_view::npos) return true;
  }
  return false;
}

Outcome<> check_uri(std::string_view uri) {
  if (!is_token_uri(uri)) return Failure{"a key in a token is named by a URI that begins with pkcs11:"};
  if (uri.size() > k_max_uri_size_bytes ||
      !std::all_of(uri.begin(), uri.end(), [](char c) { return '!' <= c && c <= '~'; }))
    return Failure{"not a PKCS#11 URI: too long, or with blanks"};
  if (has_attribute(uri, "pin-value"))
    return Failure{"a PKCS#11 URI with a PIN in it shows the PIN to everyone; give it apart"};
  if (!has_attribute(uri, "object") && !has_attribute(uri, "id"))
    return Failure{"the PKCS#11 URI names no key: object= or id= is missing"};
  return Done{};
}

Result<Engine> open_engine() {
  OPENSSL_init_crypto(OPENSSL_INIT_ENGINE_DYNAMIC, nullptr);
  ENGINE* engine = ENGINE_by_id("pkcs11");
  if (engine == nullptr) return openssl_failure(k_no_engine);
  const bool ready = ENGINE_init(engine) == 1;
  ENGINE_free(engine);  // ENGINE_init took a reference of its own
  if (!ready) return openssl_failure("no PKCS#11 module can be used");
  ENGINE_ctrl_cmd_string(engine, "QUIET", nullptr, 0);  // failures are told here, not on standard error
  return Engine(engine, ENGINE_finish);
}

}  // namespace

bool is_token_uri(std::string_view text) { return text.starts_with("pkcs11:"); }

bool names_its_pin(std::string_view uri) { return has_attribute(uri, "pin-source"); }

Result<SigningKeyPtr> open_token_key(const std::string& uri, const std::optional<Secret>& pin) {
  if (auto good = check_uri(uri); !good) return good.error();
  auto engine = open_engine();
  if (!engine) return engine.error();
  if (pin) {
    // The engine keeps a copy of its own for as long as it is open.
    std::string text(pin->reveal());
    const int taken = ENGINE_ctrl_cmd_string(engine->get(), "PIN", text.c_str(), 0);
    OPENSSL_cleanse(text.data(), text.size());
    if (taken != 1) return openssl_failure("the engine does not take a PIN");
  }
  services::Key key(ENGINE_load_private_key(engine->get(), uri.c_str(), nullptr, nullptr), EVP_PKEY_free);
  if (!key) return openssl_failure("no such key in any token, or not its PIN: " + uri);
  auto public_key = services::public_part(key);
  if (!public_key) return Failure{uri + ": " + public_key.error().reason};
  if (auto good = services::check_public_key(*public_key); !good)
    return Failure{"the token's key " + uri + ": " + good.error().reason};
  return SigningKeyPtr(
      std::make_shared<TokenKey>(std::move(*engine), std::move(key), std::move(*public_key)));
}

}  // namespace ringway::enrolld

#include "services/enrolld/folder/keyring.hpp"

#include "services/enrolld/authority/token_key.hpp"
#include "services/enrolld/folder/files.hpp"

namespace ringway::enrolld {
namespace {

// What people choose for themselves; scrypt makes each guess dear, not a short word good.
constexpr std::size_t k_min_passphrase_size_bytes = 8;

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

Result<SigningKeyPtr> Keyring::open_token(const std::string& uri) {
  const bool has_pin = names_its_pin(uri);
  if (!has_pin && !token_pin_) {
    auto pin = find_secret(sources_.token_pin);
    if (!pin) return pin.error();
    token_pin_ = std::move(*pin);
  }
  return open_token_key(uri, has_pin ? std::optional<Secret>() : token_pin_->copy());
}

Result<services::Key> Keyring::open_text(const std::string& path, const std::string& pem) {
  if (!services::is_encrypted_key(pem)) {
    auto key = services::read_key(pem);
    if (!key) return Failure{path + ": " + key.error().reason};
    return key;
  }
  if (!passphrase_) {
    auto found = find_secret(sources_.passphrase);
    if (!found) return Failure{path + " is encrypted: " + found.error().reason};
    passphrase_ = std::move(*found);
  }
  auto key = services::read_key(pem, *passphrase_);
  if (!key) return Failure{path + ": " + key.error().reason};
  return key;
}

Result<SigningKeyPtr> Keyring::open(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return text.error();
  if (is_token_uri(*text)) return open_token(without_line_end(*text));
  auto key = open_text(path, *text);
  if (!key) return key.error();
  return signing_key(std::move(*key));
}

Result<std::string> Keyring::open_pem(const std::string& path) {
  auto text = read_file(path);
  if (!text || !services::is_encrypted_key(*text)) return text;
  const auto key = open_text(path, *text);
  if (!key) return key.error();
  return services::write_key(*key);
}

Result<NewKey> Keyring::new_key(const std::string& token_uri) {
  if (!token_uri.empty()) {
    auto key = open_token(token_uri);
    if (!key) return key.error();
    return NewKey{std::move(*key), token_uri + "\n"};
  }
  auto made = services::make_key(services::KeyType::p256);
  if (!made) return made.error();
  auto text = sealed(*made);
  if (!text) return text.error();
  return NewKey{signing_key(std::move(*made)), std::move(*text)};
}

Result<std::string> Keyring::sealed(const services::Key& key) {
  if (!seals()) return services::write_key(key);
  if (!passphrase_) {
    auto found = sources_.passphrase.given() ? find_secret(sources_.passphrase)
                                             : ask_for_new_secret(sources_.passphrase);
    if (!found) return found.error();
    if (found->reveal().size() < k_min_passphrase_size_bytes)
      return Failure{sources_.passphrase.what + " needs at least " +
                     std::to_string(k_min_passphrase_size_bytes) + " bytes"};
    passphrase_ = std::move(*found);
  }
  return services::write_key(key, *passphrase_);
}

}  // namespace ringway::enrolld

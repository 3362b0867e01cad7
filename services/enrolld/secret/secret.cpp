#include "services/enrolld/secret/secret.hpp"

#include <openssl/crypto.h>

#include <utility>

namespace ringway::enrolld {

Secret::Secret(std::string_view text) {
  bytes_.reserve(text.size() + 1);
  bytes_.assign(text.begin(), text.end());
  bytes_.push_back('\0');
}

Secret Secret::take(std::string& source) {
  Secret taken(source);
  enrolld::wipe(source);
  return taken;
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    bytes_ = std::move(other.bytes_);
    other.bytes_.clear();
  }
  return *this;
}

std::string_view Secret::reveal() const {
  return bytes_.empty() ? std::string_view{} : std::string_view{bytes_.data(), bytes_.size() - 1};
}

const char* Secret::reveal_c_str() const { return bytes_.empty() ? "" : bytes_.data(); }

void Secret::wipe() noexcept {
  if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
  bytes_.clear();
}

void wipe(std::string& text) {
  if (!text.empty()) OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace ringway::enrolld

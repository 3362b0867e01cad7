#include "net/ice/secret_text.hpp"

#include <openssl/crypto.h>

namespace ringway::net::ice {

void SecretText::wipe() {
  if (!text_.empty()) OPENSSL_cleanse(text_.data(), text_.size());
  text_.clear();
}

}  // namespace ringway::net::ice

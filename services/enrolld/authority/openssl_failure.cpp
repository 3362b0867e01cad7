#include "services/enrolld/authority/openssl_failure.hpp"

#include <openssl/err.h>

namespace ringway::enrolld {

Failure openssl_failure(const std::string& what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  return {reason == nullptr ? what : what + ": " + reason};
}

}  // namespace ringway::enrolld

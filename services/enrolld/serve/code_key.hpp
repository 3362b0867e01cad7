// The key that the digests of mailed codes are made with: a file beside the database, never in it.
#pragma once

#include <string>

#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

struct CodeKey {
  Secret key;
  bool made = false;  // just now
};

// The first line of the file, which is made (0600) when it is not there and `may_make` it.
Result<CodeKey> load_code_key(const std::string& path, bool may_make);

}  // namespace ringway::enrolld

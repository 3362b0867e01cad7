#include "services/enrolld/serve/code_key.hpp"

#include <utility>

#include "services/enrolld/authority/secret_source.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {

Result<CodeKey> load_code_key(const std::string& path, bool may_make) {
  const bool make = may_make && !exists(path);
  if (make) {
    // As random as a link's token: 256 bits as text.
    const Secret key = new_link_token();
    std::string text = std::string(key.reveal()) + "\n";
    const auto written = write_file(path, text, Access::owner_only);
    wipe(text);
    if (!written) return written.error();
  }
  SecretSource source{"the key of the codes", "--code-key-file", path, "", false};
  auto key = find_secret(source);
  if (!key) return key.error();
  if (key->reveal().size() < k_code_key_bytes)
    return Failure{path + ": the key of the codes needs " + std::to_string(k_code_key_bytes) +
                   " bytes or more"};
  return CodeKey{std::move(*key), make};
}

}  // namespace ringway::enrolld

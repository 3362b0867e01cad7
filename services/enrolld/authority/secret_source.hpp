// Where a passphrase or PIN comes from.
#pragma once

#include <string>

#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_max_secret_size_bytes = 1023;  // what OpenSSL's readers of keys take

// A secret of one kind: in a file, in the environment, or typed by a person.
struct SecretSource {
  std::string what;         // "the key's passphrase"
  std::string file_option;  // "--key-passphrase-file", for messages
  std::string file;         // its first line is the secret; empty: none
  std::string environment;  // name of a variable; empty: none
  bool may_ask = false;     // a person at the terminal may be asked, without echo

  // Whether the file or the environment has it: nobody needs to be asked.
  bool given() const;
};

// The file's first, then the environment's, then what a person types. A failure says where it could come
// from.
Result<Secret> find_secret(const SecretSource& source);
// Of a person, twice; for something new.
Result<Secret> ask_for_new_secret(const SecretSource& source);

}  // namespace ringway::enrolld

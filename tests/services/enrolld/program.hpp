// Other programs, as independent witnesses: openssl, softhsm2-util, pkcs11-tool.
#pragma once

#include <string>

namespace ringway::enrolld {

struct Ran {
  int code = -1;
  std::string output;  // standard output and standard error
};
// By the shell.
Ran run(const std::string& command);

}  // namespace ringway::enrolld

// `ringway-enrolld push`: brings the folder's configuration document to running peers.
#pragma once

#include <string>
#include <vector>

#include "services/enrolld/folder/keyring.hpp"

namespace ringway::enrolld {

struct PushOptions {
  std::string directory;
  std::vector<std::string> to;  // ADDRESS:PORT
  int timeout_s = 20;
  KeySources keys;
};

// Tells what became of it at each address. The exit code: 0 when one peer or more has the document, whence
// the others get it; 2 for an address that is none; else 1.
int run_push(const PushOptions& options);

}  // namespace ringway::enrolld

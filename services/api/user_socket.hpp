// A unix socket whose connections are told apart by the user of the process at the other end (SO_PEERCRED).
// gRPC does not say who that is, so it is asked here, before a connection is given to gRPC.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>

#include "reload/result.hpp"

namespace ringway::services {

class UserSocket {
 public:
  // Gets each connection, not blocking; it is the taker's from then on. Called on a thread of the socket's
  // own.
  using Taker = std::function<void(int connection, ::uid_t uid)>;
  // The file is open to its owner only; whose it is then is the caller's to say. What lies at the path is
  // replaced.
  static Result<std::unique_ptr<UserSocket>> listen(const std::string& path, Taker taker);

  // Takes nobody any more, and removes the file.
  virtual ~UserSocket() = default;
};

}  // namespace ringway::services

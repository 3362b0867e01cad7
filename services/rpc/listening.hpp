// What a gRPC server needs before it listens: the library's own settings, and care with unix sockets.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <string>

namespace ringway::services {

inline constexpr std::size_t k_max_socket_path_bytes = 107;  // sockaddr_un, less the final zero

// Once in a process, before its first server: health checks, reflection, and no search for lock cycles.
void prepare_grpc();

// New files are for their owner only while this lives; a socket is never open to others before its mode is
// set.
class PrivateFiles {
 public:
  PrivateFiles() : before_(::umask(0177)) {}
  ~PrivateFiles() { ::umask(before_); }
  PrivateFiles(const PrivateFiles&) = delete;
  PrivateFiles& operator=(const PrivateFiles&) = delete;

 private:
  ::mode_t before_;
};

// gRPC replaces a socket that is there already, also one that another process serves. What a process has left
// behind when it was killed refuses the connection. The path has at most k_max_socket_path_bytes.
bool somebody_serves(const std::string& socket_path);

}  // namespace ringway::services

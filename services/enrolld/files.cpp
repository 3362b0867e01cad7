#include "services/enrolld/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ringway::enrolld {
namespace {
Failure failed(const std::string& what, const std::string& path) {
  return {what + " " + path + ": " + std::strerror(errno), 0};
}
}  // namespace

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed("cannot read", path);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

Outcome<> write_file(const std::string& path, const std::string& contents, Access access) {
  const std::string temporary = path + ".new";
  const mode_t mode = access == Access::owner_only ? 0600 : 0644;
  const int file = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (file < 0) return failed("cannot write", temporary);
  ::fchmod(file, mode);
  std::size_t written = 0;
  while (written < contents.size()) {
    const ssize_t count = ::write(file, contents.data() + written, contents.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    written += static_cast<std::size_t>(count);
  }
  const bool durable = written == contents.size() && ::fsync(file) == 0;
  ::close(file);
  if (!durable) return failed("cannot write", temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) return failed("cannot rename to", path);
  return Done{};
}

Outcome<> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Failure{"cannot make " + path + ": " + error.message()};
  return Done{};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

}  // namespace ringway::enrolld

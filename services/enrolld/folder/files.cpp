#include "services/enrolld/folder/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace ringway::enrolld {
namespace {

Failure failed(const std::string& what, const std::string& path) {
  return {what + " " + path + ": " + std::strerror(errno), 0};
}

bool write_all(int file, const std::string& contents) {
  std::size_t written = 0;
  while (written < contents.size()) {
    const ssize_t count = ::write(file, contents.data() + written, contents.size() - written);
    if (count < 0 && errno != EINTR) return false;
    if (count > 0) written += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

void sync_folder(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return failed("cannot read", path);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

Outcome<> write_file(const std::string& path, const std::string& contents, Access access) {
  std::string temporary = path + ".XXXXXX";
  const int file = ::mkostemp(temporary.data(), O_CLOEXEC);  // mode 0600
  if (file < 0) return failed("cannot write", path);
  const bool written = write_all(file, contents) &&
                       (access == Access::owner_only || ::fchmod(file, 0644) == 0) && ::fsync(file) == 0;
  const bool renamed = written && ::rename(temporary.c_str(), path.c_str()) == 0;
  const Failure failure = failed("cannot write", path);
  ::close(file);
  if (!renamed) {
    ::unlink(temporary.c_str());
    return failure;
  }
  sync_folder(std::filesystem::absolute(path).parent_path());
  return Done{};
}

Outcome<> make_directory(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return Failure{"cannot make " + path + ": " + error.message()};
  return Done{};
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Outcome<> remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed("cannot remove", path);
  return Done{};
}

Result<FolderLock> FolderLock::take(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return failed("cannot open", directory);
  FolderLock lock(file);
  if (::flock(file, LOCK_EX) != 0) return failed("cannot lock", directory);
  return lock;
}

Result<std::optional<FolderLock>> FolderLock::try_take(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return failed("cannot open", directory);
  std::optional<FolderLock> lock(FolderLock{file});
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return failed("cannot lock", directory);
  return std::optional<FolderLock>();
}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace ringway::enrolld

// Files of the authority: read whole, written atomically, secrets readable by their owner only.
#pragma once

#include <optional>
#include <string>

#include "reload/result.hpp"

namespace ringway::enrolld {

enum class Access { everyone, owner_only };

Result<std::string> read_file(const std::string& path);
// Through a temporary file and a rename: a crash leaves the old file or the new one, whole.
Outcome<> write_file(const std::string& path, const std::string& contents, Access access);
// After this, renames in the folder outlive a loss of power.
void sync_folder(const std::string& path);
Outcome<> make_directory(const std::string& path);
bool exists(const std::string& path);
// Also when it is not there.
Outcome<> remove_file(const std::string& path);

// Held while a folder is read and changed, so that two commands at once do not lose each other's records.
class FolderLock {
 public:
  static Result<FolderLock> take(const std::string& directory);
  // Nothing when somebody else holds it.
  static Result<std::optional<FolderLock>> try_take(const std::string& directory);
  FolderLock(FolderLock&& other) noexcept : file_(other.file_) { other.file_ = -1; }
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace ringway::enrolld

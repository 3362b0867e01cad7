#include "services/ringwayd/permissions.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <optional>

namespace ringway::services {
namespace {

std::optional<unsigned> mode_of(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return status.st_mode & 0777U;
}

std::string octal(unsigned mode) {
  std::string digits = "0";
  for (const unsigned shift : {6U, 3U, 0U}) digits += static_cast<char>('0' + ((mode >> shift) & 7U));
  return digits;
}

}  // namespace

// Who connects needs to write to the socket and to pass through its folder.
std::string socket_warning(const std::string& socket_path, unsigned socket_mode) {
  const std::string parent = std::filesystem::path(socket_path).parent_path().string();
  const std::string folder = parent.empty() ? "." : parent;
  const auto mode = mode_of(folder);
  if (!mode) return "";
  const bool group_stopped = (socket_mode & 0020U) != 0 && (*mode & 0010U) == 0;
  const bool others_stopped = (socket_mode & 0002U) != 0 && (*mode & 0001U) == 0;
  if (!group_stopped && !others_stopped) return "";
  return "--api-socket-mode " + octal(socket_mode) + " does not let " +
         (others_stopped ? "others" : "the group") + " in: the socket's folder " + folder + " has mode " +
         octal(*mode) + "; give another folder with --api-socket, or open this one";
}

std::string data_folder_warning(const std::string& folder) {
  const auto mode = mode_of(folder);
  if (!mode || (*mode & 0005U) == 0) return "";
  return "the data folder can be read by others: " + folder + " has mode " + octal(*mode);
}

}  // namespace ringway::services

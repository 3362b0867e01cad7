#include "services/enrolld/issue/served_mark.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/overlay_files.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_elsewhere = "postgresql";

std::string text_for(const std::string& database) {
  const bool elsewhere = database.find("://") != std::string::npos;
  const nlohmann::json mark{
      {"records", elsewhere ? k_elsewhere : std::filesystem::absolute(database).lexically_normal().string()}};
  return mark.dump(2) + "\n";
}

}  // namespace

Result<std::optional<ServedMark>> read_served_mark(const std::string& directory) {
  const std::string path = directory + k_served_mark;
  if (!exists(path)) return std::optional<ServedMark>();
  const auto text = read_file(path);
  if (!text) return text.error();
  const auto mark = nlohmann::json::parse(*text, nullptr, false);
  if (!mark.is_object() || !mark.contains("records") || !mark["records"].is_string())
    return Failure{path + ": does not say which records a server keeps"};
  const auto records = mark["records"].get<std::string>();
  return std::optional<ServedMark>(ServedMark{records == k_elsewhere ? "" : records});
}

Outcome<> write_served_mark(const std::string& directory, const std::string& database) {
  const std::string path = directory + k_served_mark, text = text_for(database);
  if (exists(path)) {
    if (const auto before = read_file(path); before && *before == text) return Done{};
  }
  return write_file(path, text, Access::owner_only);
}

}  // namespace ringway::enrolld

#include "services/enrolld/issue/served_mark.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/overlay_files.hpp"

namespace ringway::enrolld {

std::string marked_as(const std::string& database) {
  if (database.find("://") != std::string::npos) return k_postgres_records;
  std::error_code error;
  const auto path = std::filesystem::weakly_canonical(std::filesystem::absolute(database), error);
  return error ? std::filesystem::absolute(database).lexically_normal().string() : path.string();
}

Result<std::vector<std::string>> read_served_mark(const std::string& directory) {
  const std::string path = directory + k_served_mark;
  if (!exists(path)) return std::vector<std::string>();
  const auto text = read_file(path);
  if (!text) return text.error();
  const Failure unclear{path + ": does not say which records a server keeps"};
  const auto mark = nlohmann::json::parse(*text, nullptr, false);
  if (!mark.is_object() || !mark.contains("records") || !mark["records"].is_array()) return unclear;
  std::vector<std::string> out;
  for (const auto& records : mark["records"]) {
    if (!records.is_string()) return unclear;
    out.push_back(records.get<std::string>());
  }
  if (out.empty()) return unclear;
  return out;
}

Result<std::vector<std::string>> write_served_mark(const std::string& directory,
                                                   const std::string& database) {
  auto all = read_served_mark(directory);
  if (!all) return all.error();
  const std::string records = marked_as(database);
  if (std::find(all->begin(), all->end(), records) != all->end()) return all;
  all->push_back(records);
  const nlohmann::json mark{{"records", *all}};
  const auto written = write_file(directory + k_served_mark, mark.dump(2) + "\n", Access::owner_only);
  if (!written) return written.error();
  return all;
}

}  // namespace ringway::enrolld

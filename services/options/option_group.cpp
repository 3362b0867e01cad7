#include "services/options/option_group.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <istream>
#include <memory>
#include <vector>

namespace ringway::services {
namespace {

// CLI11 lets the file beat the environment; this leaves out of the file what the environment sets.
class FileBelowEnvironment : public CLI::ConfigBase {
 public:
  explicit FileBelowEnvironment(std::string prefix) : prefix_(std::move(prefix)) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    auto list = CLI::ConfigBase::from_config(in);
    std::erase_if(list, [this](const CLI::ConfigItem& item) {
      const char* set = std::getenv(variable_name(prefix_, item.name).c_str());
      return set != nullptr && *set != '\0';
    });
    return list;
  }

 private:
  const std::string prefix_;
};

}  // namespace

std::string variable_name(const std::string& prefix, const std::string& option) {
  std::string name = prefix + option;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  });
  return name;
}

void OptionGroup::config_file() {
  named(app_.set_config("--config", "", "Read settings from this TOML file"), "config")->type_name("FILE");
  app_.config_formatter(std::make_shared<FileBelowEnvironment>(prefix_));
  app_.allow_config_extras(CLI::config_extras_mode::error);
}

void OptionGroup::log(std::string& level, std::string& format) {
  add("log-level", level, "trace, debug, info, warn or error", "LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
      ->capture_default_str();
  add("log-format", format, "text, or json: one object on each line", "FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace ringway::services

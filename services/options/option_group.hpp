// Options of a program that runs as a service. Each is a flag (--log-level), a variable of the environment
// (RINGWAY_LOG_LEVEL) and a line of the TOML file of --config (log-level = "debug"): a flag beats the
// environment, which beats the file.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <utility>

namespace ringway::services {

// "RINGWAY_" and "log-level": RINGWAY_LOG_LEVEL.
std::string variable_name(const std::string& prefix, const std::string& option);

// The options under one heading of the help.
class OptionGroup {
 public:
  // The prefix is the program's, with its underscore: "RINGWAY_".
  OptionGroup(CLI::App& app, std::string variable_prefix, std::string heading)
      : app_(app), prefix_(std::move(variable_prefix)), heading_(std::move(heading)) {}

  template <typename T>
  CLI::Option* add(const std::string& name, T& into, const std::string& help, const std::string& type) {
    return named(app_.add_option("--" + name, into, help), name)->type_name(type);
  }
  CLI::Option* flag(const std::string& name, bool& into, const std::string& help) {
    return named(app_.add_flag("--" + name, into, help), name);
  }
  // Shows its default, which is what `into` holds now.
  template <typename T, typename Bound>
  CLI::Option* number(const std::string& name, T& into, Bound least, Bound most, const std::string& help,
                      const std::string& type = "N") {
    return add(name, into, help, type)->check(CLI::Range(least, most))->capture_default_str();
  }

  // --config. An unknown line in the file is an error.
  void config_file();
  // --log-level and --log-format.
  void log(std::string& level, std::string& format);

 private:
  CLI::Option* named(CLI::Option* option, const std::string& name) {
    return option->envname(variable_name(prefix_, name))->group(heading_);
  }

  CLI::App& app_;
  const std::string prefix_;
  const std::string heading_;
};

}  // namespace ringway::services

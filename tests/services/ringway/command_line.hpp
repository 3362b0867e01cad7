// `ringway` run in the test's own process.
#pragma once

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "services/ringway/app.hpp"

namespace ringway::services {

struct Ran {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

inline Ran run_reading(std::istream& in, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "ringway");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out;
  std::ostringstream err;
  Ran result;
  result.code = run_command_line(static_cast<int>(argv.size()), argv.data(), in, out, err);
  result.out = out.str();
  result.err = err.str();
  return result;
}

inline Ran run_with(std::vector<std::string> arguments, const std::string& input = "") {
  std::istringstream in(input);
  return run_reading(in, std::move(arguments));
}

}  // namespace ringway::services

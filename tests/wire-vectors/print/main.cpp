// Prints the sample packets as JSON, with what a witness must see in each.

#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/wire-vectors/samples.hpp"

int main() {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& sample : ringway::wire_vectors::packets()) {
    all.push_back(
        {{"name", sample.name}, {"hex", ringway::to_hex(sample.packet)}, {"fields", sample.fields}});
  }
  std::puts(all.dump(1).c_str());
}

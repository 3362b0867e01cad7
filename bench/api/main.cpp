// bench_api: loads the API of a running peer, and optionally the floor's below it, and prints operations a
// second, latencies and processor time. bench/api/run starts both servers.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bench/api/floor.hpp"
#include "bench/api/load.hpp"

namespace {

using namespace ringway::bench;

struct Target {
  std::string name, api;
  int pid = 0;
};

void print_table(const std::string& title, const std::vector<Figures>& all) {
  std::printf("%-18s %12s %9s %9s %14s %14s %7s\n", title.c_str(), "operations/s", "p50 ms", "p99 ms",
              "client CPU us", "server CPU us", "errors");
  for (const auto& one : all)
    std::printf("%-18s %12.0f %9.2f %9.2f %14.1f %14.1f %7zu\n", one.work.c_str(), one.per_second, one.p50_ms,
                one.p99_ms, one.client_cpu_us, one.server_cpu_us, one.errors);
  std::fflush(stdout);
}

nlohmann::ordered_json to_json(const std::vector<Figures>& all) {
  auto out = nlohmann::ordered_json::array();
  for (const auto& one : all)
    out.push_back({{"work", one.work},
                   {"per_second", one.per_second},
                   {"p50_ms", one.p50_ms},
                   {"p99_ms", one.p99_ms},
                   {"client_cpu_us", one.client_cpu_us},
                   {"server_cpu_us", one.server_cpu_us},
                   {"errors", one.errors}});
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  LoadSettings settings;
  Target ringwayd{"ringwayd", "", 0}, floor{"floor", "", 0};
  std::string serve;
  bool json = false;
  CLI::App app("Loads the API of a running peer; prints operations a second, latencies and processor time.");
  auto* serving = app.add_option("--serve-floor", serve, "Serve the floor at unix:PATH or HOST:PORT instead");
  app.add_option("--api", ringwayd.api, "The peer's API: unix:PATH or HOST:PORT (loopback)")
      ->excludes(serving);
  app.add_option("--pid", ringwayd.pid, "The peer's process, for its processor time");
  app.add_option("--floor-api", floor.api, "The floor's API, to be loaded in the same way");
  app.add_option("--floor-pid", floor.pid, "The floor's process");
  app.add_option("--clients", settings.clients, "Calls under way at once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--connections", settings.connections, "Connections they share")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch", settings.batch, "Operations of one Batch")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", settings.value_bytes, "Size of a value")->capture_default_str();
  app.add_option("--keys", settings.keys, "Number of keys")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--seconds", settings.seconds, "Length of each of the four parts")->capture_default_str();
  app.add_option("--only", settings.only, "One of them: put, get, batch put, batch get");
  app.add_flag("--json", json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  if (!serve.empty()) {
    serve_floor(serve, settings.value_bytes);
    std::cerr << "bench_api: cannot serve at " << serve << "\n";
    return 1;
  }
  nlohmann::ordered_json out;
  for (const auto& target : {ringwayd, floor}) {
    if (target.api.empty()) continue;
    const auto figures = Load(settings, target.api, target.pid).run_all();
    if (json) {
      out[target.name] = to_json(figures);
    } else {
      print_table(target.name, figures);
    }
  }
  if (json) std::cout << out.dump(2) << "\n";
  return 0;
}

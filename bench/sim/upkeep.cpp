// What a ring costs that nobody asks anything of: bytes that each peer sends in a second, by message. Prints
// a table; asserts nothing. `bench_upkeep --help` says what can be asked for.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "reload/wire/codes.hpp"
#include "reload/wire/message.hpp"
#include "sim/simulation.hpp"

namespace {

using namespace ringway;

struct Wanted {
  std::size_t peers = 1'000;
  double settle_minutes = 20;
  double minutes = 60;
  std::uint64_t seed = 1;
  bool data = false;
};

struct Sum {
  std::uint64_t messages = 0, bytes = 0;
};
using Sums = std::map<std::string, Sum>;  // by the request; answers are counted with theirs

std::string name_of(const SharedBytes& message) {
  const auto parsed = wire::parse_header(message);
  if (!parsed || message.size() < parsed->size_bytes + 2) return "no RELOAD message";
  const BytesView code = message.from(parsed->size_bytes);
  auto number = static_cast<wire::MessageCode>((code[0] << 8U) | code[1]);
  if (wire::is_answer(number) && number != wire::MessageCode::error)
    number = static_cast<wire::MessageCode>(static_cast<unsigned>(number) - 1);
  return std::string(wire::name_of(number));
}

void run(const Wanted& wanted) {
  sim::SimulationSettings settings;
  settings.seed = wanted.seed;
  settings.cryptography = sim::Cryptography::stand_in;
  settings.data_on_demand = !wanted.data;
  sim::Simulation simulation(settings);
  simulation.build_ring(wanted.peers);
  const auto minutes = [](double count) { return Duration{static_cast<std::int64_t>(count * 60'000)}; };
  const auto begun = std::chrono::steady_clock::now();
  simulation.run_for(minutes(wanted.settle_minutes));
  Sums sums;
  // Nobody tampers: whoever may change what a peer sends sees all of it.
  for (sim::PeerNumber peer = 0; peer < wanted.peers; ++peer)
    simulation.network().tamper(peer, [&sums](sim::PeerNumber, const SharedBytes& message) {
      Sum& sum = sums[name_of(message)];
      ++sum.messages;
      sum.bytes += message.size();
      return std::vector<SharedBytes>{message};
    });
  std::vector<sim::Traffic> before;
  for (sim::PeerNumber peer = 0; peer < wanted.peers; ++peer) before.push_back(simulation.traffic_of(peer));
  simulation.run_for(minutes(wanted.minutes));

  const double peer_seconds = static_cast<double>(wanted.peers) * wanted.minutes * 60;
  std::vector<double> each;  // bytes per second
  for (sim::PeerNumber peer = 0; peer < wanted.peers; ++peer)
    each.push_back(static_cast<double>(simulation.traffic_of(peer).bytes - before[peer].bytes) /
                   (wanted.minutes * 60));
  std::sort(each.begin(), each.end());
  Sum all;
  for (const auto& [name, sum] : sums) {
    all.messages += sum.messages;
    all.bytes += sum.bytes;
  }
  std::printf(
      "%zu peers, ring built, data %s, chord-update-interval %lld s, chord-ping-interval %lld s, seed %llu\n",
      wanted.peers, wanted.data ? "from the start" : "on demand",
      static_cast<long long>(simulation.configuration()->chord_update_interval.count()),
      static_cast<long long>(simulation.configuration()->chord_ping_interval.count()),
      static_cast<unsigned long long>(wanted.seed));
  std::printf(
      "over %.0f min, after %.0f min: %.2f bytes and %.4f messages per peer and second; p50 %.1f, p99 %.1f, "
      "most %.1f bytes (%.0f s to run)\n",
      wanted.minutes, wanted.settle_minutes, static_cast<double>(all.bytes) / peer_seconds,
      static_cast<double>(all.messages) / peer_seconds, each[each.size() / 2], each[each.size() * 99 / 100],
      each.back(), std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  for (const auto& [name, sum] : sums)
    std::printf("  %-20s %5.1f %% of the bytes, %.4f messages per peer and second\n", name.c_str(),
                100 * static_cast<double>(sum.bytes) / static_cast<double>(all.bytes),
                static_cast<double>(sum.messages) / peer_seconds);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The traffic of a ring at rest, in the simulator"};
  Wanted wanted;
  app.add_option("--peers", wanted.peers, "Peers of the ring, which is built at once")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  app.add_option("--settle", wanted.settle_minutes, "Minutes that pass before anything is counted")
      ->capture_default_str();
  app.add_option("--minutes", wanted.minutes, "Over which it is counted")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_flag("--data", wanted.data,
               "Storage and replication from the start, not when they are first needed");
  app.add_option("--seed", wanted.seed, "Of everything that is drawn")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  run(wanted);
  return 0;
}

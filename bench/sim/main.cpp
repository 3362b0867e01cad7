// How much one simulated peer costs, and how far and how fast lookups go in large rings. Prints a table;
// asserts nothing. `bench_sim --help` says what can be asked for.
#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "sim/simulation.hpp"

namespace {

using namespace ringway;
using Clock = std::chrono::steady_clock;

struct Wanted {
  std::size_t peers = 10'000;
  std::size_t lookups = 10'000;
  std::size_t joins = 0;
  std::size_t leaves = 0;
  std::size_t crashes = 0;
  double rest_minutes = 0;
  std::uint64_t seed = 1;
  std::string ring = "built";
  bool data = false;
  std::string cryptography = "stand-in";
};

// A silent peer is passed over after 6 s at most, and taken for failed 5 s later; a leave takes 10 s at most.
constexpr Duration k_until_missed{25'000};

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What the process has asked the allocator for and not given back.
std::size_t allocated_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

sim::SimulationSettings settings_of(const Wanted& wanted) {
  sim::SimulationSettings settings;
  settings.seed = wanted.seed;
  settings.cryptography =
      wanted.cryptography == "real" ? sim::Cryptography::real : sim::Cryptography::stand_in;
  settings.data_on_demand = !wanted.data;
  return settings;
}

RingId point_of(sim::SeededRandom& random) {
  RingId point;
  for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random.below(256));
  return point;
}

bool joined(const sim::SimPeer& peer) { return peer.status().phase == "joined"; }

// `count` peers join one behind the other, as many at once as the ring has had peers for every sixteen, at a
// peer of the ring that is drawn for each.
std::size_t join(sim::Simulation& simulation, std::size_t count, sim::SeededRandom& random) {
  std::vector<sim::PeerNumber> waiting;
  std::size_t started = 0, ring = simulation.size();
  if (ring == 0) {
    simulation.start(simulation.add_peer(), true);
    ++started;
    ++ring;
  }
  const std::size_t before = ring - started;
  for (Duration patience{3'600'000}; patience > Duration{0}; patience -= Duration{100}) {
    std::erase_if(waiting, [&](sim::PeerNumber peer) { return joined(simulation.peer(peer)); });
    if (started == count && waiting.empty()) break;
    const std::size_t now_in = before + started - waiting.size();
    while (started < count && waiting.size() < std::max<std::size_t>(now_in / 16, 1)) {
      waiting.push_back(simulation.add_peer());
      simulation.start(waiting.back(), false, random.below(now_in));
      ++started;
    }
    simulation.run_for(Duration{100});
  }
  return started - waiting.size();
}

// `count` peers go, in the way that `go` says, 64 every 100 ms.
void take_away(sim::Simulation& simulation, std::size_t count, sim::SeededRandom& random,
               const std::function<void(sim::PeerNumber)>& go) {
  for (std::size_t gone = 0; gone < count;) {
    // The first peer is where others bootstrap.
    const sim::PeerNumber peer = 1 + random.below(simulation.size() - 1);
    if (!simulation.peer(peer).alive() || !joined(simulation.peer(peer))) continue;
    go(peer);
    if (++gone % 64 == 0) simulation.run_for(Duration{100});
  }
  simulation.run_for(k_until_missed);
}

struct Lookups {
  std::size_t asked = 0, answered = 0, right = 0;
  std::vector<unsigned> hops;
  std::vector<std::int64_t> took_us;
};

Lookups look_up(sim::Simulation& simulation, std::size_t count, sim::SeededRandom& random) {
  Lookups all;
  const auto ring = simulation.living();
  const auto owner = [&](const RingId& point) {
    const auto found =
        std::lower_bound(ring.begin(), ring.end(), point, [&](sim::PeerNumber peer, const RingId& id) {
          return static_cast<const RingId&>(simulation.peer(peer).node_id()) < id;
        });
    return simulation.peer(found == ring.end() ? ring.front() : *found).node_id();
  };
  for (std::size_t i = 0; i < count; ++i) {
    const RingId point = point_of(random);
    ++all.asked;
    simulation.lookup(ring[random.below(ring.size())], point,
                      [&all, right = owner(point)](const sim::Simulation::Lookup& found) {
                        if (!found.answered) return;
                        ++all.answered;
                        if (found.by == right) ++all.right;
                        all.hops.push_back(found.hops);
                        all.took_us.push_back(found.took_us);
                      });
    if (i % 64 == 63) simulation.run_for(Duration{10});
  }
  simulation.run_for(Duration{80'000});  // the RFC's five transmissions, and some more
  std::sort(all.hops.begin(), all.hops.end());
  std::sort(all.took_us.begin(), all.took_us.end());
  return all;
}

void report(const Lookups& lookups, double took_s) {
  const std::size_t count = lookups.hops.size();
  if (count == 0) return;
  double sum = 0;
  for (const unsigned hops : lookups.hops) sum += hops;
  std::printf("lookups: %zu asked, %zu answered, %zu by the right peer, in %.1f s\n", lookups.asked,
              lookups.answered, lookups.right, took_s);
  std::printf("hops: mean %.2f, p50 %u, p99 %u, most %u\n", sum / static_cast<double>(count),
              lookups.hops[count / 2], lookups.hops[count * 99 / 100], lookups.hops.back());
  std::printf("latency of a lookup: p50 %.1f ms, p99 %.1f ms\n",
              static_cast<double>(lookups.took_us[count / 2]) / 1000,
              static_cast<double>(lookups.took_us[count * 99 / 100]) / 1000);
}

// `of_world`: what is there before the first peer (the authority, OpenSSL), which is part of it.
void report_memory(const sim::Simulation& simulation, std::size_t allocated_before,
                   std::size_t resident_before, std::size_t of_world) {
  const double peers = static_cast<double>(simulation.living().size());
  std::printf(
      "memory: %.0f bytes allocated for each peer, %.0f without the %zu that all share; %.0f resident\n",
      static_cast<double>(allocated_bytes() - allocated_before) / peers,
      static_cast<double>(allocated_bytes() - allocated_before - of_world) / peers, of_world,
      static_cast<double>(resident_bytes() - resident_before) / peers);
}

void run(const Wanted& wanted) {
  const std::size_t allocated_before = allocated_bytes(), resident_before = resident_bytes();
  sim::Simulation simulation(settings_of(wanted));
  const std::size_t of_world = allocated_bytes() - allocated_before;
  sim::SeededRandom random(wanted.seed, "bench");
  auto start = Clock::now();
  if (wanted.ring == "built") {
    simulation.build_ring(wanted.peers);
  } else {
    const std::size_t in = join(simulation, wanted.peers, random);
    if (in != wanted.peers) std::printf("%zu of %zu have joined\n", in, wanted.peers);
  }
  std::printf("%zu peers, ring %s, certificates and signatures: %s, seed %llu: %.1f s\n", wanted.peers,
              wanted.ring.c_str(), wanted.cryptography.c_str(), static_cast<unsigned long long>(wanted.seed),
              seconds_since(start));
  simulation.run_for(Duration{static_cast<std::int64_t>(wanted.rest_minutes * 60'000)});
  simulation.run_for(Duration{20'000});  // what is remembered for repetitions is forgotten
  report_memory(simulation, allocated_before, resident_before, of_world);
  std::printf("links: %.1f for each peer; peer 0 has %zu, and %zu fingers\n",
              2 * static_cast<double>(simulation.network().links_up()) / static_cast<double>(wanted.peers),
              simulation.peer(0).status().links.size(), simulation.peer(0).status().fingers.size());
  if (wanted.joins > 0) {
    start = Clock::now();
    const std::size_t in = join(simulation, wanted.joins, random);
    std::printf("joins: %zu of %zu, in %.1f s\n", in, wanted.joins, seconds_since(start));
  }
  if (wanted.leaves > 0) {
    start = Clock::now();
    take_away(simulation, wanted.leaves, random, [&](sim::PeerNumber peer) { simulation.leave(peer); });
    std::printf("leaves: %zu, in %.1f s\n", wanted.leaves, seconds_since(start));
  }
  if (wanted.crashes > 0) {
    start = Clock::now();
    take_away(simulation, wanted.crashes, random,
              [&](sim::PeerNumber peer) { simulation.crash(peer, sim::Disk::lost); });
    std::printf("crashes: %zu, in %.1f s\n", wanted.crashes, seconds_since(start));
  }
  if (simulation.size() > wanted.peers || wanted.leaves + wanted.crashes > 0) {
    const std::string fault = simulation.ring_fault(4);
    std::printf("the ring is one: %s\n",
                fault.empty() ? "yes, with four right neighbours on each side" : fault.c_str());
  }
  start = Clock::now();
  const auto before = simulation.network().counters();
  const auto lookups = look_up(simulation, wanted.lookups, random);
  report(lookups, seconds_since(start));
  const auto& after = simulation.network().counters();
  std::printf("traffic of the lookups: %.1f messages and %.0f bytes each\n",
              static_cast<double>(after.messages - before.messages) / static_cast<double>(lookups.asked),
              static_cast<double>(after.bytes - before.bytes) / static_cast<double>(lookups.asked));
  std::printf("events: %llu\n", static_cast<unsigned long long>(simulation.events()));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Large simulated rings: memory of a peer, joins, leaves, lookups"};
  Wanted wanted;
  app.add_option("--peers", wanted.peers, "Peers of the ring")
      ->check(CLI::Range(2, 10'000'000))
      ->capture_default_str();
  app.add_option("--ring", wanted.ring, "How the ring comes about: `built` at once, or `grown` by joins")
      ->check(CLI::IsMember({"built", "grown"}))
      ->capture_default_str();
  app.add_option("--lookups", wanted.lookups, "Lookups of random points, each through a random peer")
      ->capture_default_str();
  app.add_option("--rest", wanted.rest_minutes, "Minutes of upkeep before the memory is looked at")
      ->capture_default_str();
  app.add_option("--joins", wanted.joins, "Peers that join the ring then")->capture_default_str();
  app.add_option("--leaves", wanted.leaves, "Peers that leave it then")->capture_default_str();
  app.add_option("--crashes", wanted.crashes, "Peers that fall silent after that")->capture_default_str();
  app.add_flag("--data", wanted.data,
               "Storage and replication from the start, not when they are first needed");
  app.add_option("--cryptography", wanted.cryptography, "Certificates and signatures")
      ->check(CLI::IsMember({"real", "stand-in"}))
      ->capture_default_str();
  app.add_option("--seed", wanted.seed, "Of everything that is drawn")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  run(wanted);
  return 0;
}

// From INVITE to 180 on large simulated overlays: peers whose SIP element, storage and routing are the real
// ones register phones and call each other; the links between them are simulated (station.hpp says what is
// modelled). Prints a table; asserts nothing but that each call is answered.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/phones/overlay/station.hpp"
#include "bench/phones/script/phone_script.hpp"
#include "reload/config/known_kinds.hpp"
#include "sip-usage/registration/storing_peer.hpp"

namespace {

using namespace ringway;
using bench::PhoneScript;
using bench::Station;

constexpr const char* k_overlay = "example.org";  // of which the simulation's users are

struct Wanted {
  std::size_t peers = 100'000;
  std::size_t calls = 1'000;
  std::vector<double> delay_ms = {0.5, 5};
  std::uint64_t seed = 1;
};

sim::SimulationSettings settings_of(const Wanted& wanted) {
  sim::SimulationSettings settings;
  settings.seed = wanted.seed;
  settings.overlay_name = k_overlay;
  settings.cryptography = sim::Cryptography::stand_in;
  settings.data_on_demand = true;
  settings.network.delay_min_us = static_cast<std::int64_t>(wanted.delay_ms.front() * 1000);
  settings.network.delay_max_us = static_cast<std::int64_t>(wanted.delay_ms.back() * 1000);
  settings.storage.usage_checks = sip::usage_checks();
  settings.configure = [](config::Configuration& configuration) {
    auto kind = *config::iana_kind(config::k_sip_registration);
    kind.max_count = 32;
    kind.max_size_bytes = 1024;
    configuration.kinds.add(kind);
  };
  return settings;
}

PhoneScript phone_of(const Station& station) {
  return {station.user(), k_overlay, station.phone_address(), "UDP"};
}

// What one call takes, in microseconds. `connection`: from the AppAttach until it is up (whoever is asked
// connects at once, often before its answer has come); 0 when it was there.
struct Taken {
  std::int64_t lookup = 0, connection = 0, all = 0;
};

// One caller and one callee, each with a phone. The callee's rings and answers at once.
class Pair {
 public:
  Pair(bench::Stations& all, sim::PeerNumber caller, sim::PeerNumber callee)
      : simulation_(all.simulation),
        calling_(all.at(caller)),
        called_(all.at(callee)),
        caller_(phone_of(calling_)),
        callee_(phone_of(called_)) {
    calling_.phone_hears = [this](const std::string& message) { caller_hears(message); };
    called_.phone_hears = [this](const std::string& message) { callee_hears(message); };
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  void register_callee() { called_.phone_says(callee_.register_request(3600)); }
  bool is_registered() const { return registered_; }

  void call() {
    is_over_ = false;
    began_us_ = simulation_.clock().now_us();
    calling_.phone_says(caller_.invite(callee_.aor()));
  }
  bool is_over() const { return is_over_; }
  const Taken& taken() const { return taken_; }

 private:
  void caller_hears(const std::string& message) {
    const bool is_of_invite = bench::fields(message, "CSeq").front().ends_with("INVITE");
    const auto status = bench::status_of(message);
    if (status == "180") {
      note_times();
    } else if (status == "200" && is_of_invite) {
      calling_.phone_says(caller_.ack(message));
      calling_.phone_says(caller_.bye(message));
    } else if (status == "200") {
      is_over_ = true;
    } else {
      throw std::runtime_error("a call has failed: " + message.substr(0, message.find('\r')));
    }
  }
  void note_times() {
    const auto& times = calling_.times();
    taken_ = {};
    taken_.all = simulation_.clock().now_us() - began_us_;
    taken_.lookup = times.fetched_us - times.fetch_us;
    if (times.open_us >= began_us_) taken_.connection = times.up_us - times.open_us;
  }
  void callee_hears(const std::string& message) {
    if (bench::method_of(message) == "INVITE") {
      called_.phone_says(callee_.answer(message, 180, "Ringing"));
      called_.phone_says(callee_.answer(message, 200, "OK"));
    } else if (bench::method_of(message) == "BYE") {
      called_.phone_says(callee_.answer(message, 200, "OK"));
    } else if (bench::status_of(message) == "200") {
      registered_ = true;
    } else if (bench::method_of(message) != "ACK") {
      throw std::runtime_error("a registration has failed: " + message.substr(0, message.find('\r')));
    }
  }

  sim::Simulation& simulation_;
  Station &calling_, &called_;
  PhoneScript caller_, callee_;
  bool registered_ = false, is_over_ = true;
  std::int64_t began_us_ = 0;
  Taken taken_;
};

using Pairs = std::vector<std::unique_ptr<Pair>>;

// Different peers, so that no connection is there before its call.
Pairs pairs_of(bench::Stations& all, std::size_t peers, std::size_t count) {
  sim::SeededRandom random(all.simulation.seed(), "pairs");
  std::set<sim::PeerNumber> taken;
  const auto draw = [&] {
    for (;;)
      if (const sim::PeerNumber peer = random.below(peers); taken.insert(peer).second) return peer;
  };
  Pairs out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto caller = draw();
    out.push_back(std::make_unique<Pair>(all, caller, draw()));
  }
  return out;
}

// One every 10 ms.
template <typename Do, typename IsDone>
void do_all(sim::Simulation& simulation, Pairs& pairs, const char* what, const Do& work, const IsDone& done) {
  for (auto& pair : pairs) {
    work(*pair);
    simulation.run_for(Duration{10});
  }
  const auto all_done = [&] {
    return std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) { return done(*pair); });
  };
  if (!simulation.run_until(all_done, Duration{120'000}))
    throw std::runtime_error(std::string("not all are done: ") + what);
}

void report(const char* what, const Pairs& pairs, std::int64_t Taken::*part) {
  std::vector<std::int64_t> sorted;
  for (const auto& pair : pairs) sorted.push_back(pair->taken().*part);
  std::sort(sorted.begin(), sorted.end());
  const auto ms = [&](std::size_t at) { return static_cast<double>(sorted[at]) / 1000; };
  std::printf("%-44s p50 %7.1f ms, p99 %7.1f ms, most %7.1f ms\n", what, ms(sorted.size() / 2),
              ms(sorted.size() * 99 / 100), ms(sorted.size() - 1));
}

void run(const Wanted& wanted) {
  const auto start = std::chrono::steady_clock::now();
  sim::Simulation simulation(settings_of(wanted));
  simulation.build_ring(wanted.peers);
  bench::Stations stations(simulation);
  Pairs pairs = pairs_of(stations, wanted.peers, wanted.calls);
  simulation.run_for(Duration{1'000});
  do_all(
      simulation, pairs, "registrations", [](Pair& pair) { pair.register_callee(); },
      [](const Pair& pair) { return pair.is_registered(); });

  const auto call_all = [&] {
    do_all(
        simulation, pairs, "calls", [](Pair& pair) { pair.call(); },
        [](const Pair& pair) { return pair.is_over(); });
  };
  std::printf("%zu simulated peers, %zu pairs, one way %.1f to %.1f ms, seed %llu\n", wanted.peers,
              pairs.size(), wanted.delay_ms.front(), wanted.delay_ms.back(),
              static_cast<unsigned long long>(wanted.seed));
  call_all();
  report("INVITE to 180, the first call of two peers", pairs, &Taken::all);
  report("  of it: the callee's registration is found", pairs, &Taken::lookup);
  report("  of it: AppAttach until the connection is up", pairs, &Taken::connection);
  call_all();
  report("INVITE to 180, a further call", pairs, &Taken::all);
  report("  of it: the callee's registration is found", pairs, &Taken::lookup);
  std::printf("in %.1f s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"From INVITE to 180 on large simulated overlays"};
  Wanted wanted;
  app.add_option("--peers", wanted.peers, "Peers of the ring")
      ->check(CLI::Range(10, 1'000'000))
      ->capture_default_str();
  app.add_option("--calls", wanted.calls, "Pairs of peers that call each other, twice each")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--delay-ms", wanted.delay_ms, "One way between two peers: least and most")
      ->expected(2)
      ->capture_default_str();
  app.add_option("--seed", wanted.seed, "Of everything that is drawn")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (2 * wanted.calls > wanted.peers) {
    std::fprintf(stderr, "bench_phones_overlay: two peers are needed for each pair\n");
    return 1;
  }
  try {
    run(wanted);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_phones_overlay: %s\n", error.what());
    return 1;
  }
  return 0;
}

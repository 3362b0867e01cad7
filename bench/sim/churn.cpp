// Which share of lookups succeeds in a ring whose peers come and go: printed as rows of a table, one for each
// mean session time. Asserts nothing. `bench_churn --help` says what can be asked for.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <vector>

#include "sim/sessions.hpp"

namespace {

using namespace ringway;

struct Wanted {
  std::size_t peers = 1'000;
  std::vector<double> sessions{60, 15, 5};
  std::size_t lookups = 20'000;
  double minutes = 0;
  std::uint64_t seed = 1;
  bool data = false;
  bool failures = false;
};

constexpr Duration k_step{50};
constexpr Duration k_minute{60'000};
// A request is given up after 15 s (RFC 6940 §6.2.1).
constexpr Duration k_last_answers{20'000};

struct Seen {
  std::size_t asked = 0, right = 0, wrong = 0, unanswered = 0, asker_gone = 0;
  std::vector<std::int64_t> took_us;
  double hops = 0;
};

class Asking {
 public:
  Asking(sim::Simulation& simulation, sim::Sessions& sessions, const Wanted& wanted)
      : simulation_(simulation), sessions_(sessions), random_(wanted.seed, "churn"), show_(wanted.failures) {}

  void ask() {
    RingId point;
    for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(random_.below(256));
    ++seen_.asked;
    const sim::PeerNumber asker = sessions_.anyone();
    open_.push_back({asker, false});
    simulation_.lookup(asker, point,
                       [this, point, place = open_.size() - 1, before = sessions_.owners(point),
                        since_ms = simulation_.now().mono.ms](const sim::Simulation::Lookup& found) {
                         open_[place].answered = true;
                         answered(point, before, since_ms, found);
                       });
  }

  // An asker that has gone takes its question with it: there is no application left that would get an answer.
  Seen finish() {
    for (const Question& one : open_)
      if (!one.answered) ++(sessions_.has(one.asker) ? seen_.unanswered : seen_.asker_gone);
    std::sort(seen_.took_us.begin(), seen_.took_us.end());
    return std::move(seen_);
  }

 private:
  struct Question {
    sim::PeerNumber asker = 0;
    bool answered = false;
  };

  // Right is who should answer when the question was asked or when the answer is here: in between a peer may
  // have come or gone.
  void answered(const RingId& point, const std::vector<NodeId>& before, std::int64_t since_ms,
                const sim::Simulation::Lookup& found) {
    const auto names = [&](const std::vector<NodeId>& owners) {
      return std::find(owners.begin(), owners.end(), found.by) != owners.end();
    };
    const auto after = sessions_.owners(point);
    if (found.answered && (names(before) || names(after))) {
      ++seen_.right;
      seen_.took_us.push_back(found.took_us);
      seen_.hops += found.hops;
      return;
    }
    ++(found.answered ? seen_.wrong : seen_.unanswered);
    if (!show_) return;
    std::printf("asked for %s at %.1f s, %s after %.1f s; right were %s, then %s\n",
                point.hex().substr(0, 8).c_str(), static_cast<double>(since_ms) / 1000,
                found.answered ? ("answered by " + found.by.hex().substr(0, 8)).c_str() : "not answered",
                static_cast<double>(found.took_us) / 1'000'000, before.back().hex().substr(0, 8).c_str(),
                after.back().hex().substr(0, 8).c_str());
    std::fflush(stdout);
  }

  sim::Simulation& simulation_;
  sim::Sessions& sessions_;
  sim::SeededRandom random_;
  bool show_;
  std::vector<Question> open_;
  Seen seen_;
};

double at_share_ms(const std::vector<std::int64_t>& sorted_us, double share) {
  if (sorted_us.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted_us.size() - 1));
  return static_cast<double>(sorted_us[at]) / 1000;
}

void row(const Wanted& wanted, double session_minutes) {
  sim::SimulationSettings settings;
  settings.seed = wanted.seed;
  settings.cryptography = sim::Cryptography::stand_in;
  settings.data_on_demand = !wanted.data;
  sim::SessionsSettings law;
  law.seed = wanted.seed;
  law.mean = Duration{static_cast<std::int64_t>(session_minutes * static_cast<double>(k_minute.count()))};
  for (sim::PeerNumber peer = 0; peer < law.permanent; ++peer) settings.bootstrap_peers.push_back(peer);
  sim::Simulation simulation(settings);
  simulation.build_ring(wanted.peers);
  sim::Sessions sessions(simulation, law);
  // The built ring becomes one that churn has made: a quarter of a session, before anything is counted.
  sessions.run_for(law.mean / 4);

  const double minutes = wanted.minutes > 0 ? wanted.minutes : session_minutes;
  const auto end_ms = static_cast<std::int64_t>(minutes * static_cast<double>(k_minute.count()));
  const auto traffic_before = simulation.network().counters();
  Asking asking(simulation, sessions, wanted);
  std::size_t asked = 0;
  for (std::int64_t at_ms = 0; at_ms < end_ms; at_ms += k_step.count()) {
    sessions.run_for(k_step);
    const auto due =
        static_cast<std::size_t>(static_cast<double>(wanted.lookups) *
                                 static_cast<double>(at_ms + k_step.count()) / static_cast<double>(end_ms));
    for (; asked < due && asked < wanted.lookups; ++asked) asking.ask();
  }
  const auto& traffic = simulation.network().counters();
  const double bytes = static_cast<double>(traffic.bytes - traffic_before.bytes);
  sessions.run_for(k_last_answers);
  const Seen seen = asking.finish();
  sessions.stop();
  sessions.run_for(2 * k_minute);
  const auto& counts = sessions.counts();
  auto joins_us = counts.join_took_ms;
  for (auto& one : joins_us) one *= 1000;
  std::sort(joins_us.begin(), joins_us.end());
  const std::size_t counted = seen.asked - seen.asker_gone;
  std::printf(
      "| %.0f min | %.0f min | %zu, %zu | %.1f s, %.1f s | %zu | %.3f %% | %zu, %zu | %.2f | %.0f ms, "
      "%.0f ms, %.0f ms | %.0f | %s |\n",
      session_minutes, minutes, counts.fell_silent, counts.left, at_share_ms(joins_us, 0.5) / 1000,
      at_share_ms(joins_us, 0.99) / 1000, counted,
      100 * static_cast<double>(seen.right) / static_cast<double>(counted), seen.unanswered, seen.wrong,
      seen.hops / static_cast<double>(seen.right), at_share_ms(seen.took_us, 0.5),
      at_share_ms(seen.took_us, 0.99), at_share_ms(seen.took_us, 0.999),
      bytes / static_cast<double>(wanted.peers) / (static_cast<double>(end_ms) / 1000),
      simulation.is_one_ring(4) ? "yes" : simulation.ring_fault(4).c_str());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Lookups under churn: sessions of exponential length, half of which end in silence and half with a "
      "leave; a new peer joins for each that goes."};
  Wanted wanted;
  app.add_option("--peers", wanted.peers, "Peers of the ring")
      ->check(CLI::Range(16, 1'000'000))
      ->capture_default_str();
  app.add_option("--sessions", wanted.sessions, "Mean session times in minutes, a row for each")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--lookups", wanted.lookups, "Of random points through random peers, for each row")
      ->capture_default_str();
  app.add_option("--minutes", wanted.minutes, "Over which they are asked; 0: one mean session")
      ->capture_default_str();
  app.add_flag("--data", wanted.data,
               "Storage and replication from the start, not when they are first needed");
  app.add_flag("--failures", wanted.failures, "Also a line for each lookup that does not succeed");
  app.add_option("--seed", wanted.seed, "Of everything that is drawn")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::cout
      << "| mean session | asked over | fell silent, left | join: p50, p99 | lookups | succeed | no answer, "
         "wrong peer | hops | time: p50, p99, p99.9 | bytes per peer and second | one ring after 2 min |\n"
         "|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const double minutes : wanted.sessions) row(wanted, minutes);
  return 0;
}

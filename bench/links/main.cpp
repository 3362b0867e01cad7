// What a link over datagrams carries, and how long a message takes, with the RFC's sender and with ours:
// between two ends in virtual time, on paths with delay and loss. Nothing depends on the machine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <set>
#include <vector>

#include "tests/support/simulated_wire.hpp"

namespace ringway {
namespace {

using link::SenderAlgorithm;
using test::End;
using test::PathSettings;
using test::SimulatedWire;

struct Options {
  std::vector<int> delays_ms{1, 50};
  std::vector<double> losses_percent{0, 1, 5};
  int seconds = 60;
  int seeds = 10;
  std::size_t message_bytes = 1000;
  int pause_ms = 500;
};

struct Measured {
  double messages_per_second = 0;
  Duration p50{0}, p99{0};
};

// Always with more to send than the link takes.
double rate(const Options& options, SenderAlgorithm sender, const PathSettings& path) {
  std::size_t delivered = 0;
  for (int seed = 1; seed <= options.seeds; ++seed) {
    SimulatedWire wire(static_cast<std::uint64_t>(seed), path, {.sender = sender});
    std::uint32_t next = 0;
    const MonoTime end = wire.now() + Duration{options.seconds * 1000};
    wire.run(
        [&] {
          while (wire.link(End::left).sender().room() > 0)
            wire.send(End::left, test::numbered_message(next++, options.message_bytes));
          return wire.now() >= end;
        },
        Duration{options.seconds * 1000 + 1});
    std::set<std::uint32_t> numbers;
    for (const auto& one : wire.delivered(End::right)) numbers.insert(test::number_of_message(one.message));
    delivered += numbers.size();
  }
  return static_cast<double>(delivered) / (options.seconds * options.seeds);
}

// One message now and then; until each has come for the first time.
void latency(const Options& options, SenderAlgorithm sender, const PathSettings& path, Measured& out) {
  std::vector<Duration> times;
  for (int seed = 1; seed <= options.seeds; ++seed) {
    SimulatedWire wire(static_cast<std::uint64_t>(seed), path, {.sender = sender});
    std::vector<MonoTime> sent;
    for (int ms = 0; ms < options.seconds * 1000; ms += options.pause_ms) {
      const auto number = static_cast<std::uint32_t>(sent.size());
      sent.push_back(wire.now());
      wire.send(End::left, test::numbered_message(number, options.message_bytes));
      wire.run_for(Duration{options.pause_ms} - (wire.now() - sent.back()));
    }
    wire.run_for(Duration{30'000});
    std::set<std::uint32_t> seen;
    for (const auto& one : wire.delivered(End::right)) {
      const auto number = test::number_of_message(one.message);
      if (seen.insert(number).second) times.push_back(one.at - sent.at(number));
    }
  }
  std::sort(times.begin(), times.end());
  if (times.empty()) return;
  out.p50 = times[times.size() / 2];
  out.p99 = times[times.size() * 99 / 100];
}

Measured measure(const Options& options, SenderAlgorithm sender, const PathSettings& path) {
  Measured out;
  out.messages_per_second = rate(options, sender, path);
  latency(options, sender, path, out);
  return out;
}

void print(const Options& options) {
  std::printf(
      "| delay each way | loss | stop and wait: messages/s | p50, p99 | windowed: messages/s | p50, p99 | "
      "ratio |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const int delay_ms : options.delays_ms)
    for (const double loss_percent : options.losses_percent) {
      const PathSettings path{.delay = Duration{delay_ms}, .loss = loss_percent / 100};
      const Measured simple = measure(options, SenderAlgorithm::stop_and_wait, path);
      const Measured ours = measure(options, SenderAlgorithm::windowed, path);
      std::printf("| %d ms | %g %% | %.1f | %ld, %ld ms | %.1f | %ld, %ld ms | %.1f |\n", delay_ms,
                  loss_percent, simple.messages_per_second, static_cast<long>(simple.p50.count()),
                  static_cast<long>(simple.p99.count()), ours.messages_per_second,
                  static_cast<long>(ours.p50.count()), static_cast<long>(ours.p99.count()),
                  ours.messages_per_second / simple.messages_per_second);
    }
}

}  // namespace
}  // namespace ringway

int main(int argc, char** argv) {
  CLI::App app("What a link over datagrams carries: the sender of RFC 6940 section 6.6.3.1 and ours");
  ringway::Options options;
  app.add_option("--delays", options.delays_ms, "Delays of the path each way, in ms");
  app.add_option("--losses", options.losses_percent, "Losses, in percent of the datagrams either way");
  app.add_option("--seconds", options.seconds, "Virtual seconds of each run")->check(CLI::Range(1, 3600));
  app.add_option("--seeds", options.seeds, "Runs of each")->check(CLI::Range(1, 1000));
  app.add_option("--bytes", options.message_bytes, "Of a message")->check(CLI::Range(4, 1100));
  app.add_option("--pause", options.pause_ms, "Between two messages whose time is measured, in ms")
      ->check(CLI::Range(1, 10'000));
  CLI11_PARSE(app, argc, argv);
  try {
    ringway::print(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_links: %s\n", error.what());
    return 1;
  }
  return 0;
}

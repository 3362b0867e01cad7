// Loads a TURN server on the loopback interface, this program's own (`serve`) or another (bench/relay/run),
// and says what it did and what that cost it.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>
#include <thread>

#include "bench/relay/clients.hpp"
#include "bench/relay/served_relay.hpp"

namespace ringway::bench {
namespace {

struct Options {
  std::string address = "127.0.0.1", user = "bench", password = "bench", realm = "example.org";
  std::uint16_t port = 13'478;
  std::size_t threads = 1;
  std::string work = "relay";
  int server_process = 0;
  std::size_t clients = 10, in_flight = 8, payload_bytes = 160;
  double seconds = 3;
};

// Of the whole process, in seconds: fields 14 and 15 of proc(5)'s stat.
double processor_time_of(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) return 0;
  std::istringstream rest(text.substr(text.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t memory_kb_of(int process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("VmRSS:")) return std::stoul(line.substr(6));
  return 0;
}

void tell(std::string_view what, double value) { std::cout << what << ' ' << value << '\n'; }

void tell(const Measured& measured, double processor_s, std::size_t payload_bytes) {
  const auto count = static_cast<double>(measured.count);
  tell("per_second", count / measured.seconds);
  if (payload_bytes != 0)
    tell("megabits_per_second", 8e-6 * count * static_cast<double>(payload_bytes) / measured.seconds);
  tell("processor_us_each", 1e6 * processor_s / count);
  tell("processor_share", processor_s / measured.seconds);
}

int load(const Options& options) {
  const auto relay = stun::address_of(options.address, options.port);
  const auto peer = stun::address_of("127.0.0.2", 0);
  if (!relay || !peer) throw std::runtime_error("no address of IPv4: " + options.address);
  Clients clients({*relay, *peer, options.user, options.password, options.realm}, options.clients);
  constexpr std::size_t k_at_a_time = 64;
  const auto memory_before_kb = memory_kb_of(options.server_process);
  const auto measure = [&options](auto work, std::size_t payload_bytes) {
    const double before = processor_time_of(options.server_process);
    const auto measured = work();
    tell(measured, processor_time_of(options.server_process) - before, payload_bytes);
  };
  if (options.work == "bindings") {
    measure([&] { return clients.ask_where(options.seconds, options.in_flight); }, 0);
    return 0;
  }
  if (options.work == "allocations") {
    measure([&] { return clients.allocate(k_at_a_time); }, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const auto more_kb = memory_kb_of(options.server_process) - memory_before_kb;
    tell("kilobytes_each", static_cast<double>(more_kb) / static_cast<double>(options.clients));
  } else {
    clients.allocate(k_at_a_time);
    clients.bind_channels(k_at_a_time);
    clients.relay(0.5, options.in_flight, options.payload_bytes);  // until it runs evenly
    measure([&] { return clients.relay(options.seconds, options.in_flight, options.payload_bytes); },
            options.payload_bytes);
  }
  clients.end(k_at_a_time);
  return 0;
}

}  // namespace
}  // namespace ringway::bench

int main(int argc, char** argv) {
  using namespace ringway;
  bench::Options options;
  CLI::App app("Loads a TURN server on the loopback interface");
  app.require_subcommand(1);
  auto* const serve = app.add_subcommand("serve", "Ringway's relay, until the process is ended");
  serve->add_option("--threads", options.threads, "of its data path");
  auto* const load = app.add_subcommand("load", "clients of a relay that runs");
  load->add_option("--work", options.work)->check(CLI::IsMember({"relay", "allocations", "bindings"}));
  load->add_option("--server-process", options.server_process, "whose processor time and memory are told");
  load->add_option("--clients", options.clients)->check(CLI::Range(1, 16'000));
  load->add_option("--in-flight", options.in_flight, "of each client")->check(CLI::Range(1, 64));
  load->add_option("--payload-bytes", options.payload_bytes)->check(CLI::Range(0, 9'000));
  load->add_option("--seconds", options.seconds);
  for (auto* const each : {serve, load}) {
    each->add_option("--address", options.address);
    each->add_option("--port", options.port);
    each->add_option("--user", options.user);
    each->add_option("--password", options.password);
    each->add_option("--realm", options.realm);
  }
  CLI11_PARSE(app, argc, argv);
  try {
    if (load->parsed()) return bench::load(options);
    const auto at = stun::address_of(options.address, options.port);
    if (!at) throw std::runtime_error("no address: " + options.address);
    std::cerr << bench::serve({*at, options.threads, options.user, options.password, options.realm}) << '\n';
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
  }
  return 1;
}

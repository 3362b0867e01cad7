// What the whole-overlay tests do too often for one process of `ringway` each: many puts and gets in batches,
// over many peers, the rings of all of them, and clients that put, get and watch without pause. Prints JSON.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "ringway/v1/overlay.grpc.pb.h"
#include "ringway/v1/peer.grpc.pb.h"
#include "tests/overlay/overlay_client/calls.hpp"
#include "tests/overlay/overlay_client/load.hpp"

namespace {

using namespace ringway;
using namespace ringway::overlay_client;

constexpr std::chrono::milliseconds k_pause_before_retry{250};

struct Options {
  std::vector<std::string> apis;
  std::string prefix = "shared/value-";
  int count = 1000;
  int batch = 100;
  double deadline_s = 30;
};

std::string key_of(const Options& options, int number) { return options.prefix + std::to_string(number); }
std::string value_of(const std::string& key) { return "the value of " + key; }

// Sends `numbers` in batches; `add` fills each operation, `take` sees each result. A batch that fails as a
// whole gives each of its operations that error.
template <typename Add, typename Take>
void in_batches(v1::Overlay::Stub& stub, const std::vector<int>& numbers, int batch_size, Add add,
                Take take) {
  for (std::size_t first = 0; first < numbers.size(); first += static_cast<std::size_t>(batch_size)) {
    const std::size_t end = std::min(numbers.size(), first + static_cast<std::size_t>(batch_size));
    v1::BatchRequest request;
    for (std::size_t i = first; i < end; ++i) add(*request.add_operations(), numbers[i]);
    v1::BatchResponse response;
    const auto status = stub.Batch(context().get(), request, &response);
    for (std::size_t i = first; i < end; ++i) {
      v1::OperationResult failed;
      failed.mutable_error()->set_code(status.error_code());
      failed.mutable_error()->set_message(status.error_message());
      take(numbers[i], status.ok() ? response.results(static_cast<int>(i - first)) : failed);
    }
  }
}

std::vector<int> all_numbers(const Options& options) {
  std::vector<int> numbers;
  for (int i = 0; i < options.count; ++i) numbers.push_back(i);
  return numbers;
}

// Puts the values, value i through API i modulo their number; says which were acknowledged, on how many
// copies, and why others were not.
int put(const Options& options) {
  nlohmann::ordered_json acknowledged = nlohmann::ordered_json::array();
  std::map<std::string, int> errors;
  std::map<std::string, int> copies;
  const auto started = Clock::now();
  for (std::size_t a = 0; a < options.apis.size(); ++a) {
    std::vector<int> mine;
    for (const int number : all_numbers(options)) {
      if (static_cast<std::size_t>(number) % options.apis.size() == a) mine.push_back(number);
    }
    const auto stub = v1::Overlay::NewStub(channel_to(options.apis[a]));
    in_batches(
        *stub, mine, options.batch,
        [&](v1::Operation& operation, int number) {
          operation.mutable_put()->set_key(key_of(options, number));
          operation.mutable_put()->set_value(value_of(key_of(options, number)));
        },
        [&](int number, const v1::OperationResult& result) {
          if (result.has_put()) {
            acknowledged.push_back(number);
            ++copies[std::to_string(result.put().copies()) + "/" +
                     std::to_string(result.put().copies_wanted())];
          } else {
            ++errors[std::to_string(result.error().code()) + ": " + result.error().message()];
          }
        });
  }
  const std::chrono::duration<double> took = Clock::now() - started;
  std::cout << nlohmann::ordered_json{{"acknowledged", acknowledged},
                                      {"copies", copies},
                                      {"errors", errors},
                                      {"seconds", took.count()}}
            << '\n';
  return 0;
}

bool is_right(const v1::OperationResult& result, const std::string& key) {
  if (!result.has_get()) return false;
  return std::any_of(result.get().entries().begin(), result.get().entries().end(),
                     [&key](const v1::Entry& entry) { return entry.value() == value_of(key); });
}

// Gets the values whose numbers are on standard input (a JSON list; all when it is empty) through every API,
// again and again until all are found or time is up; says what is missing where, and why.
int check(const Options& options) {
  std::vector<int> numbers = all_numbers(options);
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  if (!input.empty()) numbers = nlohmann::json::parse(input).get<std::vector<int>>();
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(options.deadline_s));
  const auto started = Clock::now();
  nlohmann::ordered_json missing = nlohmann::ordered_json::object();
  std::map<std::string, int> errors;
  int retries = 0;
  for (const auto& api : options.apis) {
    const auto stub = v1::Overlay::NewStub(channel_to(api));
    std::vector<int> left = numbers;
    while (true) {
      std::vector<int> again;
      errors.clear();
      in_batches(
          *stub, left, options.batch,
          [&](v1::Operation& operation, int number) {
            operation.mutable_get()->set_key(key_of(options, number));
          },
          [&](int number, const v1::OperationResult& result) {
            if (is_right(result, key_of(options, number))) return;
            again.push_back(number);
            ++errors[result.has_error()
                         ? std::to_string(result.error().code()) + ": " + result.error().message()
                         : "another value"];
          });
      left = std::move(again);
      if (left.empty() || Clock::now() > end) break;
      ++retries;
      std::this_thread::sleep_for(k_pause_before_retry);
    }
    if (!left.empty()) missing[api] = {{"numbers", left}, {"errors", errors}};
  }
  const std::chrono::duration<double> took = Clock::now() - started;
  std::cout << nlohmann::ordered_json{{"values", numbers.size()},
                                      {"peers", options.apis.size()},
                                      {"missing", missing},
                                      {"retries", retries},
                                      {"seconds", took.count()}}
            << '\n';
  return missing.empty() ? 0 : 1;
}

// The rings of all the peers, a list in the order of the APIs; null for one that does not answer.
int rings(const Options& options) {
  auto out = nlohmann::ordered_json::array();
  const auto list = [](const auto& items) { return std::vector<std::string>(items.begin(), items.end()); };
  for (const auto& api : options.apis) {
    v1::RingResponse ring;
    const auto status = v1::Peer::NewStub(channel_to(api))->Ring(context().get(), {}, &ring);
    if (!status.ok()) {
      out.push_back(nullptr);
      continue;
    }
    auto links = nlohmann::ordered_json::array();
    for (const auto& link : ring.links()) links.push_back({{"node", link.node()}});
    out.push_back({{"node", ring.node()},
                   {"user", ring.user()},
                   {"joined", ring.joined()},
                   {"phase", ring.phase()},
                   {"predecessors", list(ring.predecessors())},
                   {"successors", list(ring.successors())},
                   {"fingers", list(ring.fingers())},
                   {"links", std::move(links)}});
  }
  std::cout << out << '\n';
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Many calls to many peers, for the whole-overlay tests.");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_option("--api", options.apis, "Peers' APIs; may be repeated")->required();
  app.add_option("--prefix", options.prefix, "Of the keys");
  app.add_option("--count", options.count, "How many values");
  app.add_option("--batch", options.batch, "Operations in one batch")->check(CLI::Range(1, 1024));
  app.add_option("--deadline", options.deadline_s, "Seconds in which everything must be found");
  const auto* put_command = app.add_subcommand("put", "Store the values");
  const auto* check_command = app.add_subcommand("check", "Find the values through every peer");
  const auto* load_command = app.add_subcommand(
      "load",
      "A client for each API puts and gets until the deadline, and watches until standard input ends");
  const auto* verify_command =
      app.add_subcommand("verify", "Find what `load` (standard input) says must be there");
  app.add_subcommand("rings", "The rings of the peers");
  CLI11_PARSE(app, argc, argv);
  try {
    if (put_command->parsed()) return put(options);
    if (check_command->parsed()) return check(options);
    if (load_command->parsed())
      return run_load({options.apis, options.prefix, options.count, options.deadline_s});
    if (verify_command->parsed()) return verify_load(options.apis, options.deadline_s);
    return rings(options);
  } catch (const std::exception& problem) {
    std::cerr << "overlay_client: " << problem.what() << '\n';
    return 2;
  }
}

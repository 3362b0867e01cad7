// Loads the API of a running peer as many clients at once would, from one thread, and prints operations a
// second and latencies: put, get, put in batches, get in batches. bench/api/run starts a peer of its own for
// it.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "ringway/v1/overlay.grpc.pb.h"
#include "services/client/channel.hpp"

namespace {

using namespace ringway;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string api;
  std::size_t clients = 64;
  std::size_t channels = 4;
  std::size_t batch = 100;
  std::size_t value_bytes = 256;
  std::size_t keys = 10'000;
  double seconds = 5;
  bool json = false;
};

struct Figures {
  std::string work;
  double per_second = 0, p50_ms = 0, p99_ms = 0;
  std::size_t errors = 0;
};

// One client: a call under way at any time.
template <typename Request, typename Response>
struct Client {
  std::unique_ptr<grpc::ClientContext> context;
  Request request;
  Response response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
  Clock::time_point started;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options) {
    for (std::size_t i = 0; i < options.channels; ++i) {
      services::ClientSettings settings;
      settings.api = options.api;
      auto channel = services::open_channel(settings);
      if (!channel) throw std::runtime_error(channel.error().reason);
      stubs_.push_back(v1::Overlay::NewStub(*channel));
    }
  }

  template <typename Request, typename Response, typename Prepare, typename Fill, typename Good>
  Figures run(const std::string& work, std::size_t operations_a_call, Prepare prepare, Fill fill, Good good) {
    using OneClient = Client<Request, Response>;
    grpc::CompletionQueue queue;
    std::vector<OneClient> clients(options_.clients);
    std::vector<double> latencies_ms;
    Figures figures{work, 0, 0, 0, 0};
    const auto start = Clock::now();
    const auto end = start + std::chrono::duration<double>(options_.seconds);
    const auto begin = [&](OneClient& client, std::size_t number) {
      client.context = std::make_unique<grpc::ClientContext>();
      client.request.Clear();
      fill(client.request);
      client.started = Clock::now();
      client.reader =
          (stubs_[number % stubs_.size()].get()->*prepare)(client.context.get(), client.request, &queue);
      client.reader->StartCall();
      client.reader->Finish(&client.response, &client.status, &client);
    };
    for (std::size_t i = 0; i < clients.size(); ++i) begin(clients[i], i);
    std::size_t under_way = clients.size();
    void* tag = nullptr;
    bool ok = false;
    while (under_way > 0 && queue.Next(&tag, &ok)) {
      auto& client = *static_cast<OneClient*>(tag);
      const auto now = Clock::now();
      latencies_ms.push_back(std::chrono::duration<double, std::milli>(now - client.started).count());
      if (!client.status.ok() || !good(client.response)) ++figures.errors;
      if (now < end) {
        begin(client, static_cast<std::size_t>(&client - clients.data()));
      } else {
        --under_way;
      }
    }
    const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
    std::sort(latencies_ms.begin(), latencies_ms.end());
    figures.per_second = static_cast<double>(latencies_ms.size() * operations_a_call) / took_s;
    figures.p50_ms = latencies_ms[latencies_ms.size() / 2];
    figures.p99_ms = latencies_ms[latencies_ms.size() * 99 / 100];
    return figures;
  }

  std::vector<Figures> all() {
    const auto fill_put = [&](v1::PutRequest& put) {
      put.set_key(key(next_++));
      put.set_value(std::string(options_.value_bytes, 'v'));
    };
    const auto fill_get = [&](v1::GetRequest& get) { get.set_key(key(random_())); };
    const auto batch_of = [&](auto one) {
      return [&, one](v1::BatchRequest& batch) {
        for (std::size_t i = 0; i < options_.batch; ++i) one(*batch.add_operations());
      };
    };
    const auto all_good = [](const v1::BatchResponse& response) {
      return std::none_of(response.results().begin(), response.results().end(),
                          [](const auto& result) { return result.has_error(); });
    };
    std::vector<Figures> out;
    // First in batches, so that every key is there for the gets.
    out.push_back(run<v1::BatchRequest, v1::BatchResponse>(
        "put, in batches", options_.batch, &v1::Overlay::Stub::PrepareAsyncBatch,
        batch_of([&](v1::Operation& operation) { fill_put(*operation.mutable_put()); }), all_good));
    out.push_back(
        run<v1::PutRequest, v1::PutResponse>("put", 1, &v1::Overlay::Stub::PrepareAsyncPut, fill_put,
                                             [](const v1::PutResponse& put) { return put.copies() > 0; }));
    out.push_back(run<v1::GetRequest, v1::GetResponse>(
        "get", 1, &v1::Overlay::Stub::PrepareAsyncGet, fill_get,
        [](const v1::GetResponse& got) { return got.entries_size() == 1; }));
    out.push_back(run<v1::BatchRequest, v1::BatchResponse>(
        "get, in batches", options_.batch, &v1::Overlay::Stub::PrepareAsyncBatch,
        batch_of([&](v1::Operation& operation) { fill_get(*operation.mutable_get()); }), all_good));
    return out;
  }

 private:
  std::string key(std::size_t number) const {
    return "shared/load-" + std::to_string(number % options_.keys);
  }

  const Options& options_;
  std::vector<std::unique_ptr<v1::Overlay::Stub>> stubs_;
  std::size_t next_ = 0;
  std::mt19937_64 random_{1};
};

void print(const Options& options, const std::vector<Figures>& all) {
  if (options.json) {
    auto out = nlohmann::ordered_json::array();
    for (const auto& one : all) {
      out.push_back({{"work", one.work},
                     {"per_second", one.per_second},
                     {"p50_ms", one.p50_ms},
                     {"p99_ms", one.p99_ms},
                     {"errors", one.errors}});
    }
    std::cout << out.dump(2) << "\n";
    return;
  }
  std::printf("%-18s %14s %10s %10s %8s\n", "", "operations/s", "p50 ms", "p99 ms", "errors");
  for (const auto& one : all)
    std::printf("%-18s %14.0f %10.2f %10.2f %8zu\n", one.work.c_str(), one.per_second, one.p50_ms, one.p99_ms,
                one.errors);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Loads the API of a running peer and prints operations a second and latencies.");
  app.add_option("--api", options.api, "The peer's API: unix:PATH or HOST:PORT")->required();
  app.add_option("--clients", options.clients, "Calls under way at once")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--channels", options.channels, "Connections they share")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--batch", options.batch, "Operations of one Batch")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_option("--value-bytes", options.value_bytes, "Size of a value")->capture_default_str();
  app.add_option("--keys", options.keys, "Number of keys")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--seconds", options.seconds, "Length of each of the four parts")->capture_default_str();
  app.add_flag("--json", options.json, "JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  try {
    print(options, Load(options).all());
  } catch (const std::exception& error) {
    std::cerr << "bench_api: " << error.what() << "\n";
    return 1;
  }
  return 0;
}

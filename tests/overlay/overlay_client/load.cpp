#include "tests/overlay/overlay_client/load.hpp"

#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/overlay/overlay_client/calls.hpp"
#include "tests/overlay/overlay_client/watches.hpp"

namespace ringway::overlay_client {

namespace {

constexpr std::chrono::milliseconds k_pause{5};
constexpr std::chrono::milliseconds k_pause_before_retry{250};
// A key that is put once and never again has to live on copies that are made of copies.
constexpr int k_rounds_for_one_that_stays = 10;
// In which a watcher must have been told everything once the overlay is quiet: far less than the time after
// which a peer reads what it watches anyway (200 s), which would make up for a notice that got lost.
constexpr double k_told_within_s = 30;

Clock::time_point in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

struct Outcome {
  Expected expected;
  std::map<std::string, int> errors;
  int puts = 0, acknowledged = 0, gets = 0, found = 0, wrong = 0;
};

// One application: it writes its keys in turn, and reads one of them after each write.
class Client {
 public:
  Client(const std::string& api, std::string prefix, int keys)
      : stub_(v1::Overlay::NewStub(channel_to(api))), prefix_(std::move(prefix)), keys_(keys) {}

  Outcome run(Clock::time_point end) {
    for (int round = 0; Clock::now() < end; ++round) {
      const std::string key = prefix_ + std::to_string(round % keys_);
      put(key, key + " round " + std::to_string(round));
      get(prefix_ + std::to_string((round * 7 + 3) % keys_));
      if (round % k_rounds_for_one_that_stays == 0)
        put(prefix_ + "stays-" + std::to_string(round), "put in round " + std::to_string(round));
      std::this_thread::sleep_for(k_pause);
    }
    return std::move(outcome_);
  }

 private:
  void put(const std::string& key, const std::string& value) {
    v1::PutRequest request;
    request.set_key(key);
    request.set_value(value);
    v1::PutResponse response;
    ++outcome_.puts;
    auto& expected = outcome_.expected[key];
    const auto status = stub_->Put(context().get(), request, &response);
    if (status.ok()) {
      ++outcome_.acknowledged;
      acknowledged_.insert(key);
      expected.clear();
    } else {
      ++outcome_.errors["put: " + status.error_message()];
    }
    expected.push_back(value);
  }
  void get(const std::string& key) {
    const auto expected = outcome_.expected.find(key);
    if (expected == outcome_.expected.end()) return;
    v1::GetRequest request;
    request.set_key(key);
    v1::GetResponse response;
    ++outcome_.gets;
    const auto status = stub_->Get(context().get(), request, &response);
    if (!status.ok()) {
      // The last value of the key, or the one before, was acknowledged.
      if (status.error_code() == grpc::StatusCode::NOT_FOUND && acknowledged_.contains(key)) ++outcome_.wrong;
      ++outcome_.errors["get: " + status.error_message()];
    } else if (fault_of(response.entries(), expected->second).empty()) {
      ++outcome_.found;
    } else {
      ++outcome_.wrong;
    }
  }

  std::unique_ptr<v1::Overlay::Stub> stub_;
  std::string prefix_;
  int keys_;
  std::set<std::string> acknowledged_;
  Outcome outcome_;
};

std::string key_prefix(const Load& load, std::size_t client) {
  return load.prefix + std::to_string(client) + "-";
}

// All the clients' keys, at each client's peer.
std::vector<std::unique_ptr<Watches>> watch_everything(const Load& load) {
  std::vector<std::string> keys;
  for (std::size_t client = 0; client < load.apis.size(); ++client)
    for (int key = 0; key < load.keys; ++key) keys.push_back(key_prefix(load, client) + std::to_string(key));
  std::vector<std::unique_ptr<Watches>> watches;
  for (const std::string& api : load.apis) watches.push_back(std::make_unique<Watches>(api, keys));
  return watches;
}

Outcome put_and_get(const Load& load) {
  std::mutex mutex;
  Outcome all;
  const auto end = in(load.seconds);
  std::vector<std::jthread> clients;
  for (std::size_t i = 0; i < load.apis.size(); ++i)
    clients.emplace_back([&, i] {
      Client client(load.apis[i], key_prefix(load, i), load.keys);
      auto mine = client.run(end);
      const std::lock_guard lock(mutex);
      all.expected.merge(mine.expected);
      for (const auto& [error, count] : mine.errors) all.errors[error] += count;
      all.puts += mine.puts;
      all.acknowledged += mine.acknowledged;
      all.gets += mine.gets;
      all.found += mine.found;
      all.wrong += mine.wrong;
    });
  clients.clear();  // until all have ended
  return all;
}

nlohmann::ordered_json outcome_of(const Load& load, const std::vector<std::unique_ptr<Watches>>& watches,
                                  const Expected& expected) {
  const auto started = Clock::now();
  const auto end = in(k_told_within_s);
  auto missed = nlohmann::ordered_json::object();
  while (true) {
    missed.clear();
    for (std::size_t i = 0; i < watches.size(); ++i) {
      auto mine = watches[i]->missed(expected);
      if (!mine.empty()) missed[load.apis[i]] = std::move(mine);
    }
    if (missed.empty() || Clock::now() > end) break;
    std::this_thread::sleep_for(k_pause_before_retry);
  }
  const std::chrono::duration<double> took = Clock::now() - started;
  WatchCounts counts;
  for (const auto& one : watches) counts.add(one->counts());
  return {{"keys", load.apis.size() * static_cast<std::size_t>(load.keys)},
          {"events", counts.events},
          {"compacted", counts.compacted},
          {"vanished", counts.vanished},
          {"went_back", counts.went_back},
          {"resumed", counts.resumed},
          {"ended", counts.ended},
          {"missed", std::move(missed)},
          {"seconds", took.count()}};
}

}  // namespace

int run_load(const Load& load) {
  const auto watches = watch_everything(load);
  const Outcome all = put_and_get(load);
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  std::cout << nlohmann::ordered_json{{"puts", all.puts},
                                      {"acknowledged", all.acknowledged},
                                      {"gets", all.gets},
                                      {"found", all.found},
                                      {"wrong", all.wrong},
                                      {"errors", all.errors},
                                      {"expected", all.expected},
                                      {"watches", outcome_of(load, watches, all.expected)}}
            << '\n';
  return 0;
}

int verify_load(const std::vector<std::string>& apis, double seconds) {
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  const auto expected = nlohmann::json::parse(input).at("expected").get<Expected>();
  const auto end = in(seconds);
  auto missing = nlohmann::ordered_json::object();
  for (const auto& api : apis) {
    const auto stub = v1::Overlay::NewStub(channel_to(api));
    for (const auto& [key, values] : expected) {
      std::string fault;
      while (true) {
        v1::GetRequest request;
        request.set_key(key);
        v1::GetResponse response;
        const auto status = stub->Get(context().get(), request, &response);
        fault = status.ok() ? fault_of(response.entries(), values) : status.error_message();
        if (fault.empty() || Clock::now() > end) break;
        std::this_thread::sleep_for(k_pause_before_retry);
      }
      if (!fault.empty()) missing[api][key] = fault;
    }
  }
  std::cout << nlohmann::ordered_json{{"values", expected.size()},
                                      {"peers", apis.size()},
                                      {"missing", missing}}
            << '\n';
  return missing.empty() ? 0 : 1;
}

}  // namespace ringway::overlay_client

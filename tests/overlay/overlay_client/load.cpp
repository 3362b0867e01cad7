#include "tests/overlay/overlay_client/load.hpp"

#include <algorithm>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/overlay/overlay_client/calls.hpp"

namespace ringway::overlay_client {

namespace {

constexpr std::chrono::milliseconds k_pause{5};
constexpr std::chrono::milliseconds k_pause_before_retry{250};

Clock::time_point in(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

struct Outcome {
  std::map<std::string, std::vector<std::string>> expected;  // values that may be there, by key
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
      ++outcome_.errors["get: " + status.error_message()];
    } else if (response.entries_size() == 1 &&
               std::find(expected->second.begin(), expected->second.end(), response.entries(0).value()) !=
                   expected->second.end()) {
      ++outcome_.found;
    } else {
      ++outcome_.wrong;
    }
  }

  std::unique_ptr<v1::Overlay::Stub> stub_;
  std::string prefix_;
  int keys_;
  Outcome outcome_;
};

}  // namespace

int run_load(const Load& load) {
  std::mutex mutex;
  Outcome all;
  const auto end = in(load.seconds);
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < load.apis.size(); ++i)
      clients.emplace_back([&, i] {
        Client client(load.apis[i], load.prefix + std::to_string(i) + "-", load.keys);
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
  }
  std::cout << nlohmann::ordered_json{{"puts", all.puts},        {"acknowledged", all.acknowledged},
                                      {"gets", all.gets},        {"found", all.found},
                                      {"wrong", all.wrong},      {"errors", all.errors},
                                      {"expected", all.expected}}
            << '\n';
  return 0;
}

int verify_load(const std::vector<std::string>& apis, double seconds) {
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  const auto expected =
      nlohmann::json::parse(input).at("expected").get<std::map<std::string, std::vector<std::string>>>();
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
        fault = status.ok() ? "another value: " + response.entries(0).value() : status.error_message();
        if (status.ok() &&
            std::find(values.begin(), values.end(), response.entries(0).value()) != values.end()) {
          fault.clear();
          break;
        }
        if (Clock::now() > end) break;
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

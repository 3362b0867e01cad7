// Loads an Overlay service as many clients at once would, from one thread: each client has one call under way
// at any time. Measures operations a second, latencies, and the processor time that both sides spend.
#pragma once

#include <grpcpp/channel.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "ringway/v1/overlay.grpc.pb.h"

namespace ringway::bench {

struct LoadSettings {
  std::size_t clients = 64;
  std::size_t connections = 4;
  std::size_t batch = 100;
  std::size_t value_bytes = 256;
  std::size_t keys = 10'000;
  double seconds = 5;
  std::string only;  // one part by name; all when empty
};

struct Figures {
  std::string work;
  double per_second = 0, p50_ms = 0, p99_ms = 0;
  // Of one operation, user and system together: what stays the same when the machine has other work as well.
  double client_cpu_us = 0, server_cpu_us = 0;
  std::size_t errors = 0;
};

class Load {
 public:
  // `server_pid` is where the other side runs; 0 leaves its processor time out.
  Load(const LoadSettings& settings, const std::string& api, int server_pid);

  // Puts every key once, then measures put and get, one by one and in batches.
  std::vector<Figures> run_all();

 private:
  template <typename Request, typename Response, typename Prepare, typename Fill, typename Good>
  Figures run(const std::string& work, std::size_t operations_a_call, double seconds, Prepare prepare,
              Fill fill, Good good);
  Figures put(double seconds);
  Figures get(double seconds);
  Figures put_in_batches(double seconds);
  Figures get_in_batches(double seconds);
  void fill(v1::PutRequest& put);
  void fill(v1::GetRequest& get);
  std::string key(std::size_t number) const;

  const LoadSettings settings_;
  const int server_pid_;
  std::vector<std::unique_ptr<v1::Overlay::Stub>> stubs_;
  std::size_t next_ = 0;
  std::mt19937_64 random_{1};
};

}  // namespace ringway::bench

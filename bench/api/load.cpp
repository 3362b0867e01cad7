#include "bench/api/load.hpp"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace ringway::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_max_answer_bytes = 64 << 20;

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

std::shared_ptr<grpc::Channel> open_connection(const std::string& api) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(k_max_answer_bytes);
  arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, "localhost");
  // Else all channels to one address share one connection.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(api, grpc::InsecureChannelCredentials(), arguments);
}

double own_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto us = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return us(usage.ru_utime) + us(usage.ru_stime);
}

double cpu_us_of(int pid) {
  if (pid == 0) return 0;
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  // State, then ten numbers, then utime and stime (proc(5)).
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user_ticks = 0, system_ticks = 0;
  fields >> user_ticks >> system_ticks;
  return (user_ticks + system_ticks) * 1e6 / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

bool all_good(const v1::BatchResponse& response) {
  return std::none_of(response.results().begin(), response.results().end(),
                      [](const auto& result) { return result.has_error(); });
}

}  // namespace

Load::Load(const LoadSettings& settings, const std::string& api, int server_pid)
    : settings_(settings), server_pid_(server_pid) {
  for (std::size_t i = 0; i < settings.connections; ++i)
    stubs_.push_back(v1::Overlay::NewStub(open_connection(api)));
}

std::string Load::key(std::size_t number) const {
  return "shared/load-" + std::to_string(number % settings_.keys);
}

template <typename Request, typename Response, typename Prepare, typename Fill, typename Good>
Figures Load::run(const std::string& work, std::size_t operations_a_call, double seconds, Prepare prepare,
                  Fill fill, Good good) {
  using OneClient = Client<Request, Response>;
  grpc::CompletionQueue queue;
  std::vector<OneClient> clients(settings_.clients);
  std::vector<double> latencies_ms;
  Figures figures;
  figures.work = work;
  const double client_before_us = own_cpu_us(), server_before_us = cpu_us_of(server_pid_);
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  const auto begin = [&](OneClient& client) {
    const auto number = static_cast<std::size_t>(&client - clients.data());
    client.context = std::make_unique<grpc::ClientContext>();
    client.context->set_wait_for_ready(true);
    client.request.Clear();
    fill(client.request);
    client.started = Clock::now();
    client.reader =
        (stubs_[number % stubs_.size()].get()->*prepare)(client.context.get(), client.request, &queue);
    client.reader->StartCall();
    client.reader->Finish(&client.response, &client.status, &client);
  };
  for (auto& client : clients) begin(client);
  std::size_t under_way = clients.size();
  void* tag = nullptr;
  bool ok = false;
  while (under_way > 0 && queue.Next(&tag, &ok)) {
    auto& client = *static_cast<OneClient*>(tag);
    const auto now = Clock::now();
    latencies_ms.push_back(std::chrono::duration<double, std::milli>(now - client.started).count());
    if (!client.status.ok() || !good(client.response)) ++figures.errors;
    if (now < end) {
      begin(client);
    } else {
      --under_way;
    }
  }
  const double took_s = std::chrono::duration<double>(Clock::now() - start).count();
  const auto operations = static_cast<double>(latencies_ms.size() * operations_a_call);
  std::sort(latencies_ms.begin(), latencies_ms.end());
  figures.per_second = operations / took_s;
  figures.p50_ms = latencies_ms[latencies_ms.size() / 2];
  figures.p99_ms = latencies_ms[latencies_ms.size() * 99 / 100];
  figures.client_cpu_us = (own_cpu_us() - client_before_us) / operations;
  figures.server_cpu_us = (cpu_us_of(server_pid_) - server_before_us) / operations;
  return figures;
}

void Load::fill(v1::PutRequest& put) {
  put.set_key(key(next_++));
  put.set_value(std::string(settings_.value_bytes, 'v'));
}

void Load::fill(v1::GetRequest& get) { get.set_key(key(random_())); }

Figures Load::put(double seconds) {
  return run<v1::PutRequest, v1::PutResponse>(
      "put", 1, seconds, &v1::Overlay::Stub::PrepareAsyncPut, [this](v1::PutRequest& put) { fill(put); },
      [](const v1::PutResponse& put) { return put.copies() > 0; });
}

Figures Load::get(double seconds) {
  return run<v1::GetRequest, v1::GetResponse>(
      "get", 1, seconds, &v1::Overlay::Stub::PrepareAsyncGet, [this](v1::GetRequest& get) { fill(get); },
      [](const v1::GetResponse& got) { return got.entries_size() == 1; });
}

Figures Load::put_in_batches(double seconds) {
  return run<v1::BatchRequest, v1::BatchResponse>(
      "batch put", settings_.batch, seconds, &v1::Overlay::Stub::PrepareAsyncBatch,
      [this](v1::BatchRequest& batch) {
        for (std::size_t i = 0; i < settings_.batch; ++i) fill(*batch.add_operations()->mutable_put());
      },
      all_good);
}

Figures Load::get_in_batches(double seconds) {
  return run<v1::BatchRequest, v1::BatchResponse>(
      "batch get", settings_.batch, seconds, &v1::Overlay::Stub::PrepareAsyncBatch,
      [this](v1::BatchRequest& batch) {
        for (std::size_t i = 0; i < settings_.batch; ++i) fill(*batch.add_operations()->mutable_get());
      },
      all_good);
}

std::vector<Figures> Load::run_all() {
  while (next_ < settings_.keys) put_in_batches(0);
  std::vector<Figures> out;
  const auto measure = [&](const std::string& name, Figures (Load::*part)(double)) {
    if (settings_.only.empty() || settings_.only == name) out.push_back((this->*part)(settings_.seconds));
  };
  measure("put", &Load::put);
  measure("get", &Load::get);
  measure("batch put", &Load::put_in_batches);
  measure("batch get", &Load::get_in_batches);
  return out;
}

}  // namespace ringway::bench

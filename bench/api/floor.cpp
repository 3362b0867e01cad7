#include "bench/api/floor.hpp"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "ringway/v1/overlay.grpc.pb.h"

namespace ringway::bench {
namespace {

class FloorService final : public v1::Overlay::CallbackService {
 public:
  explicit FloorService(std::size_t value_bytes) : value_(value_bytes, 'v') {}

  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context, const v1::PutRequest*,
                                v1::PutResponse* response) override {
    fill(*response);
    return done(*context);
  }
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const v1::GetRequest*,
                                v1::GetResponse* response) override {
    fill(*response);
    return done(*context);
  }
  grpc::ServerUnaryReactor* Batch(grpc::CallbackServerContext* context, const v1::BatchRequest* request,
                                  v1::BatchResponse* response) override {
    for (const auto& operation : request->operations()) {
      auto& result = *response->add_results();
      if (operation.has_put()) {
        fill(*result.mutable_put());
      } else {
        fill(*result.mutable_get());
      }
    }
    return done(*context);
  }

 private:
  static grpc::ServerUnaryReactor* done(grpc::CallbackServerContext& context) {
    auto* reactor = context.DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  static void fill(v1::PutResponse& response) {
    response.set_generation(1);
    response.set_copies(1);
    response.set_copies_wanted(3);
    response.set_storage_time_ms(k_time_ms);
  }
  void fill(v1::GetResponse& response) const {
    response.set_generation(1);
    auto& entry = *response.add_entries();
    entry.set_value(value_);
    entry.set_writer("alice@overlay.example.org");
    entry.set_writer_node("000102030405060708090a0b0c0d0e0f");
    entry.set_storage_time_ms(k_time_ms);
    entry.set_lifetime_s(86'400);
  }

  static constexpr std::uint64_t k_time_ms = 1'700'000'000'000;
  const std::string value_;
};

}  // namespace

void serve_floor(const std::string& address, std::size_t value_bytes) {
  FloorService service(value_bytes);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  if (const auto server = builder.BuildAndStart()) server->Wait();
}

}  // namespace ringway::bench

#include "services/client/advice.hpp"

#include <grpcpp/impl/channel_interface.h>
#include <grpcpp/support/status.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace ringway::services {
namespace {

using grpc::experimental::InterceptionHookPoints;

// A connection that has broken may still count as one when its calls fail.
bool tells_of_a_broken_connection(std::string_view message) {
  static constexpr std::array<std::string_view, 4> k_words{"failed to connect", "Socket closed",
                                                           "Connection reset", "Broken pipe"};
  return std::ranges::any_of(
      k_words, [message](std::string_view words) { return message.find(words) != std::string_view::npos; });
}

class Advice final : public grpc::experimental::Interceptor {
 public:
  Advice(grpc::experimental::ClientRpcInfo* call, const std::string& api) : call_(call), api_(api) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      grpc::Status& status = *methods->GetRecvStatus();
      if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !connected(status)) {
        status = {status.error_code(), "cannot reach the peer at " + api_ + ": " + question() + " (" +
                                           status.error_message() + ")"};
      }
    }
    methods->Proceed();
  }

 private:
  bool connected(const grpc::Status& status) const {
    return call_->channel()->GetState(false) == GRPC_CHANNEL_READY &&
           !tells_of_a_broken_connection(status.error_message());
  }
  std::string question() const {
    return api_.starts_with("unix:")
               ? "is ringwayd running there, and may you write to its socket?"
               : "is ringwayd running there, does it want --api-ca, --api-cert and --api-key, and is its "
                 "certificate for that name (--api-server-name)?";
  }

  grpc::experimental::ClientRpcInfo* call_;
  const std::string& api_;
};

class AdviceFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit AdviceFactory(std::string api) : api_(std::move(api)) {}
  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo* call) override {
    return new Advice(call, api_);  // gRPC deletes it with the call, and this factory with the channel
  }

 private:
  std::string api_;
};

}  // namespace

std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> advice_for(std::string api) {
  return std::make_unique<AdviceFactory>(std::move(api));
}

}  // namespace ringway::services

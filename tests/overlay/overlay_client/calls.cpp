#include "tests/overlay/overlay_client/calls.hpp"

#include <stdexcept>

#include "services/client/channel.hpp"

namespace ringway::overlay_client {

namespace {
constexpr std::chrono::seconds k_call_timeout{20};
}

std::shared_ptr<grpc::Channel> channel_to(const std::string& api) {
  services::ClientSettings settings;
  settings.api = api;
  auto channel = services::open_channel(settings);
  if (!channel) throw std::runtime_error(channel.error().reason);
  return *channel;
}

std::unique_ptr<grpc::ClientContext> context() {
  auto out = std::make_unique<grpc::ClientContext>();
  out->set_deadline(std::chrono::system_clock::now() + k_call_timeout);
  return out;
}

}  // namespace ringway::overlay_client

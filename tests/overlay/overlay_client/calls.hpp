// What every command of overlay_client needs: the way to a peer's API, and a context with a deadline.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>

#include "ringway/v1/overlay.grpc.pb.h"

namespace ringway::overlay_client {

using Clock = std::chrono::steady_clock;

std::shared_ptr<grpc::Channel> channel_to(const std::string& api);
std::unique_ptr<grpc::ClientContext> context();

}  // namespace ringway::overlay_client

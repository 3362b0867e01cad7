// ringway.v1.Services on one peer: services that it provides or looks for (RFC 7374).
#pragma once

#include <memory>

#include "actors/peer.hpp"
#include "ringway/v1/services.grpc.pb.h"
#include "services/api/gate.hpp"

namespace ringway::services {

class ServicesService final : public v1::Services::CallbackService {
 public:
  // The gate outlives it.
  ServicesService(std::shared_ptr<actors::Peer> peer, const Gate& gate)
      : peer_(std::move(peer)), gate_(gate) {}

  grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                     const v1::RegisterServiceRequest* request,
                                     v1::RegisterServiceResponse* response) override;
  grpc::ServerUnaryReactor* Unregister(grpc::CallbackServerContext* context,
                                       const v1::UnregisterServiceRequest* request,
                                       v1::UnregisterServiceResponse* response) override;
  grpc::ServerUnaryReactor* Find(grpc::CallbackServerContext* context, const v1::FindServiceRequest* request,
                                 v1::FindServiceResponse* response) override;

 private:
  std::shared_ptr<actors::Peer> peer_;
  const Gate& gate_;
};

}  // namespace ringway::services

// ringway.v1.Peer on one peer: how it is, where it stands, ping, leave.
#pragma once

#include <functional>
#include <memory>

#include "actors/peer.hpp"
#include "ringway/v1/peer.grpc.pb.h"
#include "services/api/gate.hpp"

namespace ringway::services {

// Leaves the ring and calls back when that is done; the program knows what else ends with the peer.
using LeaveHook = std::function<void(std::function<void()> done)>;

// Adds to a status what the program knows besides the peer. Called on gRPC's threads.
using StatusHook = std::function<void(v1::StatusResponse&)>;

class PeerService final : public v1::Peer::CallbackService {
 public:
  // The gate outlives it.
  PeerService(std::shared_ptr<actors::Peer> peer, LeaveHook leave, const Gate& gate,
              StatusHook add_to_status = {});

  grpc::ServerUnaryReactor* Status(grpc::CallbackServerContext* context, const v1::StatusRequest* request,
                                   v1::StatusResponse* response) override;
  grpc::ServerUnaryReactor* Ring(grpc::CallbackServerContext* context, const v1::RingRequest* request,
                                 v1::RingResponse* response) override;
  grpc::ServerUnaryReactor* Ping(grpc::CallbackServerContext* context, const v1::PingRequest* request,
                                 v1::PingResponse* response) override;
  grpc::ServerUnaryReactor* Leave(grpc::CallbackServerContext* context, const v1::LeaveRequest* request,
                                  v1::LeaveResponse* response) override;

 private:
  std::shared_ptr<actors::Peer> peer_;
  LeaveHook leave_;
  const Gate& gate_;
  StatusHook add_to_status_;
};

}  // namespace ringway::services

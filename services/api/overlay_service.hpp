// ringway.v1.Overlay on one peer: each call becomes one Peer::submit, its answer completes the call. No
// thread waits. A Watch is one call with many answers (watch_stream.hpp).
#pragma once

#include <memory>

#include "actors/peer.hpp"
#include "ringway/v1/overlay.grpc.pb.h"
#include "services/api/arena_messages.hpp"
#include "services/api/gate.hpp"

namespace ringway::services {

// Trailing metadata of an ABORTED call: the key's present generation, decimal.
inline constexpr const char* k_generation_metadata = "ringway-generation";

class OverlayService final : public v1::Overlay::CallbackService {
 public:
  // The gate outlives it.
  OverlayService(std::shared_ptr<actors::Peer> peer, const Gate& gate);

  grpc::ServerUnaryReactor* Put(grpc::CallbackServerContext* context, const v1::PutRequest* request,
                                v1::PutResponse* response) override;
  grpc::ServerUnaryReactor* Get(grpc::CallbackServerContext* context, const v1::GetRequest* request,
                                v1::GetResponse* response) override;
  grpc::ServerUnaryReactor* Remove(grpc::CallbackServerContext* context, const v1::RemoveRequest* request,
                                   v1::RemoveResponse* response) override;
  grpc::ServerUnaryReactor* Stat(grpc::CallbackServerContext* context, const v1::StatRequest* request,
                                 v1::StatResponse* response) override;
  grpc::ServerUnaryReactor* Batch(grpc::CallbackServerContext* context, const v1::BatchRequest* request,
                                  v1::BatchResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  std::shared_ptr<actors::Peer> peer_;
  const Gate& gate_;
  ArenaMessages<v1::PutRequest, v1::PutResponse> put_messages_;
  ArenaMessages<v1::GetRequest, v1::GetResponse> get_messages_;
  ArenaMessages<v1::BatchRequest, v1::BatchResponse> batch_messages_;
};

}  // namespace ringway::services

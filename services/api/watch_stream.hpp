// One Watch of the API under way: each event of the peer becomes one message of the stream, and the next is
// asked for when gRPC has taken it. So a slow caller holds one message here, and the rest is the peer's to
// compact.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <mutex>

#include "actors/peer.hpp"
#include "ringway/v1/overlay.pb.h"

namespace ringway::services {

class WatchStream final : public grpc::ServerWriteReactor<v1::WatchResponse> {
 public:
  // gRPC owns the stream until it is done.
  static WatchStream* start(std::shared_ptr<actors::Peer> peer, data::WatchCall call);
  // One that ends at once.
  static WatchStream* refuse(const grpc::Status& status);

 private:
  explicit WatchStream(std::shared_ptr<actors::Peer> peer) : peer_(std::move(peer)) {}

  void event(const data::WatchResult& result);
  void finish_once(const grpc::Status& status);

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  const std::shared_ptr<actors::Peer> peer_;
  actors::Peer::CallToken token_ = 0;
  std::mutex mutex_;  // events come on a thread of the peer's, the rest on threads of gRPC's
  bool finished_ = false;
  v1::WatchResponse response_;
  std::shared_ptr<WatchStream> self_;
};

}  // namespace ringway::services

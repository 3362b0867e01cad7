// One gRPC call under way: a counted handle that finishes exactly once, whoever comes first: the peer's
// answer, or the caller who cancels or runs out of time.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "actors/peer.hpp"

namespace ringway::services {

class PendingCall final : public grpc::ServerUnaryReactor {
 public:
  // gRPC holds the call until OnDone(); whoever may answer it later holds a reference too.
  static std::shared_ptr<PendingCall> make(grpc::CallbackServerContext& context) {
    auto call = std::make_shared<PendingCall>(context);
    call->self_ = call;
    return call;
  }
  explicit PendingCall(grpc::CallbackServerContext& context) : context_(context) {}

  // True for the first who asks: only he may touch context and response, and he must call Finish().
  bool claim() { return !claimed_.exchange(true, std::memory_order_acq_rel); }
  bool claimed() const { return claimed_.load(std::memory_order_acquire); }
  void finish_once(const grpc::Status& status) {
    if (claim()) Finish(status);
  }
  grpc::CallbackServerContext& context() { return context_; }

  // To be called by the method's handler only: gRPC announces a cancellation after the handler has returned.
  void drop_on_cancel(std::shared_ptr<actors::Peer> peer, actors::Peer::CallToken token) {
    peer_ = std::move(peer);
    token_ = token;
  }

 private:
  // Also when the caller's deadline passes: gRPC's server watches it.
  void OnCancel() override {
    if (peer_) peer_->cancel(token_);
    finish_once(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    const auto last = std::move(self_);  // may destroy this object
  }
  // Both reactions are short and never wait: without this gRPC moves them to a thread of its executor, which
  // costs more than all that a get does here.
  bool InternalInlineable() override { return true; }

  grpc::CallbackServerContext& context_;
  std::atomic<bool> claimed_{false};
  std::shared_ptr<actors::Peer> peer_;
  actors::Peer::CallToken token_ = 0;
  std::shared_ptr<PendingCall> self_;
};

}  // namespace ringway::services

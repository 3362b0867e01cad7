#include "services/api/watch_stream.hpp"

#include <utility>

#include "services/api/conversion.hpp"

namespace ringway::services {

WatchStream* WatchStream::start(std::shared_ptr<actors::Peer> peer, data::WatchCall call) {
  const std::shared_ptr<WatchStream> stream(new WatchStream(std::move(peer)));
  stream->self_ = stream;
  // An event may come before this returns; what gRPC says to it comes after the handler has returned.
  stream->token_ = stream->peer_->watch(std::move(call),
                                        [stream](const data::WatchResult& result) { stream->event(result); });
  return stream.get();
}

WatchStream* WatchStream::refuse(const grpc::Status& status) {
  const std::shared_ptr<WatchStream> stream(new WatchStream(nullptr));
  stream->self_ = stream;
  stream->finish_once(status);
  return stream.get();
}

void WatchStream::event(const data::WatchResult& result) {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  if (const auto* failure = std::get_if<data::CallFailure>(&result)) {
    finished_ = true;
    return Finish({to_status_code(failure->error), failure->message});
  }
  response_.Clear();
  fill(response_, std::get<data::WatchUpdate>(result));
  StartWrite(&response_);
}

void WatchStream::finish_once(const grpc::Status& status) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(finished_, true)) Finish(status);
}

void WatchStream::OnWriteDone(bool ok) {
  if (ok) return peer_->watch_next(token_);
  peer_->cancel_watch(token_);
  finish_once(grpc::Status::CANCELLED);
}

// The caller wants no more, or is gone.
void WatchStream::OnCancel() {
  if (peer_) peer_->cancel_watch(token_);
  finish_once(grpc::Status::CANCELLED);
}

void WatchStream::OnDone() {
  const auto last = std::move(self_);  // may destroy this object
}

}  // namespace ringway::services

// One stream of the API under way: each event of the peer becomes one message of the stream, and the next is
// asked for when gRPC has taken it. So a slow caller holds one message here, and the rest is the peer's to
// compact.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

#include "actors/peer.hpp"
#include "services/api/conversion.hpp"

namespace ringway::services {

template <typename Response, typename Update>
class EventStream final : public grpc::ServerWriteReactor<Response> {
 public:
  using Token = actors::Peer::CallToken;
  using Result = std::variant<Update, data::CallFailure>;
  // Of the peer: as its watch(), watch_next() and cancel_watch().
  struct Source {
    std::function<Token(std::function<void(Result)>)> begin;
    std::function<void(Token)> next, cancel;
    std::function<void(Response&, const Update&)> fill;
  };

  // gRPC owns the stream until it is done.
  static EventStream* start(Source source) {
    const std::shared_ptr<EventStream> stream(new EventStream(std::move(source)));
    stream->self_ = stream;
    // An event may come before this returns; what gRPC says to it comes after the handler has returned.
    stream->token_ = stream->source_.begin([stream](const Result& result) { stream->event(result); });
    return stream.get();
  }
  // One that ends at once.
  static EventStream* refuse(const grpc::Status& status) {
    const std::shared_ptr<EventStream> stream(new EventStream(Source()));
    stream->self_ = stream;
    stream->finish_once(status);
    return stream.get();
  }

 private:
  explicit EventStream(Source source) : source_(std::move(source)) {}

  void event(const Result& result) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    if (const auto* failure = std::get_if<data::CallFailure>(&result)) {
      finished_ = true;
      return this->Finish({to_status_code(failure->error), failure->message});
    }
    response_.Clear();
    source_.fill(response_, std::get<Update>(result));
    this->StartWrite(&response_);
  }
  void finish_once(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(finished_, true)) this->Finish(status);
  }

  void OnWriteDone(bool ok) override {
    if (ok) return source_.next(token_);
    source_.cancel(token_);
    finish_once(grpc::Status::CANCELLED);
  }
  // The caller wants no more, or is gone.
  void OnCancel() override {
    if (source_.cancel) source_.cancel(token_);
    finish_once(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    const auto last = std::move(self_);  // may destroy this object
  }

  const Source source_;
  Token token_ = 0;
  std::mutex mutex_;  // events come on a thread of the peer's, the rest on threads of gRPC's
  bool finished_ = false;
  Response response_;
  std::shared_ptr<EventStream> self_;
};

}  // namespace ringway::services

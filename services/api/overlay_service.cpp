#include "services/api/overlay_service.hpp"

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/api/conversion.hpp"
#include "services/api/event_stream.hpp"
#include "services/api/pending_call.hpp"

namespace ringway::services {
namespace {

using WatchStream = EventStream<v1::WatchResponse, data::WatchUpdate>;

grpc::Status refuse(const std::string& message) { return {grpc::StatusCode::INVALID_ARGUMENT, message}; }

// One operation that is a call of its own.
template <typename Wanted, typename Response>
grpc::ServerUnaryReactor* single(const std::shared_ptr<actors::Peer>& peer,
                                 grpc::CallbackServerContext& context, data::Call call, Response* response) {
  const auto pending = PendingCall::make(context);
  std::vector<data::Call> calls;
  calls.push_back(std::move(call));
  const auto token =
      peer->submit(std::move(calls), [pending, response](const std::vector<data::CallResult>& results) {
        if (!pending->claim()) return;
        const data::CallResult& result = results.front();
        if (const auto* wanted = std::get_if<Wanted>(&result)) {
          fill(*response, *wanted);
          pending->Finish(grpc::Status::OK);
          return;
        }
        const auto* failure = std::get_if<data::CallFailure>(&result);
        if (failure == nullptr) {
          pending->Finish({grpc::StatusCode::INTERNAL, "the peer gave an answer of another operation"});
          return;
        }
        if (failure->error == data::CallError::aborted) {
          pending->context().AddTrailingMetadata(k_generation_metadata, std::to_string(failure->generation));
        }
        pending->Finish({to_status_code(failure->error), failure->message});
      });
  pending->drop_on_cancel(peer, token);
  return pending.get();
}

ApiCall asked_by(const v1::PutRequest& request) { return {ApiMethod::put, request.as_user(), request.key()}; }
ApiCall asked_by(const v1::GetRequest& request) { return {ApiMethod::get, {}, request.key()}; }
ApiCall asked_by(const v1::RemoveRequest& request) {
  return {ApiMethod::remove, request.as_user(), request.key()};
}
ApiCall asked_by(const v1::StatRequest& request) { return {ApiMethod::stat, {}, request.key()}; }
ApiCall asked_by(const v1::Operation& operation) {
  if (operation.has_put()) return asked_by(operation.put());
  if (operation.has_get()) return asked_by(operation.get());
  return operation.has_remove() ? asked_by(operation.remove()) : asked_by(operation.stat());
}

// A batch, less the operations that the gate has refused: those are answered with that.
struct Admitted {
  std::vector<data::Call> calls;
  std::map<int, grpc::Status> refused;
};

// The operations as calls, or why the batch is refused as a whole.
std::string admit(const v1::BatchRequest& request, const Gate::Visitor& visitor, Admitted& admitted) {
  auto& calls = admitted.calls;
  const auto count = static_cast<std::size_t>(request.operations_size());
  const std::string most = std::to_string(data::k_max_batch_calls);
  if (count == 0) return "the batch is empty: give 1 to " + most + " operations";
  if (count > data::k_max_batch_calls) {
    return "the batch has " + std::to_string(count) + " operations: split it into batches of at most " + most;
  }
  calls.reserve(count);
  for (int i = 0; i < request.operations_size(); ++i) {
    const v1::Operation& operation = request.operations(i);
    auto call = to_call(operation);
    if (!call)
      return "operation " + std::to_string(i) + " of the batch is not set: one of put, get, remove, stat";
    if (auto answer = visitor.may(asked_by(operation)); !answer.ok()) {
      admitted.refused.emplace(i, std::move(answer));
    } else {
      calls.push_back(std::move(*call));
    }
  }
  return "";
}

void answer_batch(v1::BatchResponse& out, const v1::BatchRequest& request,
                  const std::vector<data::CallResult>& results, const std::map<int, grpc::Status>& refused) {
  out.mutable_results()->Reserve(request.operations_size());
  std::size_t next = 0;
  for (int i = 0; i < request.operations_size(); ++i) {
    const auto refusal = refused.empty() ? refused.end() : refused.find(i);
    v1::OperationResult& result = *out.add_results();
    if (refusal == refused.end()) {
      fill(result, request.operations(i), results[next++]);
      continue;
    }
    result.mutable_error()->set_code(refusal->second.error_code());
    result.mutable_error()->set_message(refusal->second.error_message());
  }
}

}  // namespace

OverlayService::OverlayService(std::shared_ptr<actors::Peer> peer, const Gate& gate)
    : peer_(std::move(peer)), gate_(gate) {
  SetMessageAllocatorFor_Put(&put_messages_);
  SetMessageAllocatorFor_Get(&get_messages_);
  SetMessageAllocatorFor_Batch(&batch_messages_);
}

grpc::ServerUnaryReactor* OverlayService::Put(grpc::CallbackServerContext* context,
                                              const v1::PutRequest* request, v1::PutResponse* response) {
  if (auto* refused = gate_.refuse(*context, asked_by(*request))) return refused;
  return single<data::PutResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Get(grpc::CallbackServerContext* context,
                                              const v1::GetRequest* request, v1::GetResponse* response) {
  if (auto* refused = gate_.refuse(*context, asked_by(*request))) return refused;
  return single<data::GetResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Remove(grpc::CallbackServerContext* context,
                                                 const v1::RemoveRequest* request,
                                                 v1::RemoveResponse* response) {
  if (auto* refused = gate_.refuse(*context, asked_by(*request))) return refused;
  return single<data::PutResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Stat(grpc::CallbackServerContext* context,
                                               const v1::StatRequest* request, v1::StatResponse* response) {
  if (auto* refused = gate_.refuse(*context, asked_by(*request))) return refused;
  return single<data::StatResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Batch(grpc::CallbackServerContext* context,
                                                const v1::BatchRequest* request,
                                                v1::BatchResponse* response) {
  const auto pending = PendingCall::make(*context);
  Admitted admitted;
  if (auto refusal = admit(*request, gate_.visitor(*context), admitted); !refusal.empty()) {
    pending->finish_once(refuse(std::move(refusal)));
    return pending.get();
  }
  if (admitted.calls.empty()) {
    if (pending->claim()) {
      answer_batch(*response, *request, {}, admitted.refused);
      pending->Finish(grpc::Status::OK);
    }
    return pending.get();
  }
  // The request lives as long as the call: it says which operation each result answers.
  const auto token = peer_->submit(std::move(admitted.calls),
                                   [pending, request, response, refused = std::move(admitted.refused)](
                                       const std::vector<data::CallResult>& results) {
                                     if (!pending->claim()) return;
                                     answer_batch(*response, *request, results, refused);
                                     pending->Finish(grpc::Status::OK);
                                   });
  pending->drop_on_cancel(peer_, token);
  return pending.get();
}

// Whoever may read a key may be told when it changes.
grpc::ServerWriteReactor<v1::WatchResponse>* OverlayService::Watch(grpc::CallbackServerContext* context,
                                                                   const v1::WatchRequest* request) {
  const auto answer = gate_.visitor(*context).may({ApiMethod::get, {}, request->key()});
  if (!answer.ok()) return WatchStream::refuse(answer);
  return WatchStream::start({
      [peer = peer_, call = to_call(*request)](auto event) { return peer->watch(call, std::move(event)); },
      [peer = peer_](auto token) { peer->watch_next(token); },
      [peer = peer_](auto token) { peer->cancel_watch(token); },
      [](v1::WatchResponse& out, const data::WatchUpdate& update) { fill(out, update); },
  });
}

}  // namespace ringway::services

#include "services/api/overlay_service.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "services/api/conversion.hpp"
#include "services/api/pending_call.hpp"

namespace ringway::services {
namespace {

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

// The operations as calls, or why the batch is refused as a whole.
std::string to_calls(const v1::BatchRequest& request, std::vector<data::Call>& calls) {
  const auto count = static_cast<std::size_t>(request.operations_size());
  const std::string most = std::to_string(data::k_max_batch_calls);
  if (count == 0) return "the batch is empty: give 1 to " + most + " operations";
  if (count > data::k_max_batch_calls) {
    return "the batch has " + std::to_string(count) + " operations: split it into batches of at most " + most;
  }
  calls.reserve(count);
  for (const v1::Operation& operation : request.operations()) {
    auto call = to_call(operation);
    if (!call) {
      return "operation " + std::to_string(calls.size()) +
             " of the batch is not set: one of put, get, remove, stat";
    }
    calls.push_back(std::move(*call));
  }
  return "";
}

}  // namespace

OverlayService::OverlayService(std::shared_ptr<actors::Peer> peer) : peer_(std::move(peer)) {
  SetMessageAllocatorFor_Put(&put_messages_);
  SetMessageAllocatorFor_Get(&get_messages_);
  SetMessageAllocatorFor_Batch(&batch_messages_);
}

grpc::ServerUnaryReactor* OverlayService::Put(grpc::CallbackServerContext* context,
                                              const v1::PutRequest* request, v1::PutResponse* response) {
  return single<data::PutResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Get(grpc::CallbackServerContext* context,
                                              const v1::GetRequest* request, v1::GetResponse* response) {
  return single<data::GetResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Remove(grpc::CallbackServerContext* context,
                                                 const v1::RemoveRequest* request,
                                                 v1::RemoveResponse* response) {
  return single<data::PutResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Stat(grpc::CallbackServerContext* context,
                                               const v1::StatRequest* request, v1::StatResponse* response) {
  return single<data::StatResult>(peer_, *context, to_call(*request), response);
}

grpc::ServerUnaryReactor* OverlayService::Batch(grpc::CallbackServerContext* context,
                                                const v1::BatchRequest* request,
                                                v1::BatchResponse* response) {
  const auto pending = PendingCall::make(*context);
  std::vector<data::Call> calls;
  if (auto refusal = to_calls(*request, calls); !refusal.empty()) {
    pending->finish_once(refuse(std::move(refusal)));
    return pending.get();
  }
  // The request lives as long as the call: it says which operation each result answers.
  const auto token = peer_->submit(
      std::move(calls), [pending, request, response](const std::vector<data::CallResult>& results) {
        if (!pending->claim()) return;
        response->mutable_results()->Reserve(static_cast<int>(results.size()));
        int index = 0;
        for (const data::CallResult& result : results) {
          fill(*response->add_results(), request->operations(index++), result);
        }
        pending->Finish(grpc::Status::OK);
      });
  pending->drop_on_cancel(peer_, token);
  return pending.get();
}

}  // namespace ringway::services

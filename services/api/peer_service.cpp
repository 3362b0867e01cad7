#include "services/api/peer_service.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "services/api/conversion.hpp"
#include "services/api/pending_call.hpp"

namespace ringway::services {
namespace {

// A RELOAD request lives 15 s at most (RFC 6940 §6.2.1).
constexpr Duration k_longest_ping{15'000};

void add_counters(v1::ApiCounters& out, const Gate& gate) {
  out.set_calls_refused(gate.refusals().count().total);
  out.set_policy_rules(gate.rules());
}

template <typename Response, typename Add>
grpc::ServerUnaryReactor* answer_with_status(const std::shared_ptr<actors::Peer>& peer,
                                             grpc::CallbackServerContext& context, Response* response,
                                             Add add) {
  const auto pending = PendingCall::make(context);
  peer->status([pending, response, add = std::move(add)](const actors::PeerStatus& status) {
    if (!pending->claim()) return;
    fill(*response, status);
    add(*response);
    pending->Finish(grpc::Status::OK);
  });
  return pending.get();
}

Result<wire::Destination> destination_of(const v1::PingRequest& request) {
  switch (request.destination_case()) {
    case v1::PingRequest::kKey:
      if (request.key().empty()) return Failure{"the key is empty"};
      return wire::to_resource(resource_id_of(request.key()));
    case v1::PingRequest::kNode:
    case v1::PingRequest::kResource: {
      const bool node = request.has_node();
      Bytes id;
      if (!from_hex(node ? request.node() : request.resource(), id) || id.size() != k_node_id_size_bytes) {
        return Failure{std::string(node ? "a Node-ID" : "a Resource-ID") + " has 32 hex digits"};
      }
      const RingId at = ring_id_from(id);
      return node ? wire::to_node(as_node(at)) : wire::to_resource(at);
    }
    case v1::PingRequest::DESTINATION_NOT_SET:
      break;
  }
  return Failure{"say whom to ping: node, key or resource"};
}

grpc::Status failed_ping(const std::string& reason) {
  return {grpc::StatusCode::UNAVAILABLE,
          "the ping failed: " + reason +
              "; see in this peer's status whether it has joined, then try again or ask another peer"};
}

Duration time_left(const grpc::CallbackServerContext& context) {
  const auto left = context.deadline() - std::chrono::system_clock::now();
  return std::clamp(std::chrono::duration_cast<Duration>(left), Duration{1}, k_longest_ping);
}

}  // namespace

PeerService::PeerService(std::shared_ptr<actors::Peer> peer, LeaveHook leave, const Gate& gate,
                         StatusHook add_to_status)
    : peer_(std::move(peer)),
      leave_(std::move(leave)),
      gate_(gate),
      add_to_status_(std::move(add_to_status)) {}

grpc::ServerUnaryReactor* PeerService::Status(grpc::CallbackServerContext* context, const v1::StatusRequest*,
                                              v1::StatusResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::status})) return refused;
  return answer_with_status(peer_, *context, response, [this](v1::StatusResponse& status) {
    add_counters(*status.mutable_api(), gate_);
    if (add_to_status_) add_to_status_(status);
  });
}

grpc::ServerUnaryReactor* PeerService::Ring(grpc::CallbackServerContext* context, const v1::RingRequest*,
                                            v1::RingResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::ring})) return refused;
  return answer_with_status(peer_, *context, response, [](const v1::RingResponse&) {});
}

grpc::ServerUnaryReactor* PeerService::Ping(grpc::CallbackServerContext* context,
                                            const v1::PingRequest* request, v1::PingResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::ping})) return refused;
  const auto pending = PendingCall::make(*context);
  auto destination = destination_of(*request);
  if (!destination) {
    pending->finish_once({grpc::StatusCode::INVALID_ARGUMENT, destination.error().reason});
    return pending.get();
  }
  peer_->ping(std::move(*destination), time_left(*context),
              [pending, response](const actors::PingOutcome& outcome) {
                if (!pending->claim()) return;
                fill(*response, outcome);
                pending->Finish(outcome.ok ? grpc::Status::OK : failed_ping(outcome.reason));
              });
  return pending.get();
}

grpc::ServerUnaryReactor* PeerService::Leave(grpc::CallbackServerContext* context, const v1::LeaveRequest*,
                                             v1::LeaveResponse*) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::leave})) return refused;
  const auto pending = PendingCall::make(*context);
  leave_([pending] { pending->finish_once(grpc::Status::OK); });
  return pending.get();
}

}  // namespace ringway::services

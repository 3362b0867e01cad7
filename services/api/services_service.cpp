#include "services/api/services_service.hpp"

#include <optional>
#include <utility>
#include <variant>

#include "reload/config/values.hpp"
#include "services/api/conversion.hpp"
#include "services/api/pending_call.hpp"

namespace ringway::services {
namespace {

// How it has ended, when it has not as it should.
std::optional<grpc::Status> failure_of(const data::ServiceDone& done) {
  const auto* failure = std::get_if<data::CallFailure>(&done.result);
  if (failure == nullptr) return std::nullopt;
  return grpc::Status{to_status_code(failure->error), failure->message};
}

}  // namespace

grpc::ServerUnaryReactor* ServicesService::Register(grpc::CallbackServerContext* context,
                                                    const v1::RegisterServiceRequest* request,
                                                    v1::RegisterServiceResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::register_service})) return refused;
  const auto pending = PendingCall::make(*context);
  const std::uint32_t lifetime_s =
      request->lifetime_s() != 0 ? request->lifetime_s() : data::k_default_service_lifetime_s;
  peer_->register_service(request->service(), lifetime_s,
                          [pending, response, node = peer_->node_id()](const data::ServiceDone& done) {
                            if (!pending->claim()) return;
                            if (const auto failure = failure_of(done)) return pending->Finish(*failure);
                            response->set_node(node.hex());
                            if (const auto* changed = std::get_if<data::ServiceChanged>(&done.result))
                              response->set_records(static_cast<std::uint32_t>(changed->places));
                            pending->Finish(grpc::Status::OK);
                          });
  return pending.get();
}

grpc::ServerUnaryReactor* ServicesService::Unregister(grpc::CallbackServerContext* context,
                                                      const v1::UnregisterServiceRequest* request,
                                                      v1::UnregisterServiceResponse*) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::register_service})) return refused;
  const auto pending = PendingCall::make(*context);
  peer_->unregister_service(request->service(), [pending](const data::ServiceDone& done) {
    pending->finish_once(failure_of(done).value_or(grpc::Status::OK));
  });
  return pending.get();
}

grpc::ServerUnaryReactor* ServicesService::Find(grpc::CallbackServerContext* context,
                                                const v1::FindServiceRequest* request,
                                                v1::FindServiceResponse* response) {
  if (auto* refused = gate_.refuse(*context, {ApiMethod::find_service})) return refused;
  const auto pending = PendingCall::make(*context);
  std::optional<NodeId> key;
  if (!request->key().empty() && !config::parse_node_id(request->key(), key.emplace())) {
    pending->finish_once({grpc::StatusCode::INVALID_ARGUMENT, "the key is no Node-ID of 32 hex digits"});
    return pending.get();
  }
  peer_->find_service(request->service(), key, [pending, response](const data::ServiceDone& done) {
    if (!pending->claim()) return;
    if (const auto failure = failure_of(done)) return pending->Finish(*failure);
    if (const auto* found = std::get_if<data::ServiceFound>(&done.result)) {
      for (const auto& provider : found->providers) response->add_providers()->set_node(provider.node.hex());
      response->set_fetches(found->fetches);
    }
    pending->Finish(grpc::Status::OK);
  });
  return pending.get();
}

}  // namespace ringway::services

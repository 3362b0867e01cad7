#include "services/api/gate.hpp"

#include <grpc/grpc_security_constants.h>

#include <utility>

#include "reload/data/api.hpp"

namespace ringway::services {
namespace {

std::string words_of(const ApiCall& call) {
  std::string out(traits_of(call.method).name);
  // What the caller has made up must not grow in logs and answers.
  if (call.as_user.size() > data::k_max_user_name_bytes) return out + " as a user with too long a name";
  if (!call.as_user.empty()) out += " as " + std::string(call.as_user);
  return out;
}

// The client's certificate, in PEM; empty when it has shown none.
std::string certificate_of(const grpc::ServerContextBase& context) {
  const auto auth = context.auth_context();
  if (!auth || !auth->IsPeerAuthenticated()) return "";
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return values.empty() ? "" : std::string(values.front().data(), values.front().size());
}

}  // namespace

void Refusals::add(std::string refusal) {
  const std::scoped_lock lock(mutex_);
  ++count_.total;
  count_.last = std::move(refusal);
}

Refusals::Count Refusals::count() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

Gate::Gate(Settings settings) : settings_(std::move(settings)) {
  if (settings_.policy && settings_.socket_user) {
    everybody_ =
        std::make_shared<const ApiClient>(client_of_socket(*settings_.policy, *settings_.socket_user));
  }
}

Gate::Visitor Gate::visitor(const grpc::ServerContextBase& context) const {
  return {*this, settings_.policy ? client_of(context) : nullptr};
}

std::shared_ptr<const ApiClient> Gate::client_of(const grpc::ServerContextBase& context) const {
  if (everybody_) return everybody_;
  std::string pem = certificate_of(context);
  const std::scoped_lock lock(mutex_);
  const auto found = by_certificate_.find(pem);
  if (found != by_certificate_.end()) return found->second;
  if (by_certificate_.size() >= k_max_remembered_clients) by_certificate_.clear();
  auto client = std::make_shared<const ApiClient>(client_of_certificate(*settings_.policy, pem));
  return by_certificate_.emplace(std::move(pem), std::move(client)).first->second;
}

grpc::Status Gate::Visitor::may(const ApiCall& call) const {
  // The peer's own user, by his name or by none.
  const bool own = call.as_user.empty() || call.as_user == gate_.settings_.own_user;
  const ApiCall asked{call.method, own ? std::string_view{} : call.as_user, call.key};
  if (client_ ? client_->may(asked) : own) return grpc::Status::OK;
  gate_.settings_.refusals->add((client_ ? client_->description : "no policy") + ": " + words_of(call));
  if (!client_) {
    return {
        grpc::StatusCode::PERMISSION_DENIED,
        "to write as another user than the peer's own takes a policy that says who may: start ringwayd with "
        "--api-policy (docs/gateway.md)"};
  }
  return {grpc::StatusCode::PERMISSION_DENIED,
          "the API's policy does not let this client (" + client_->description + ") " + words_of(call) +
              (traits_of(call.method).has_key ? " there" : "") +
              ": whoever runs the peer can add a rule to its --api-policy (docs/gateway.md)"};
}

grpc::ServerUnaryReactor* Gate::refuse(grpc::CallbackServerContext& context, const ApiCall& call) const {
  const auto answer = visitor(context).may(call);
  if (answer.ok()) return nullptr;
  auto* reactor = context.DefaultReactor();
  reactor->Finish(answer);
  return reactor;
}

}  // namespace ringway::services

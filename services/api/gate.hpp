// Where every call of every service is let in or refused: by the policy of the API, or without one by the
// rule that whoever reaches the API may do everything as the peer's own user and nothing as another.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "services/api/policy.hpp"

namespace ringway::services {

inline constexpr std::size_t k_max_remembered_clients = 1024;  // certificates whose rules are looked up once

// How many calls were refused, and which was the last; of one API server, asked from any thread.
class Refusals {
 public:
  struct Count {
    std::uint64_t total = 0;
    std::string last;  // "CLIENT: METHOD as USER"; no keys, no values
  };
  void add(std::string refusal);
  Count count() const;

 private:
  mutable std::mutex mutex_;
  Count count_;
};

class Gate {
 public:
  struct Settings {
    std::string own_user;                          // the peer's
    std::shared_ptr<const ApiPolicy> policy = {};  // null: there is none
    std::optional<::uid_t> socket_user = {};       // of everybody who comes here; otherwise by certificate
    std::shared_ptr<Refusals> refusals = std::make_shared<Refusals>();
  };
  explicit Gate(Settings settings);

  // One caller, looked at once for all that he asks for.
  class Visitor {
   public:
    // OK, or why not; counted then.
    grpc::Status may(const ApiCall& call) const;

   private:
    friend class Gate;
    Visitor(const Gate& gate, std::shared_ptr<const ApiClient> client)
        : gate_(gate), client_(std::move(client)) {}
    const Gate& gate_;
    std::shared_ptr<const ApiClient> client_;  // null without a policy
  };
  Visitor visitor(const grpc::ServerContextBase& context) const;

  // For calls that are one thing: null when it is let in, else the call's end.
  grpc::ServerUnaryReactor* refuse(grpc::CallbackServerContext& context, const ApiCall& call) const;

  const Refusals& refusals() const { return *settings_.refusals; }
  std::size_t rules() const { return settings_.policy ? settings_.policy->rules().size() : 0; }

 private:
  std::shared_ptr<const ApiClient> client_of(const grpc::ServerContextBase& context) const;

  Settings settings_;
  std::shared_ptr<const ApiClient> everybody_;  // of a socket's gate
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, std::shared_ptr<const ApiClient>> by_certificate_;  // by its PEM
};

}  // namespace ringway::services

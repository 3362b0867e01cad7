// Where the doors (HTTPS, gRPC) bring their calls: runs them on the workers, tells the Registrar the time,
// and writes the log: a line for each certificate, each refusal and each thing an operator did. No secret,
// code or link comes into it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "services/enrolld/registrar/registrar.hpp"
#include "services/enrolld/serve/document_memory.hpp"
#include "services/enrolld/serve/operators.hpp"
#include "services/enrolld/serve/workers.hpp"
#include "services/log/event_log.hpp"

namespace ringway::enrolld {

// A number that an operator may look at.
struct Measure {
  std::string name;
  std::uint64_t value = 0;
};
struct Measures {
  std::vector<Measure> counters;  // since the start
  std::vector<Measure> gauges;    // now
};

class Desk {
 public:
  // Everything outlives the desk.
  struct Parts {
    Registrar& registrar;
    const Operators& operators;
    Workers& workers;
    services::EventLog& log;
    std::function<WallMs()> now_ms;
    // There may be a newer configuration document. From any thread; must not wait.
    std::function<void()> document_changed = [] {};
    // Of the parts that only the program knows: mail, the webhook, connections.
    std::function<void(Measures&)> measure = [](Measures&) {};
  };
  explicit Desk(Parts parts)
      : parts_(std::move(parts)), document_([this] { return parts_.registrar.document(); }) {}

  // Runs the call on a worker; false when there is no room.
  [[nodiscard]] bool run(std::function<void()> call) { return parts_.workers.run(std::move(call)); }

  // ---- On a worker.
  Answer<Begun> begin(const BeginRequest& request, const Caller& caller);
  Answer<Delivered> confirm(const std::string& enrolment, const std::string& code, const Caller& caller);
  Answer<LinkTold> look_at_link(const std::string& token, const Caller& caller);
  Answer<Delivered> confirm_link(const std::string& token, const Caller& caller);
  Answer<Delivered> renew(BytesView csr, const Caller& caller);
  // As of DocumentMemory::k_remembered_for ago at most.
  Answer<DocumentPtr> document();

  // ---- For operators: whether the caller is one is checked first.
  struct Operator {
    Door door = Door::network;
    const Caller& caller;
  };
  Answer<RevokedNow> revoke_node(const Operator& who, const NodeId& node, const std::string& why);
  Answer<RevokedNow> revoke_user(const Operator& who, const std::string& user, const std::string& why);
  Answer<Page> list(const Operator& who, const std::string& user, std::int64_t after, std::size_t most);
  Answer<Invited> invite(const Operator& who, const std::string& user, std::uint32_t uses, Duration valid);
  Answer<InvitationPage> list_invitations(const Operator& who, const std::string& user,
                                          const InvitationMark& after, std::size_t most);
  Answer<Done> withdraw_invitation(const Operator& who, const InvitationId& id);
  Answer<Done> set_password(const Operator& who, const std::string& user, const Secret& password);
  Answer<Measures> statistics(const Operator& who);

  const Settings& settings() const { return parts_.registrar.settings(); }

 private:
  Answer<Done> only_operators(const Operator& who, const char* what);
  template <typename T>
  Answer<T> told(const char* what, const Caller& caller, Answer<T> answer);
  Answer<Delivered> handed_out(const char* what, const Caller& caller, Answer<Delivered> answer);
  void log_refusal(const char* what, const Caller& caller, const Refused& refused);
  Answer<RevokedNow> revoked(const Operator& who, const std::string& why, Answer<RevokedNow> answer);

  const Parts parts_;
  DocumentMemory document_;
  std::atomic<std::uint64_t> operators_denied_{0};
};

}  // namespace ringway::enrolld

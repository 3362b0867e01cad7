#include "services/enrolld/serve/desk.hpp"

#include <utility>

#include "reload/config/utc_time.hpp"

namespace ringway::enrolld {
namespace {

using Fields = services::EventLog::Fields;

Fields nodes_of(const std::vector<NodeId>& nodes) {
  Fields out = Fields::array();
  for (const NodeId& node : nodes) out.push_back(node.hex());
  return out;
}

// The server's own trouble is for the operator; what claimants do wrong is for whoever looks closer.
bool is_trouble(Refusal refusal) { return refusal == Refusal::unavailable; }
bool is_everyday(Refusal refusal) {
  return refusal == Refusal::not_proved_yet || refusal == Refusal::too_many;
}

}  // namespace

void Desk::log_refusal(const char* what, const Caller& caller, const Refused& refused) {
  const Fields fields{{"call", what}, {"why", refused.detail}, {"source", caller.source}};
  if (is_trouble(refused.refusal))
    parts_.log.warn("", "could not answer", fields);
  else if (is_everyday(refused.refusal))
    parts_.log.debug("", "refused", fields);
  else
    parts_.log.info("", "refused", fields);
}

template <typename T>
Answer<T> Desk::told(const char* what, const Caller& caller, Answer<T> answer) {
  if (!answer) log_refusal(what, caller, answer.error());
  return answer;
}

// Also for one that was handed out before, when it is asked for again.
Answer<Delivered> Desk::handed_out(const char* what, const Caller& caller, Answer<Delivered> answer) {
  if (!answer) return told(what, caller, std::move(answer));
  parts_.log.info("", "certificate handed out",
                  {{"call", what},
                   {"user", answer->user_name},
                   {"nodes", nodes_of(answer->nodes)},
                   {"until", config::write_utc(answer->not_after_ms)},
                   {"source", caller.source}});
  return answer;
}

Answer<Begun> Desk::begin(const BeginRequest& request, const Caller& caller) {
  auto begun = parts_.registrar.begin(request, caller, parts_.now_ms());
  if (!begun) return told("begin", caller, std::move(begun));
  if (!begun->delivered) {
    parts_.log.info("", "enrolment begun",
                    {{"proof", name_of(request.method)},
                     {"enrolment", begun->waiting ? begun->waiting->enrolment : ""},
                     {"source", caller.source}});
    return begun;
  }
  auto delivered = handed_out(name_of(request.method), caller, std::move(*begun->delivered));
  return Begun{std::nullopt, std::move(*delivered)};
}

Answer<Delivered> Desk::confirm(const std::string& enrolment, const std::string& code, const Caller& caller) {
  return handed_out("confirm", caller, parts_.registrar.confirm(enrolment, code, caller, parts_.now_ms()));
}

Answer<LinkTold> Desk::look_at_link(const std::string& token, const Caller& caller) {
  return told("look at link", caller, parts_.registrar.look_at_link(token, caller, parts_.now_ms()));
}

Answer<Delivered> Desk::confirm_link(const std::string& token, const Caller& caller) {
  return handed_out("confirm by link", caller, parts_.registrar.confirm_link(token, caller, parts_.now_ms()));
}

Answer<Delivered> Desk::renew(BytesView csr, const Caller& caller) {
  return handed_out("renew", caller, parts_.registrar.renew(csr, caller, parts_.now_ms()));
}

Answer<DocumentPtr> Desk::document() { return told("document", {}, document_.get(parts_.now_ms())); }

// ---- Operators

Answer<Done> Desk::only_operators(const Operator& who, const char* what) {
  const auto good = parts_.operators.check(who.door, who.caller.certificates, parts_.now_ms());
  if (good) return Done{};
  ++operators_denied_;
  parts_.log.warn("", "not an operator",
                  {{"call", what}, {"why", good.error().reason}, {"source", who.caller.source}});
  return Refused{Refusal::name_not_available, "only for operators of this overlay", Duration{0},
                 "operator_denied"};
}

Answer<RevokedNow> Desk::revoked(const Operator& who, const std::string& why, Answer<RevokedNow> answer) {
  if (!answer) return told("revoke", who.caller, std::move(answer));
  document_.forget();
  parts_.document_changed();
  parts_.log.info("", "revoked",
                  {{"nodes", nodes_of(answer->nodes)},
                   {"sequence", answer->sequence},
                   {"reason", why},
                   {"source", who.caller.source}});
  return answer;
}

Answer<RevokedNow> Desk::revoke_node(const Operator& who, const NodeId& node, const std::string& why) {
  if (auto good = only_operators(who, "revoke"); !good) return good.error();
  return revoked(who, why, parts_.registrar.revoke_node(node, why, who.caller, parts_.now_ms()));
}

Answer<RevokedNow> Desk::revoke_user(const Operator& who, const std::string& user, const std::string& why) {
  if (auto good = only_operators(who, "revoke"); !good) return good.error();
  return revoked(who, why, parts_.registrar.revoke_user(user, why, who.caller, parts_.now_ms()));
}

Answer<Page> Desk::list(const Operator& who, const std::string& user, std::int64_t after, std::size_t most) {
  if (auto good = only_operators(who, "list"); !good) return good.error();
  return told("list", who.caller, parts_.registrar.list(user, after, most));
}

Answer<Invited> Desk::invite(const Operator& who, const std::string& user, std::uint32_t uses,
                             Duration valid) {
  if (auto good = only_operators(who, "invite"); !good) return good.error();
  auto invited = parts_.registrar.invite(user, uses, valid, who.caller, parts_.now_ms());
  if (!invited) return told("invite", who.caller, std::move(invited));
  parts_.log.info("", "invited",
                  {{"user", user},
                   {"id", to_hex(invited->id)},
                   {"uses", uses},
                   {"until", config::write_utc(invited->expires_ms)},
                   {"source", who.caller.source}});
  return invited;
}

Answer<InvitationPage> Desk::list_invitations(const Operator& who, const std::string& user,
                                              const InvitationMark& after, std::size_t most) {
  if (auto good = only_operators(who, "list invitations"); !good) return good.error();
  return told("list invitations", who.caller,
              parts_.registrar.list_invitations(user, after, most, parts_.now_ms()));
}

Answer<Done> Desk::withdraw_invitation(const Operator& who, const InvitationId& id) {
  if (auto good = only_operators(who, "withdraw invitation"); !good) return good.error();
  auto done = told("withdraw invitation", who.caller,
                   parts_.registrar.withdraw_invitation(id, who.caller, parts_.now_ms()));
  if (done) parts_.log.info("", "invitation withdrawn", {{"id", to_hex(id)}, {"source", who.caller.source}});
  return done;
}

Answer<Done> Desk::set_password(const Operator& who, const std::string& user, const Secret& password) {
  if (auto good = only_operators(who, "set password"); !good) return good.error();
  auto done =
      told("set password", who.caller, parts_.registrar.set_password(user, password, parts_.now_ms()));
  if (done) parts_.log.info("", "password set", {{"user", user}, {"source", who.caller.source}});
  return done;
}

Answer<Measures> Desk::statistics(const Operator& who) {
  if (auto good = only_operators(who, "statistics"); !good) return good.error();
  Measures out;
  for (const Count& count : parts_.registrar.tally().all()) out.counters.push_back({count.name, count.count});
  out.counters.push_back({"operator_denied", operators_denied_});
  out.counters.push_back({"calls_refused_for_room", parts_.workers.refused()});
  out.gauges.push_back({"calls_under_way", parts_.workers.under_way()});
  parts_.measure(out);
  return out;
}

}  // namespace ringway::enrolld

#include "sip-usage/transaction/server.hpp"

#include <algorithm>
#include <utility>

#include "sip-usage/message/builders.hpp"

namespace ringway::sip {

// ---- INVITE (RFC 3261 figure 7, as RFC 6026 figure 7 has it)

InviteServer::InviteServer(MonoTime now, Message invite, Transport transport, const TimerSettings& timers)
    : invite_(std::move(invite)), transport_(transport), timers_(timers), soon_at_(now + timers.trying) {
  invite_.body = {};
}

Step InviteServer::on_request(MonoTime now, const Message& request) {
  if (request.method() == "ACK") return on_ack(now, request);
  const bool repeats = state_ == State::proceeding || state_ == State::completed;
  if (!repeats || response_.empty()) return {};
  return {{response_}, std::nullopt, std::nullopt};
}

Step InviteServer::on_ack(MonoTime now, const Message& ack) {
  if (state_ == State::completed) become_confirmed(now);
  // The ACK of a 2xx with the INVITE's branch, against §17.1.1.3: its user waits for it (RFC 6026 §7.1).
  if (state_ == State::accepted) return {{}, ack, std::nullopt};
  return {};
}

Step InviteServer::respond(MonoTime now, const Message& response) {
  const unsigned status = response.status();
  const bool is_2xx = status >= 200 && status < 300;
  const bool repeats_2xx =
      state_ == State::accepted && is_2xx;  // its user repeats it until the ACK comes (§13.3.1.4)
  if (state_ != State::proceeding && !repeats_2xx) return {};
  response_ = octets_of(response);
  if (state_ == State::proceeding) {
    soon_at_.reset();
    if (is_2xx) become_accepted(now);
    if (status >= 300) become_completed(now);
  }
  return {{response_}, std::nullopt, std::nullopt};
}

Step InviteServer::on_timer(MonoTime now) {
  if (has_come(ends_at_, now)) {
    const bool unacknowledged = state_ == State::completed;  // timer H; I and L just end it
    become_terminated();
    return {{}, std::nullopt, unacknowledged ? std::optional(TransactionFailure::timeout) : std::nullopt};
  }
  if (!has_come(soon_at_, now)) return {};
  if (state_ == State::proceeding) {
    soon_at_.reset();
    response_ = octets_of(make_response(invite_, 100, ""));
  } else {
    interval_ = std::min(2 * interval_, timers_.t2);
    soon_at_ = now + interval_;
  }
  return {{response_}, std::nullopt, std::nullopt};
}

Step InviteServer::on_transport_error() {
  // It stays as it is, so that the INVITE's repetitions are not taken for new ones (RFC 6026 §7.1).
  if (state_ == State::confirmed) return {};
  return {{}, std::nullopt, TransactionFailure::transport};
}

void InviteServer::become_accepted(MonoTime now) {
  state_ = State::accepted;
  ends_at_ = now + timers_.timeout();
}

void InviteServer::become_completed(MonoTime now) {
  state_ = State::completed;
  interval_ = timers_.t1;
  if (transport_ == Transport::unreliable) soon_at_ = now + interval_;
  ends_at_ = now + timers_.timeout();
}

void InviteServer::become_confirmed(MonoTime now) {
  state_ = State::confirmed;
  soon_at_.reset();
  ends_at_ = now + timers_.t4;
  if (transport_ == Transport::reliable) become_terminated();  // timer I is zero
}

void InviteServer::become_terminated() {
  state_ = State::terminated;
  soon_at_.reset();
  ends_at_.reset();
}

// ---- all others (RFC 3261 figure 8)

NonInviteServer::NonInviteServer(Message request, Transport transport, const TimerSettings& timers)
    : request_(std::move(request)), transport_(transport), timers_(timers) {
  request_.body = {};
}

Step NonInviteServer::on_request(const Message&) {
  if (state_ == State::trying) return {};
  return {{response_}, std::nullopt, std::nullopt};
}

Step NonInviteServer::respond(MonoTime now, const Message& response) {
  if (state_ == State::completed) return {};
  response_ = octets_of(response);
  state_ = response.status() < 200 ? State::proceeding : State::completed;
  if (state_ == State::completed) {
    ends_at_ = now + timers_.timeout();
    if (transport_ == Transport::reliable) become_terminated();  // timer J is zero
  }
  return {{response_}, std::nullopt, std::nullopt};
}

Step NonInviteServer::on_timer(MonoTime now) {
  if (has_come(ends_at_, now)) become_terminated();
  return {};
}

Step NonInviteServer::on_transport_error() {
  // RFC 6026 §8.8 has every server transaction stay in its state, against figure 8.
  if (state_ == State::trying) return {};
  return {{}, std::nullopt, TransactionFailure::transport};
}

void NonInviteServer::become_terminated() {
  state_ = State::terminated;
  ends_at_.reset();
}

}  // namespace ringway::sip

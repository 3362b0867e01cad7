#include "sip-usage/transaction/client.hpp"

#include <algorithm>
#include <utility>

#include "sip-usage/message/builders.hpp"

namespace ringway::sip {

// ---- INVITE (RFC 3261 figure 5, as RFC 6026 figure 5 has it)

InviteClient::InviteClient(Message invite, Transport transport, const TimerSettings& timers)
    : invite_(std::move(invite)), octets_(octets_of(invite_)), transport_(transport), timers_(timers) {
  invite_.body = {};
}

Step InviteClient::start(MonoTime now) {
  interval_ = timers_.t1;
  if (transport_ == Transport::unreliable) retransmit_at_ = now + interval_;
  ends_at_ = now + timers_.timeout();
  return {{octets_}, std::nullopt, std::nullopt};
}

Step InviteClient::on_response(MonoTime now, Message response) {
  const unsigned status = response.status();
  const bool waits = state_ == State::calling || state_ == State::proceeding;
  if (waits && status < 200) {
    become_proceeding();
    return {{}, std::move(response), std::nullopt};
  }
  if (waits && status < 300) {
    become_accepted(now);
    return {{}, std::move(response), std::nullopt};
  }
  if (waits) {
    become_completed(now, response);
    return {{ack_octets_}, std::move(response), std::nullopt};
  }
  // What the first ACK should have ended is acknowledged again, and told nobody (§17.1.1.2).
  if (state_ == State::completed && status >= 300) return {{ack_octets_}, std::nullopt, std::nullopt};
  // Repetitions, and the answers of other branches behind a fork (RFC 6026 §7.2).
  if (state_ == State::accepted && status >= 200 && status < 300)
    return {{}, std::move(response), std::nullopt};
  return {};
}

Step InviteClient::on_timer(MonoTime now) {
  if (has_come(ends_at_, now)) {
    const bool unanswered = state_ == State::calling;  // timer B; D and M just end it
    become_terminated();
    return {{}, std::nullopt, unanswered ? std::optional(TransactionFailure::timeout) : std::nullopt};
  }
  if (!has_come(retransmit_at_, now)) return {};
  interval_ *= 2;
  retransmit_at_ = now + interval_;
  return {{octets_}, std::nullopt, std::nullopt};
}

Step InviteClient::on_transport_error() {
  // Nothing of ours is on its way otherwise: an answer may still come over another connection.
  if (state_ != State::calling && state_ != State::completed) return {};
  become_terminated();
  return {{}, std::nullopt, TransactionFailure::transport};
}

void InviteClient::become_proceeding() {
  state_ = State::proceeding;
  // No timer of its own: whoever forwards an INVITE limits this time (timer C, §16.6 step 11).
  retransmit_at_.reset();
  ends_at_.reset();
}

void InviteClient::become_accepted(MonoTime now) {
  state_ = State::accepted;
  retransmit_at_.reset();
  ends_at_ = now + timers_.timeout();
}

void InviteClient::become_completed(MonoTime now, const Message& response) {
  ack_octets_ = octets_of(make_ack(invite_, response));
  state_ = State::completed;
  retransmit_at_.reset();
  ends_at_ = now + std::max(timers_.timer_d, timers_.timeout());
  // Over a reliable transport the ACK arrives or the connection ends: timer D is zero.
  if (transport_ == Transport::reliable) become_terminated();
}

void InviteClient::become_terminated() {
  state_ = State::terminated;
  retransmit_at_.reset();
  ends_at_.reset();
}

// ---- all others (RFC 3261 figure 6)

NonInviteClient::NonInviteClient(Message request, Transport transport, const TimerSettings& timers)
    : request_(std::move(request)), octets_(octets_of(request_)), transport_(transport), timers_(timers) {
  request_.body = {};
}

Step NonInviteClient::start(MonoTime now) {
  interval_ = timers_.t1;
  if (transport_ == Transport::unreliable) retransmit_at_ = now + interval_;
  ends_at_ = now + timers_.timeout();
  return {{octets_}, std::nullopt, std::nullopt};
}

Step NonInviteClient::on_response(MonoTime now, Message response) {
  if (state_ == State::completed) return {};
  if (response.status() >= 200) {
    become_completed(now);
  } else {
    state_ = State::proceeding;
  }
  return {{}, std::move(response), std::nullopt};
}

Step NonInviteClient::on_timer(MonoTime now) {
  if (has_come(ends_at_, now)) {
    const bool unanswered = state_ != State::completed;  // timer F; K just ends it
    become_terminated();
    return {{}, std::nullopt, unanswered ? std::optional(TransactionFailure::timeout) : std::nullopt};
  }
  if (!has_come(retransmit_at_, now)) return {};
  interval_ = state_ == State::proceeding ? timers_.t2 : std::min(2 * interval_, timers_.t2);
  retransmit_at_ = now + interval_;
  return {{octets_}, std::nullopt, std::nullopt};
}

Step NonInviteClient::on_transport_error() {
  if (state_ == State::completed) return {};
  become_terminated();
  return {{}, std::nullopt, TransactionFailure::transport};
}

void NonInviteClient::become_completed(MonoTime now) {
  state_ = State::completed;
  retransmit_at_.reset();
  ends_at_ = now + timers_.t4;
  if (transport_ == Transport::reliable) become_terminated();  // timer K is zero
}

void NonInviteClient::become_terminated() {
  state_ = State::terminated;
  retransmit_at_.reset();
  ends_at_.reset();
}

}  // namespace ringway::sip

// The client's machines: INVITE (RFC 3261 §17.1.1 with RFC 6026's Accepted) and all others but ACK (§17.1.2).
// An ACK for a 2xx is no part of a transaction: its user sends it (§13.2.2.4).
#pragma once

#include "sip-usage/transaction/machine.hpp"

namespace ringway::sip {

class InviteClient {
 public:
  enum class State { calling, proceeding, completed, accepted, terminated };

  InviteClient(Message invite, Transport transport, const TimerSettings& timers);
  Step start(MonoTime now);  // once, before anything else
  Step on_response(MonoTime now, Message response);
  Step on_timer(MonoTime now);
  Step on_transport_error();
  Deadline next_wake() const { return sooner(retransmit_at_, ends_at_); }
  State state() const { return state_; }
  bool ended() const { return state_ == State::terminated; }
  const Message& request() const { return invite_; }

 private:
  void become_proceeding();
  void become_accepted(MonoTime now);
  void become_completed(MonoTime now, const Message& response);
  void become_terminated();

  Message invite_;
  SharedBytes octets_, ack_octets_;
  Transport transport_;
  TimerSettings timers_;
  State state_ = State::calling;
  Duration interval_{};     // of timer A
  Deadline retransmit_at_;  // timer A
  Deadline ends_at_;        // timer B while calling, D when completed, M when accepted
};

class NonInviteClient {
 public:
  enum class State { trying, proceeding, completed, terminated };

  NonInviteClient(Message request, Transport transport, const TimerSettings& timers);
  Step start(MonoTime now);
  Step on_response(MonoTime now, Message response);
  Step on_timer(MonoTime now);
  Step on_transport_error();
  Deadline next_wake() const { return sooner(retransmit_at_, ends_at_); }
  State state() const { return state_; }
  bool ended() const { return state_ == State::terminated; }
  const Message& request() const { return request_; }

 private:
  void become_completed(MonoTime now);
  void become_terminated();

  Message request_;
  SharedBytes octets_;
  Transport transport_;
  TimerSettings timers_;
  State state_ = State::trying;
  Duration interval_{};     // of timer E
  Deadline retransmit_at_;  // timer E
  Deadline ends_at_;        // timer F, then K
};

}  // namespace ringway::sip

// The server's machines: INVITE (RFC 3261 §17.2.1 with RFC 6026's Accepted) and all others but ACK (§17.2.2).
// The request that begins a transaction goes to its user by itself; the machines see what comes after it.
#pragma once

#include "sip-usage/transaction/machine.hpp"

namespace ringway::sip {

class InviteServer {
 public:
  enum class State { proceeding, completed, confirmed, accepted, terminated };

  InviteServer(MonoTime now, Message invite, Transport transport, const TimerSettings& timers);
  Step on_request(MonoTime now, const Message& request);  // the INVITE again, or its ACK
  // What the user answers. Responses that can go out no more are left out: those behind a final one, but for
  // a 2xx again.
  Step respond(MonoTime now, const Message& response);
  Step on_timer(MonoTime now);
  Step on_transport_error();
  Deadline next_wake() const { return sooner(soon_at_, ends_at_); }
  State state() const { return state_; }
  bool ended() const { return state_ == State::terminated; }
  const Message& request() const { return invite_; }

 private:
  Step on_ack(MonoTime now, const Message& ack);
  void become_accepted(MonoTime now);
  void become_completed(MonoTime now);
  void become_confirmed(MonoTime now);
  void become_terminated();

  Message invite_;
  SharedBytes response_;  // the last one that was sent, empty before there is one
  Transport transport_;
  TimerSettings timers_;
  State state_ = State::proceeding;
  Duration interval_{};  // of timer G
  Deadline soon_at_;     // a 100 while proceeding, timer G when completed
  Deadline ends_at_;     // timer H when completed, I when confirmed, L when accepted
};

class NonInviteServer {
 public:
  enum class State { trying, proceeding, completed, terminated };

  NonInviteServer(Message request, Transport transport, const TimerSettings& timers);
  Step on_request(const Message& request);  // the same again
  Step respond(MonoTime now, const Message& response);
  Step on_timer(MonoTime now);
  Step on_transport_error();
  Deadline next_wake() const { return ends_at_; }
  State state() const { return state_; }
  bool ended() const { return state_ == State::terminated; }
  const Message& request() const { return request_; }

 private:
  void become_terminated();

  Message request_;
  SharedBytes response_;
  Transport transport_;
  TimerSettings timers_;
  State state_ = State::trying;
  Deadline ends_at_;  // timer J
};

}  // namespace ringway::sip

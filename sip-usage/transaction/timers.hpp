// The times of RFC 3261 §17 (Table 4), for one machine.
#pragma once

#include "reload/time.hpp"

namespace ringway::sip {

struct TimerSettings {
  Duration t1{500};  // estimate of the round trip
  Duration t2{
      4'000};  // longest pause between transmissions of a non-INVITE request and of an INVITE's response
  Duration t4{5'000};    // how long a message may stay in the network
  Duration trying{200};  // a server that has not answered an INVITE by then says 100 (§17.2.1)
  Duration timer_d{
      32'000};  // how long responses to an INVITE may be repeated over unreliable transports (§17.1.1.2)

  Duration timeout() const { return 64 * t1; }  // timers B, F, H, J, L and M
};

}  // namespace ringway::sip

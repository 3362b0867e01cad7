// The privacy service of a peer for its own users (RFC 3323 §5): what leaves for another peer of a call whose
// caller wants to stay unknown says nothing of the user, the phone or this peer, and goes by way of an
// intermediate peer (intermediary.hpp), so that the connection says nothing of them either.
//
// Bodies are not touched: the addresses for sound and pictures in SDP are the phone's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "reload/random.hpp"
#include "reload/time.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/settings.hpp"

namespace ringway::sip::element {

inline constexpr std::string_view k_anonymous_host = "anonymous.invalid";  // RFC 3323 §4.1.1.3
inline constexpr std::size_t k_max_intermediate_tries = 12;                // of one request
inline constexpr Duration k_intermediate_time{600'000};                    // then another peer is asked
inline constexpr std::size_t k_max_bad_intermediates = 3;                  // that one request finds out

bool is_anonymous(const Uri& uri);

// Does the sender want it? "none" says no, whatever else holds (RFC 3323 §4.2).
bool wants_privacy(const Message& request);
bool refuses_privacy(const Message& request);
// A request within a dialog that began so: its Route leads through an intermediate peer.
bool goes_by_intermediate(const Message& request);
// And one that comes to the hidden end of such a dialog.
bool is_to_hidden(const Message& request);
// What answers it within the dialog goes by an intermediate peer.
bool comes_by_intermediate(const Message& request);
// Whatever is behind an intermediate peer, this is its own answer, or the one of a peer that is none.
bool is_of_intermediate(unsigned status);

// `contact` is what the phone is called by behind the intermediate peer; the top Via is this peer's.
void make_anonymous(Message& request, const Uri& contact);
void make_response_anonymous(Message& response, const Uri& contact);
void make_from_anonymous(Message& request);
// In front of the first request: to whichever peer gets it, and from there to `target`.
bool add_intermediate_route(Message& request, const wire::DestinationList& target,
                            const proxy::Settings& settings);

// Whom to ask: whoever is responsible for some point of the overlay, the same one for a while.
class IntermediateChoice {
 public:
  explicit IntermediateChoice(Random& random) : random_(random) {}

  const wire::DestinationList& current(MonoTime now);
  // That one was of no use. Others may have found out before.
  void reject(const wire::DestinationList& one);

 private:
  Random& random_;
  wire::DestinationList current_;
  MonoTime chosen_at_;
};

}  // namespace ringway::sip::element

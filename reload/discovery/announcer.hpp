// When to announce, when to answer, and whom to remember: discovery without its sockets. Peers of one network
// speak rarely however many there are, and a stranger who talks a lot makes nobody else talk, nor remember
// more than a bounded table of addresses.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/discovery/announcement.hpp"
#include "reload/random.hpp"
#include "reload/time.hpp"

namespace ringway::discovery {

inline constexpr Duration k_announce_interval{30'000};  // give or take a quarter
// Who has just started asks at these times after its start; then it announces itself by the interval.
inline constexpr Duration k_first_questions[] = {Duration{0}, Duration{700}, Duration{1'500}, Duration{4'000},
                                                 Duration{10'000}};
inline constexpr Duration k_answer_within{400};    // not all at the same moment
inline constexpr Duration k_quiet_between{1'000};  // two datagrams of ours, whatever the others ask
inline constexpr unsigned k_answers_enough = 8;    // so many others have answered: we need not
inline constexpr Duration k_forgotten_after{100'000};
inline constexpr std::size_t k_max_found = 64;
inline constexpr unsigned k_max_datagrams_per_second = 200;  // looked at; the others are dropped

struct Settings {
  std::string overlay_name;
  std::vector<wire::IpAddressPort> own_addresses;  // announced; those that nobody could use are left out
};

struct Counters {
  std::uint64_t sent = 0, heard = 0, malformed = 0, dropped = 0;
};

class Announcer {
 public:
  Announcer(Settings settings, std::shared_ptr<Random> random);

  void start(MonoTime now);
  // A datagram from that address. True when found() has changed.
  bool receive(MonoTime now, const wire::IpAddressPort& source, SharedBytes datagram);
  // What is to be sent to everyone now, if anything. True in `changed` when found() has changed.
  std::optional<Bytes> on_timer(MonoTime now, bool& changed);
  MonoTime next_deadline() const;

  // Where other peers of the overlay have said that they listen, the latest last.
  std::vector<wire::IpAddressPort> found() const;
  const Counters& counters() const { return counters_; }

 private:
  struct Entry {
    wire::IpAddressPort address;
    MonoTime heard_at;
  };

  bool too_many(MonoTime now);
  bool remember(MonoTime now, const wire::IpAddressPort& address);
  bool forget_old(MonoTime now);
  void note_question(MonoTime now);
  Duration jittered(Duration interval);

  Settings settings_;
  std::shared_ptr<Random> random_;
  OverlayTag tag_;
  std::vector<Entry> found_;
  MonoTime started_, regular_at_;
  std::size_t questions_asked_ = 0;
  std::optional<MonoTime> answer_at_, sent_at_;
  unsigned answers_heard_ = 0;  // since answer_at_ was set
  MonoTime second_began_;
  unsigned in_this_second_ = 0;
  Counters counters_;
};

}  // namespace ringway::discovery

// The recipient's side of kept messages: when a phone of a user registers here, what waits in the user's
// mailbox is delivered to it, one message after the other, each once.
//
// No I/O, clock or random source: calls in, outputs out, to be carried out in their order.
//
//   a phone is there, or again -> on_registered -> AskOverlay …
//   the overlay has answered   -> on_call       -> AskOverlay …, Deliver
//   the phones have answered   -> on_delivered  -> AskOverlay …, Deliver
//   next_wake() has come       -> on_timer
//
// Once each: the user's peers agree by a value of the user (Received), which they change only as they have
// last read it (compare-and-swap). Whoever has a claim in it delivers, and writes down each message before
// the next one. So a message comes a second time only if this peer ends, or loses the overlay and ends,
// between the phone's answer and that write; its Call-ID is the same then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/messages/mailbox.hpp"
#include "sip-usage/messages/received.hpp"

namespace ringway::sip::messages {

inline constexpr std::size_t k_max_collecting = 8;          // users at once; the others wait
inline constexpr Duration k_between_looks{300'000};         // while a phone is there
inline constexpr Duration k_shortest_between_looks{5'000};  // however often it registers
// Once more when a phone has come: what was sent before and found nobody is in the mailbox by then, since its
// sender has been told so within 32 s (element/letters.hpp).
inline constexpr Duration k_look_after_coming{35'000};
inline constexpr Duration k_first_look_retry{5'000};  // when the overlay does not answer
inline constexpr Duration k_look_retry{60'000};       // from the second time on
inline constexpr Duration k_claim_time{120'000};      // renewed with each message
inline constexpr Duration k_look_at_others{10'000};   // while another peer has it: it may give it back soon
inline constexpr Duration k_delivery_time{40'000};    // an answer of phones takes 32 s at most
inline constexpr Duration k_call_time{60'000};
inline constexpr unsigned k_max_claim_attempts = 5;  // when the user's other peers write at the same time
inline constexpr std::size_t k_max_unopened = 64;    // of one user, remembered; the same of unfit ones

enum class DeliveryId : std::uint64_t {};  // never used twice

// Send it to the user's phones that are registered here, and to nobody else; a request without a Via.
// Answered once, by on_delivered().
struct Deliver {
  DeliveryId id{};
  Aor aor;
  Message request;
};
using CollectorOutput = std::variant<AskOverlay, Deliver>;

struct CollectorCounters {
  std::uint64_t delivered = 0;  // answered with 2xx
  std::uint64_t refused = 0;    // by a phone, for good
  std::uint64_t unfit = 0;      // for the phones here: left for another device
  std::uint64_t unopened = 0;   // closed for others, or changed
  std::uint64_t forged = 0;     // an envelope with another's letter, or none
  std::uint64_t failures = 0;   // of the overlay
};

class Collector {
 public:
  explicit Collector(std::vector<OwnUser> users);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  // From now on, instead of those before: a user has come or gone, or a key was renewed. What is under way
  // for those that stay goes on.
  void use_users(Now now, std::vector<OwnUser> users);

  // A REGISTER of that user was accepted, and there is a binding now; then, there is none any more.
  void on_registered(Now now, const Aor& aor);
  void on_gone(Now now, const Aor& aor);
  void on_call(Now now, CallId id, const data::CallResult& result);
  // The final answer's status; nothing: nobody has answered.
  void on_delivered(Now now, DeliveryId id, std::optional<unsigned> status);
  void on_timer(Now now);
  Deadline next_wake() const;

  std::vector<CollectorOutput> take_outputs() { return std::exchange(outputs_, {}); }
  const CollectorCounters& counters() const { return counters_; }
  TableSize size() const { return {"mailboxes that are being read", collecting_, k_max_collecting}; }

 private:
  enum class Stage { idle, reading_mailbox, reading_received, preparing, writing, delivering };
  struct Candidate {
    std::string writer;
    NodeId node;
    KeptMessage message;
  };
  // It stays for the user's other devices.
  struct Skipped {
    NodeId node;
    std::uint64_t id = 0;
    WallMs until_ms = 0;
  };
  struct User {
    OwnUser own;
    std::string mailbox;  // empty: this user cannot have one
    bool is_here = false;
    Deadline came_at;       // the first phone
    unsigned failures = 0;  // in a row
    Deadline look_at;
    bool wants_again = false;  // a phone has registered since the mailbox was read
    bool is_waiting = false;   // for others to end
    Deadline last_look;
    Stage stage = Stage::idle;
    CallId call{};
    DeliveryId delivery{};
    Deadline deadline;  // of the call, or of the delivery
    std::deque<Candidate> candidates;
    std::vector<Skipped> skipped;  // of this look
    Received stored;               // as it was read, or written
    std::uint64_t generation = 0;
    Received written;            // by the call that is under way
    Received seen;               // all that this peer knows of
    bool has_unwritten = false;  // some of it could not be written down yet
    unsigned attempts = 0;
    std::set<std::pair<NodeId, std::uint64_t>> unopened;  // or unfit
    Deadline queued_at;                                   // in wakes_
  };

  void forget(User& user);
  void plan_look(User& user, MonoTime at);
  void look(Now now, User& user);
  void serve_waiting(Now now);
  void read_mailbox(Now now, User& user, const data::CallResult& result);
  void take_candidates(Now now, User& user, const data::Entry& entry);
  void ask_received(Now now, User& user);
  void read_received(Now now, User& user, const data::CallResult& result);
  void claim(Now now, User& user);
  bool is_others(WallMs now_ms, const User& user) const;  // another peer of the user delivers
  Received wanted(Now now, const User& user) const;
  void write(Now now, User& user);
  void on_written(Now now, User& user, const data::CallResult& result);
  void go_on(Now now, User& user);
  std::optional<Message> open_next(Now now, User& user);
  std::optional<Message> open(User& user, const Candidate& candidate);
  void answered(Now now, User& user, std::optional<unsigned> status);
  static void leave(User& user, const Candidate& candidate);
  static void note_received(User& user, const Candidate& candidate);
  void fail(Now now, User& user);
  void end(Now now, User& user, Duration until_next_look);
  void ask(Now now, User& user, Stage stage, data::Call call);
  void queue(User& user);

  std::map<Aor, User> users_;
  std::map<CallId, Aor> asked_;
  std::map<DeliveryId, Aor> delivering_;
  std::deque<Aor> waiting_;
  std::set<std::pair<MonoTime, Aor>> wakes_;
  std::size_t collecting_ = 0;
  std::uint64_t last_call_ = 0, last_delivery_ = 0;
  std::vector<CollectorOutput> outputs_;
  CollectorCounters counters_;
};

}  // namespace ringway::sip::messages

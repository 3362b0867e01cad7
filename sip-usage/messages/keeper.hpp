// The sender's side of kept messages: a MESSAGE (RFC 3428) of one of this peer's users that nobody took now
// is put into the recipient's mailbox in the overlay, and the phone gets 202 once it is there.
//
// No I/O, clock or random source: calls in, outputs out, to be carried out in their order.
//
//   nobody took a MESSAGE       -> keep -> AskCertificates, AskOverlay … or Answer
//   what was asked for is there -> on_certificates, on_call -> AskOverlay (the put) … Answer
//   next_wake() has come        -> on_timer
//
// What one user sends to another goes in rounds: all that has come since the last one is put at once, since a
// sender has one entry in a mailbox. Its messages which the recipient has received are left out then; so are
// those whose time is over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/security/certificate.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/messages/letter.hpp"
#include "sip-usage/messages/mailbox.hpp"
#include "sip-usage/messages/received.hpp"

namespace ringway::sip::messages {

inline constexpr std::size_t k_max_waiting = 1024;       // messages that are being put
inline constexpr std::size_t k_max_waiting_of_box = 32;  // of one sender to one recipient
// From the MESSAGE's failure to its answer; the phone gives up 32 s after it has sent it (RFC 3261
// §17.1.2.2).
inline constexpr Duration k_keeping_time{15'000};
inline constexpr unsigned k_retry_after_s = 60;         // of 480, when the overlay did not take it
inline constexpr unsigned k_full_retry_after_s = 3600;  // when the quota is used up

enum class KeepId : std::uint64_t {};  // the driver's, never used twice

// The valid certificates of that user, as data::FindCertificates finds them; answered by on_certificates().
struct AskCertificates {
  CallId id{};
  std::string user_name;
};
// What the phone gets: 202, or why not. A 202 has neither a body nor a Contact (RFC 3428 §7).
struct Answer {
  KeepId keep{};
  unsigned status = 0;
  std::optional<unsigned> retry_after_s;
};
using KeeperOutput = std::variant<AskOverlay, AskCertificates, Answer>;

struct KeeperCounters {
  std::uint64_t kept = 0;     // 202
  std::uint64_t unknown = 0;  // nobody has a certificate for that name, or the overlay keeps no messages
  std::uint64_t over_quota = 0;
  std::uint64_t failed = 0;  // the overlay did not take it, or not in time
};

class Keeper {
 public:
  Keeper(std::vector<OwnUser> users, std::string overlay_name);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  // From now on, instead of those before. What is under way goes on.
  void use_users(std::vector<OwnUser> users);

  // `sender` is one of this peer's users, by whom the request was shown to be; `status` is what came of it.
  // What is not for keeping is answered with that.
  void keep(Now now, KeepId keep, const Message& request, const Aor& sender, unsigned status);
  // `failure`: as of data::CertificatesFound.
  void on_certificates(Now now, CallId id, const std::vector<security::CertificatePtr>& found,
                       const std::optional<data::CallFailure>& failure);
  void on_call(Now now, CallId id, const data::CallResult& result);
  void on_timer(Now now);
  Deadline next_wake() const;

  std::vector<KeeperOutput> take_outputs() { return std::exchange(outputs_, {}); }
  const KeeperCounters& counters() const { return counters_; }
  TableSize size() const { return {"messages that are being kept", waiting_, k_max_waiting}; }

 private:
  using BoxName = std::pair<Aor, Aor>;  // sender, recipient
  struct Waiting {
    KeepId keep{};
    Letter letter;
    unsigned status = 0;
  };
  // What is asked for first, then the put.
  struct Round {
    MonoTime deadline;
    std::set<CallId> open;
    CallId certificates_call{}, entry_call{}, received_call{}, put_call{};
    std::vector<security::CertificatePtr> certificates;
    KeptMessages entry;
    Received received;
    std::vector<KeepId> put;
  };
  struct Box {
    std::string name;
    OwnUser sender;
    std::vector<Waiting> waiting;
    Round round;
  };
  using Boxes = std::map<BoxName, Box>;

  const OwnUser* user_of(const Aor& aor) const;
  std::optional<Aor> recipient_of(const Message& request) const;
  void begin(Now now, const BoxName& name, Box& box);
  CallId ask(Box& box, const BoxName& name, data::Call call);
  CallId new_call(Box& box, const BoxName& name);
  Boxes::iterator box_of(CallId id);  // whose round waits for it, and does no more
  bool take(Round& round, CallId id, const data::CallResult& result);  // false: it is of no use
  void go_on(Now now, Boxes::iterator at);
  void put(Now now, Boxes::iterator at);
  void on_put(Now now, Boxes::iterator at, const data::CallResult& result);
  enum class Fit { yes, no_room, no_envelope };
  static Fit add(const Round& round, KeptMessages& entry, std::size_t& size_bytes, const Letter& letter);
  void end_round(Now now, Boxes::iterator at);
  void give_up(Boxes::iterator at, const data::CallFailure* failure);
  void forget_calls(Round& round);
  void answer(KeepId keep, unsigned status, std::optional<unsigned> retry_after_s = std::nullopt);

  std::map<Aor, OwnUser> users_;
  std::string overlay_name_;
  Boxes boxes_;
  std::map<CallId, BoxName> asked_;
  std::set<std::pair<MonoTime, BoxName>> deadlines_;
  std::size_t waiting_ = 0;
  std::uint64_t last_call_ = 0;
  std::vector<KeeperOutput> outputs_;
  KeeperCounters counters_;
};

}  // namespace ringway::sip::messages

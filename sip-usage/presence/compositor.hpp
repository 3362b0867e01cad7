// The event state compositor of a peer's own users (RFC 3903, RFC 3856): their phones publish what they do,
// and what is made of it is stored in the overlay for those who may see it (value.hpp). Of a user whose
// phones publish nothing it says whether a phone is registered.
//
// No I/O, clock or random source: calls in, Outputs out, in the order in which they are to be carried out.
//
//   a PUBLISH comes                  -> publish -> Respond, then StorePresence …
//   the user's bindings have changed -> on_bindings
//   the overlay has answered         -> on_overlay, on_certificates
//   next_wake() has come             -> on_timer
//
// A 200 to a PUBLISH says that this peer has the document; the overlay gets it soon, and gets changes of one
// user one in registrar::k_store_interval, the latest. A user without phones and publications has no entry:
// nothing there means closed. Only one with a list has an entry always, so that those who are not on it see
// the same at all times.
//
// The driver has seen to it that PUBLISHes came by one way (RFC 3261 §8.2.2.2) and who sends them. It answers
// each StorePresence and RemovePresence once; without an answer for registrar::k_overlay_time it counts as
// failed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/publications.hpp"
#include "sip-usage/presence/reader_certificates.hpp"
#include "sip-usage/presence/settings.hpp"
#include "sip-usage/registrar/overlay_entry.hpp"
#include "sip-usage/registrar/registrar.hpp"

namespace ringway::sip::presence {

using registrar::OverlayRequestId;  // those of the compositor; a registrar counts its own
using registrar::RequestId;
using registrar::Respond;

// Put this as the user: at presence_key() of it, as the owner value of that entry.
struct StorePresence {
  OverlayRequestId request{};
  Aor aor;
  std::string entry;
  Bytes value;
  std::uint32_t lifetime_s = 0;
};
struct RemovePresence {
  OverlayRequestId request{};
  Aor aor;
  std::string entry;
};

struct CompositorCounters {
  std::uint64_t requests = 0, accepted = 0, rejected = 0;
  std::uint64_t stores = 0, removals = 0;  // that were asked for
  std::uint64_t overlay_failures = 0;
  std::uint64_t not_sealed = 0;  // nobody's certificate is known, or the value was too long
};

class Compositor {
 public:
  using Output = std::variant<Respond, StorePresence, RemovePresence, FindCertificates>;
  using Outputs = std::vector<Output>;

  // At most registrar::k_max_accounts users, each once, each with a permission that check() has found good.
  Compositor(Settings settings, std::vector<PresenceUser> users, std::shared_ptr<Random> random,
             std::shared_ptr<Envelope> envelope);
  Compositor(const Compositor&) = delete;
  Compositor& operator=(const Compositor&) = delete;

  // By whom it is has been made sure.
  Outputs publish(Now now, RequestId request, const Message& message, const Aor& sender);
  Outputs on_bindings(Now now, const Aor& aor, bool has_phones);
  Outputs on_overlay(Now now, OverlayRequestId request, bool is_done);
  Outputs on_certificates(Now now, CertificateQuestion question,
                          std::vector<security::CertificatePtr> certificates);
  Outputs on_certificates_failed(Now now, CertificateQuestion question);  // nobody could say
  // From now on; good as check() says.
  Outputs set_permission(Now now, const Aor& aor, Permission permission);
  // These are the users from now on, as of the constructor. Who is not among them any more is shown no more.
  Outputs set_users(Now now, std::vector<PresenceUser> users);
  // The peer leaves: its users are shown no more, and nobody publishes any more (503).
  Outputs leave(Now now);
  // The peer was started: what it has stored before may still be there, and goes unless a phone has come back
  // by then (registrar::k_return_time).
  Outputs on_restarted(Now now);
  Outputs on_timer(Now now);
  Deadline next_wake() const;

  bool has(const Aor& aor) const;
  const CompositorCounters& counters() const { return counters_; }
  TableSizes sizes() const;

 private:
  // What others shall see, in a form that can be compared: sealed it would be another one each time.
  struct Shown {
    std::string document;
    std::optional<std::string> recipients;  // of listed: the digests of their certificates
    bool operator==(const Shown&) const = default;
  };
  using Entry = registrar::EntryOf<Shown>;
  struct User {
    User(PresenceUser its_user, std::uint32_t lifetime_s) : user(std::move(its_user)), entry(lifetime_s) {}
    PresenceUser user;
    Publications publications;
    bool has_phones = false;
    std::optional<std::string> document;  // that is made of these
    // No user any more; has this place until the overlay has answered to the removal, so that who comes back
    // is not taken away by it.
    bool is_gone = false;
    std::optional<OverlayRequestId> removal{};  // of one who is gone
    Entry entry;
    bool is_waiting = false;  // in waiting_
    Deadline next_write;      // not sooner
    Deadline spared_until;    // what may be there from before the restart
    Deadline recheck_at;      // certificates were missing
    Deadline queued_at;       // in wakes_
  };

  using Users = std::map<Aor, User>;

  void add(const PresenceUser& user);
  User* find(const Aor& aor);  // nothing: no user, or one who is gone
  void dismiss(Now now, User& user);
  void drop(Users::iterator user);
  void keep_needed_certificates();
  void respond(RequestId request, Message response);
  void reject(RequestId request, const Message& message, const registrar::Rejection& rejection);
  void compose(User& user);
  void advance(Now now, User& user);
  bool is_due(MonoTime now, const User& user) const;
  bool needs_certificates(MonoTime now, const User& user) const;
  void prepare_waiting(Now now);
  void write(Now now, User& user, Entry::Wanted wanted);
  std::optional<Bytes> value_of(const User& user, const Shown& shown);
  Entry::Wanted wanted_by(const User& user) const;
  std::vector<security::CertificatePtr> recipients_of(const User& user) const;
  void queue(User& user);
  Outputs finish(Now now);

  Settings settings_;
  std::shared_ptr<Random> random_;
  std::shared_ptr<Envelope> envelope_;
  Users users_;  // at most registrar::k_max_users, with those who are gone
  bool is_leaving_ = false;
  ReaderCertificates certificates_;
  std::deque<Aor> waiting_;  // users with something to be sealed; certificates are known or asked for
                             // those of the first k_max_preparing
  std::set<std::pair<MonoTime, Aor>> wakes_;
  std::map<OverlayRequestId, Aor> asked_;
  std::uint64_t last_overlay_request_ = 0;
  Outputs outputs_;
  CompositorCounters counters_;
};

}  // namespace ringway::sip::presence

// The registrar of a peer's own users (RFC 3261 §10): phones register here, the overlay gets one entry for
// each user that leads to this peer (RFC 7904 §3), and a proxy asks whom a URI means.
//
// No I/O, clock or random source: calls in, Outputs out, in the order in which they are to be carried out.
//
//   a REGISTER comes            -> receive -> Respond, or StoreRegistration …
//   the overlay has answered    -> on_overlay -> Respond …
//   a phone's flow is gone      -> on_flow_failed
//   bindings change             -> KeepBindings or ForgetBindings
//   after a restart             -> restore
//   next_wake() has come        -> on_timer
//
// A 200 says that callers everywhere find the user here: when the entry in the overlay has to change for it,
// the answer waits for that write, and nothing of the REGISTER counts when it fails (503 with Retry-After).
// The REGISTERs of one user are carried out one after another; those that change nothing in the overlay wait
// for nothing else. Removing answers at once: the phone is not called any more, and the entry goes as soon as
// the overlay takes it.
//
// The driver has seen to it that the request is for this peer (§10.3 step 1) and came by one way (§8.2.2.2).
// It answers each StoreRegistration and RemoveRegistration once; without an answer for k_overlay_time it
// counts as failed.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registrar/authentication.hpp"
#include "sip-usage/registrar/bindings.hpp"
#include "sip-usage/registrar/contact_update.hpp"
#include "sip-usage/registrar/device_gruus.hpp"
#include "sip-usage/registrar/kept_bindings.hpp"
#include "sip-usage/registrar/overlay_entry.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

enum class RequestId : std::uint64_t {};  // a server transaction: the driver's, never used twice

struct Respond {
  RequestId request{};
  Message response;
};
// Store this under the user's Node-ID, signed by the user.
struct StoreRegistration {
  OverlayRequestId request{};
  Aor aor;
  SipRegistration registration;
  std::uint32_t lifetime_s = 0;
};
struct RemoveRegistration {
  OverlayRequestId request{};
  Aor aor;
};
// A binding depends on that flow, or none does any more: it is kept open while one does.
struct HoldFlow {
  FlowId flow{};
  bool held = false;
};
// To be given to restore() after a restart; what was kept of that user before is replaced. Nobody waits for
// it.
using KeepBindings = KeptBindings;
struct ForgetBindings {
  Aor aor;
};
using Output =
    std::variant<Respond, StoreRegistration, RemoveRegistration, HoldFlow, KeepBindings, ForgetBindings>;
using Outputs = std::vector<Output>;

// Whom a URI means here.
struct Lookup {
  bool is_known = false;        // otherwise 404: no user here, or a temporary GRUU that is valid no more
  Aor aor;                      // whose phones these are
  std::vector<Target> targets;  // none: 480 (RFC 5627 §5.3)
};

struct RegistrarCounters {
  std::uint64_t requests = 0;
  std::uint64_t accepted = 0;              // 200
  std::uint64_t rejected = 0;              // for what the request says, or whom it is from
  std::uint64_t busy = 0;                  // 503: k_max_waiting_of_user, k_max_store_burst
  std::uint64_t overlay_failures = 0;      // writes that failed, or were not answered in time
  std::uint64_t stores = 0, removals = 0;  // that were asked for
  std::uint64_t not_restored = 0;          // what was kept of a user and cannot be read
};

class Registrar {
 public:
  // What check() has found good.
  Registrar(Settings settings, std::vector<Account> accounts, std::shared_ptr<Random> random);
  Registrar(const Registrar&) = delete;
  Registrar& operator=(const Registrar&) = delete;

  // What was kept before the restart: phones that can be reached are found again, and the entries in the
  // overlay go on; those of users who have no phones k_return_time later are taken away. Called before
  // everything else.
  Outputs restore(Now now, const std::vector<KeptBindings>& kept);
  Outputs receive(Now now, RequestId request, Message message, const Source& source);
  Outputs on_overlay(Now now, OverlayRequestId request, bool is_done);
  Outputs on_flow_failed(Now now, FlowId flow);
  // A phone has answered 430, or nothing, over its flow (RFC 5626 §7): that binding goes.
  Outputs on_unreachable(Now now, const Aor& aor, const Target& target);
  Outputs on_unreachable(Now now, FlowId flow, const Uri& contact);  // of whoever has registered it
  Outputs on_timer(Now now);
  Deadline next_wake() const;

  // The users from now on, which check() has found good. Who is not among them any more has no phones here,
  // and no entry in the overlay as far as that can still be taken away.
  Outputs set_accounts(Now now, std::vector<Account> accounts);
  // The peer leaves: the entries go, and nobody registers any more (503). Phones here are still found.
  Outputs shut_down(Now now);

  // For a proxy that is asked to carry a request (§16.3 step 6): which of this peer's users sends it, or the
  // answer that it gets instead, 407 or 403. The user's registered connection says it, or credentials; over
  // UDP only credentials, since everybody can write any address there. ACK and CANCEL cannot be asked and go
  // the way of their INVITE.
  std::variant<Aor, Message> sender_of(Now now, const Message& request, const Source& source);

  bool has_phones(MonoTime now, const Aor& aor) const;
  // The user's phones, or of a GRUU the one that is meant.
  Lookup find(MonoTime now, const Uri& uri) const;
  // By which other peers know the phone that has registered this Contact and sends from there (RFC 7904
  // §5.1), also one that has no instance: a URI of the overlay that leads to this peer and, here, to that
  // binding. Nothing: none has.
  std::optional<Uri> overlay_uri(const Source& source, const Uri& contact) const;
  // The same of one that find() has given for a user.
  std::optional<Uri> overlay_uri(const Aor& aor, const std::string& instance, const Uri& registered) const;
  // By which an intermediate peer knows the phone that sends from there (DeviceGruus). Nothing: none has
  // registered.
  std::optional<Uri> hidden_gruu(const Source& source, const Uri& contact);
  // Such a one, or a temporary one: it says nothing of the user.
  bool names_nobody(const Uri& uri) const;

  std::set<Aor> users() const;  // whose phones may register
  RegistrarCounters counters() const { return counters_; }
  AuthenticationCounters authentication_counters() const { return authenticator_.counters(); }
  TableSizes sizes() const;

 private:
  struct Waiting {
    RequestId request{};
    Message message;
    Source source;
  };
  struct User {
    User(Aor its_aor, std::uint32_t lifetime_s) : aor(std::move(its_aor)), entry(lifetime_s) {}
    Aor aor;
    bool is_gone = false;  // no account any more
    OverlayEntry entry;
    Deadline spared_until;                   // what may be there from before the restart
    std::deque<Waiting> waiting;             // in the order in which they came
    std::optional<ContactUpdate> under_way;  // what the first of them comes to once the overlay has it
    Deadline queued_at;                      // in wakes_
    Deadline keep_at;                        // the bindings have changed since they were kept
    Deadline kept_at;
  };

  Result<Address> address_of(const Uri& uri) const;
  // Whose bindings the sender may change; otherwise it has been answered.
  std::optional<Aor> identify(Now now, RequestId request, const Message& message, const Source& source);
  std::optional<Aor> known_sender(const std::optional<Aor>& from, const Message& request,
                                  const Source& source) const;
  bool is_own_machine(const Message& request, const Source& source) const;
  // Goes on with a user's REGISTERs as far as possible, then with what the overlay needs.
  void advance(Now now, User& user);
  bool serve_first(Now now, User& user);  // false: it has to wait
  void end_write(Now now, User& user, bool is_done);
  void commit_first(Now now, User& user, ContactUpdate update);
  void reject_first(User& user, const Rejection& rejection);
  void reject(RequestId request, const Message& message, const Rejection& rejection);
  void add_user(const Aor& aor);
  void dismiss(Now now, User& user);
  void reject_waiting(User& user, const Rejection& rejection);
  WantedEntry wanted_by(const BindingList& bindings) const;
  static bool is_due(MonoTime now, const User& user, const WantedEntry& wanted);
  void ask_overlay(Now now, User& user, WantedEntry wanted);
  void accept(Now now, RequestId request, const Message& message, const Aor& aor, bool uses_outbound);
  void set_bindings(Now now, User& user, BindingList bindings);
  void note_change(Now now, User& user);
  void keep(Now now, User& user);
  void queue(User& user);
  std::size_t index_of(const User& user) const;
  std::string new_tag();
  Outputs take_outputs();

  Settings settings_;
  bool is_leaving_ = false;
  std::shared_ptr<Random> random_;
  Authenticator authenticator_;
  Bindings bindings_;
  DeviceGruus gruus_;
  // Those who are gone have their places until they are wanted for others: the overlay may have to be asked
  // again to take their entries away.
  std::vector<User> users_;
  std::map<Aor, std::size_t> index_;  // of those who are not
  std::set<std::size_t> busy_;        // users with waiting REGISTERs
  std::set<std::pair<MonoTime, std::size_t>> wakes_;
  std::map<OverlayRequestId, std::size_t> asked_;
  std::uint64_t last_overlay_request_ = 0;
  Outputs outputs_;
  RegistrarCounters counters_;
};

}  // namespace ringway::sip::registrar

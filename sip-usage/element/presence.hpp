// Presence as the element has it (sip-usage/presence): what own users' phones publish, and whom phones and
// programs watch. What the rooms ask of the overlay becomes calls and watches here, and what it answers goes
// to the room that has asked.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/element/settings.hpp"
#include "sip-usage/presence/compositor.hpp"
#include "sip-usage/presence/notifier.hpp"
#include "sip-usage/presence/onlookers.hpp"
#include "sip-usage/presence/user_envelopes.hpp"
#include "sip-usage/transaction/transaction_table.hpp"

namespace ringway::sip::element {

// A subscription of a user of this peer depends on that flow, or none does any more.
struct Watching {
  FlowId flow{};
  bool is_watching = false;
};

class Presence {
 public:
  // `users` whose phones this peer serves.
  Presence(const Settings& settings, std::vector<messages::OwnUser> users, std::shared_ptr<Random> random);
  // These are the users from now on; with all keys that open what was closed for them.
  void use_users(Now now, std::vector<messages::OwnUser> users);
  void on_users_gone(MonoTime now, const std::set<Aor>& gone);  // they watch nobody any more
  void leave(Now now);  // its users are seen no more, and subscriptions end

  // Requests that are for presence; who has sent them has been made sure of.
  void publish(Now now, TransactionId transaction, const Message& request, const Aor& sender);
  void subscribe(MonoTime now, TransactionId transaction, const Message& request,
                 const presence::Subscriber& subscriber);
  bool has_dialog(const Message& request) const { return notifier_.has_dialog(request); }
  const presence::WatcherId& watcher_of(const Message& request) const {
    return notifier_.watcher_of(request);
  }

  void on_notified(MonoTime now, presence::NotifyId notify, unsigned status);
  void on_flow_failed(MonoTime now, FlowId flow);
  void on_bindings(Now now, const Aor& aor, bool has_phones);
  void on(Now now, const OverlayAnswered& answered);
  void on(Now now, CertificatesAnswered& answered);
  void on(Now now, OverlayTold& told);
  void on(WatchUser& watch);
  void on(Now now, const NextSight& next);
  void on(const HideSight& hide);
  void on_timer(Now now);
  Deadline next_wake() const;

  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  using Work = std::variant<registrar::Respond, presence::SendNotify, Watching>;
  std::vector<Work> take_work() { return std::exchange(work_, {}); }
  TableSizes sizes() const;
  const presence::CompositorCounters& published() const { return compositor_.counters(); }
  const presence::NotifierCounters& notified() const { return notifier_.counters(); }

 private:
  std::vector<presence::PresenceUser> note(std::vector<messages::OwnUser> users);
  std::optional<Aor> user_of(const std::string& as_user) const;

  template <typename Outputs>
  void take(Outputs outputs) {
    for (auto& each : outputs) std::visit([this](auto& one) { put(one); }, each);
  }
  template <typename Outputs>
  void take_of_onlookers(Outputs outputs);
  void put(presence::Respond& respond) { work_.emplace_back(std::move(respond)); }
  void put(presence::SendNotify& notify) { work_.emplace_back(std::move(notify)); }
  void put(presence::HoldFlow& hold) { work_.emplace_back(Watching{hold.flow, hold.held}); }
  void put(presence::StorePresence& store);
  void put(presence::RemovePresence& removal);
  void put(presence::FindCertificates& find);
  void put(presence::BeginWatch& begin);
  void put(presence::EndWatch& end);

  std::string overlay_name_;
  std::map<Aor, presence::Permission> permissions_;
  std::map<Aor, messages::OwnUser> users_;
  // As whom calls are, also of users who are none any more: what they have stored is removed.
  std::map<Aor, std::string> writers_;
  std::shared_ptr<presence::UserEnvelopes> envelopes_;
  presence::Compositor compositor_;
  presence::Notifier notifier_;
  presence::Onlookers onlookers_;
  std::vector<Output> outputs_;
  std::vector<Work> work_;
};

}  // namespace ringway::sip::element

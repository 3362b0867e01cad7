#include "sip-usage/element/presence.hpp"

#include "sip-usage/proxy/forwarding.hpp"

namespace ringway::sip::element {
namespace {

// Watches of the notifier count from 1 and do not come that far.
constexpr std::uint64_t k_first_of_onlookers = std::uint64_t{1} << 63U;

presence::WatchId outside(presence::WatchId of_onlooker) {
  return presence::WatchId{k_first_of_onlookers | static_cast<std::uint64_t>(of_onlooker)};
}
bool is_of_onlooker(presence::WatchId id) { return static_cast<std::uint64_t>(id) >= k_first_of_onlookers; }
presence::WatchId inside(presence::WatchId id) {
  return presence::WatchId{static_cast<std::uint64_t>(id) ^ k_first_of_onlookers};
}

presence::Settings settings_of(const Settings& settings) {
  presence::Settings out;
  out.overlay_name = settings.registrar.overlay_name;
  out.contact = proxy::uri_at(settings.proxy.outside_here);
  return out;
}

presence::UserEnvelopes::Keys keys_of(const std::map<Aor, messages::OwnUser>& users) {
  presence::UserEnvelopes::Keys out;
  for (const auto& [aor, user] : users) out.emplace(aor, user.keys);
  return out;
}

registrar::RequestId request_of(TransactionId transaction) { return registrar::RequestId{transaction.value}; }

// What is not there need not be removed.
bool is_done(const data::CallResult& result) {
  const auto* failure = std::get_if<data::CallFailure>(&result);
  return failure == nullptr || failure->error == data::CallError::not_found;
}

}  // namespace

Presence::Presence(const Settings& settings, std::vector<messages::OwnUser> users,
                   std::shared_ptr<Random> random)
    : overlay_name_(settings.registrar.overlay_name),
      permissions_(settings.presence_permissions),
      envelopes_(std::make_shared<presence::UserEnvelopes>(presence::UserEnvelopes::Keys())),
      compositor_(settings_of(settings), note(std::move(users)), random, envelopes_),
      notifier_(settings_of(settings), random, envelopes_),
      onlookers_(envelopes_) {}

std::vector<presence::PresenceUser> Presence::note(std::vector<messages::OwnUser> users) {
  users_.clear();
  std::vector<presence::PresenceUser> out;
  for (auto& user : users) {
    const auto permission = permissions_.find(user.aor);
    out.push_back({user.aor, user.node,
                   permission == permissions_.end() ? presence::Permission() : permission->second});
    writers_.insert_or_assign(user.aor, user.as_user);
    const Aor aor = user.aor;
    users_.insert_or_assign(aor, std::move(user));
  }
  envelopes_->set_keys(keys_of(users_));
  return out;
}

void Presence::use_users(Now now, std::vector<messages::OwnUser> users) {
  take(compositor_.set_users(now, note(std::move(users))));
}

void Presence::on_users_gone(MonoTime now, const std::set<Aor>& gone) {
  take(notifier_.on_users_gone(now, gone));
  take_of_onlookers(onlookers_.on_users_gone(gone));
}

void Presence::leave(Now now) {
  take(compositor_.leave(now));
  take(notifier_.end_all(now.mono));
}

// ---- requests and answers

void Presence::publish(Now now, TransactionId transaction, const Message& request, const Aor& sender) {
  take(compositor_.publish(now, request_of(transaction), request, sender));
}

void Presence::subscribe(MonoTime now, TransactionId transaction, const Message& request,
                         const presence::Subscriber& subscriber) {
  take(notifier_.subscribe(now, request_of(transaction), request, subscriber));
}

void Presence::on_notified(MonoTime now, presence::NotifyId notify, unsigned status) {
  take(notifier_.on_answer(now, notify, status));
}

void Presence::on_flow_failed(MonoTime now, FlowId flow) { take(notifier_.on_flow_failed(now, flow)); }

void Presence::on_bindings(Now now, const Aor& aor, bool has_phones) {
  take(compositor_.on_bindings(now, aor, has_phones));
}

void Presence::on_timer(Now now) {
  take(compositor_.on_timer(now));
  take(notifier_.on_timer(now.mono));
  take_of_onlookers(onlookers_.on_timer(now.mono));
}

Deadline Presence::next_wake() const {
  return sooner(compositor_.next_wake(), sooner(notifier_.next_wake(), onlookers_.next_wake()));
}

TableSizes Presence::sizes() const {
  TableSizes out = compositor_.sizes();
  for (auto& each : notifier_.sizes()) out.push_back(std::move(each));
  out.push_back(onlookers_.size());
  return out;
}

// ---- programs

std::optional<Aor> Presence::user_of(const std::string& as_user) const {
  for (const auto& [aor, user] : users_)
    if (user.as_user == as_user || (!as_user.empty() && aor.name() == as_user)) return aor;
  return std::nullopt;
}

void Presence::on(WatchUser& watch) {
  const auto refuse = [&](data::CallError error, const std::string& reason) {
    outputs_.emplace_back(ShowSight{watch.onlooker, data::CallFailure{error, reason, 0}});
  };
  const auto watched = read_address(watch.address, overlay_name_);
  if (!watched) return refuse(data::CallError::invalid_argument, watched.error().reason);
  const auto watcher = user_of(watch.as_user);
  if (!watcher) {
    return refuse(data::CallError::not_found,
                  "this peer serves no phones of " +
                      (watch.as_user.empty() ? std::string("its own user") : watch.as_user));
  }
  take_of_onlookers(onlookers_.begin(watch.onlooker, watched->aor, *watcher));
}

void Presence::on(Now now, const NextSight& next) {
  take_of_onlookers(onlookers_.next(now.mono, next.onlooker));
}

void Presence::on(const HideSight& hide) { take_of_onlookers(onlookers_.end(hide.onlooker)); }

// ---- the overlay

void Presence::put(presence::StorePresence& store) {
  data::PutCall put;
  put.key = presence::presence_key(store.aor);
  put.entry = std::move(store.entry);
  put.value = std::move(store.value);
  put.lifetime_s = store.lifetime_s;
  put.as_user = writers_.at(store.aor);
  outputs_.emplace_back(AskOverlay{
      Room::presence, messages::CallId{static_cast<std::uint64_t>(store.request)}, std::move(put)});
}

void Presence::put(presence::RemovePresence& removal) {
  data::RemoveCall gone;
  gone.key = presence::presence_key(removal.aor);
  gone.entry = std::move(removal.entry);
  gone.as_user = writers_.at(removal.aor);
  outputs_.emplace_back(AskOverlay{
      Room::presence, messages::CallId{static_cast<std::uint64_t>(removal.request)}, std::move(gone)});
}

void Presence::put(presence::FindCertificates& find) {
  outputs_.emplace_back(AskCertificates{
      Room::presence, messages::CallId{static_cast<std::uint64_t>(find.question)}, find.aor.name()});
}

void Presence::put(presence::BeginWatch& begin) {
  outputs_.emplace_back(WatchOverlay{begin.watch, presence::presence_key(begin.aor)});
}

void Presence::put(presence::EndWatch& end) { outputs_.emplace_back(EndOverlayWatch{end.watch}); }

template <typename Outputs>
void Presence::take_of_onlookers(Outputs outputs) {
  for (auto& each : outputs) {
    if (auto* begin = std::get_if<presence::BeginWatch>(&each)) {
      begin->watch = outside(begin->watch);
      put(*begin);
    } else if (auto* end = std::get_if<presence::EndWatch>(&each)) {
      end->watch = outside(end->watch);
      put(*end);
    } else {
      outputs_.emplace_back(std::move(std::get<presence::Show>(each)));
    }
  }
}

void Presence::on(Now now, const OverlayAnswered& answered) {
  take(compositor_.on_overlay(now, presence::OverlayRequestId{static_cast<std::uint64_t>(answered.id)},
                              is_done(answered.result)));
}

void Presence::on(Now now, CertificatesAnswered& answered) {
  const presence::CertificateQuestion question{static_cast<std::uint64_t>(answered.id)};
  if (answered.failure && answered.failure->error != data::CallError::not_found)
    return take(compositor_.on_certificates_failed(now, question));
  take(compositor_.on_certificates(now, question, std::move(answered.found)));
}

void Presence::on(Now now, OverlayTold& told) {
  auto* failure = std::get_if<data::CallFailure>(&told.result);
  const bool is_onlooker = is_of_onlooker(told.watch);
  if (failure != nullptr && is_onlooker)
    return take_of_onlookers(onlookers_.on_watch_failed(inside(told.watch), std::move(*failure)));
  if (failure != nullptr) return take(notifier_.on_watch_failed(now.mono, told.watch));
  auto& update = std::get<data::WatchUpdate>(told.result);
  if (is_onlooker)
    return take_of_onlookers(onlookers_.on_watched(now.mono, inside(told.watch), std::move(update)));
  take(notifier_.on_watched(now.mono, told.watch, std::move(update.state.entries)));
}

}  // namespace ringway::sip::element

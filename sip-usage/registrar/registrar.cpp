#include "sip-usage/registrar/registrar.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

#include "reload/security/hmac.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/registrar/answers.hpp"
#include "sip-usage/registrar/preferences.hpp"

namespace ringway::sip::registrar {
namespace {

// RFC 3323 §4.1.1.3: the From of somebody who does not want to be known to others.
constexpr std::string_view k_anonymous_host = "anonymous.invalid";

Abilities abilities() {
  Abilities out;
  out.is_proxy = false;
  out.schemes = {"sip", "sips"};
  out.extensions = {"path", "outbound", "gruu"};
  out.methods = {"REGISTER"};
  return out;
}

Bytes drawn_key(Random& random) {
  Bytes out;
  while (out.size() < security::k_hmac_key_bytes) {
    const std::uint64_t bits = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8) out.push_back(static_cast<std::uint8_t>(bits >> shift));
  }
  return out;
}

Rejection busy(std::string reason) { return {503, std::move(reason), std::nullopt, k_retry_after_s}; }

// Since before a restart, a flow of datagrams is known by its ends only (RFC 5626 §3.2).
bool is_at(const Binding& binding, const Source& source) {
  if (binding.flow || !binding.ends) return binding.flow == source.flow;
  const DatagramEnds& ends = *binding.ends;
  return !source.is_connected && ends.local_address == source.local_address &&
         ends.local_port == source.local_port && ends.remote_address == source.address &&
         ends.remote_port == source.port;
}

bool is_binding_of(const Binding& binding, const Target& target) {
  return binding.flow == target.flow && binding.instance == target.instance &&
         binding.reg_id == target.reg_id && equivalent(binding.contact.uri, target.uri);
}

}  // namespace

Registrar::Registrar(Settings settings, std::vector<Account> accounts, std::shared_ptr<Random> random)
    : settings_(std::move(settings)),
      random_(std::move(random)),
      authenticator_(settings_, {}, drawn_key(*random_)),
      gruus_(settings_, *random_) {
  assert(check(settings_, accounts).ok());
  if (settings_.gruu_key.empty()) settings_.gruu_key = drawn_key(*random_);
  for (const Account& account : accounts) add_user(account.aor);
  authenticator_.set_accounts(std::move(accounts));
}

// In the place of one who is gone, if the overlay has nothing of that one any more or there are too many.
void Registrar::add_user(const Aor& aor) {
  const auto is_same = [&](const User& user) { return user.is_gone && user.aor == aor; };
  const auto is_free = [](const User& user) { return user.is_gone && !user.entry.next_wake(std::nullopt); };
  auto place = std::find_if(users_.begin(), users_.end(), is_same);
  if (place != users_.end()) {
    place->is_gone = false;
  } else if (place = std::find_if(users_.begin(), users_.end(), is_free); place != users_.end()) {
    *place = User(aor, settings_.overlay_lifetime_s);
  } else if (users_.size() < k_max_users) {
    users_.emplace_back(aor, settings_.overlay_lifetime_s);
    place = users_.end() - 1;
  } else {
    place = std::find_if(users_.begin(), users_.end(), [](const User& user) { return user.is_gone; });
    if (place->queued_at) wakes_.erase({*place->queued_at, index_of(*place)});
    busy_.erase(index_of(*place));
    if (place->entry.asked()) asked_.erase(*place->entry.asked());
    *place = User(aor, settings_.overlay_lifetime_s);
  }
  index_.emplace(aor, index_of(*place));
}

// ---- calls

Outputs Registrar::restore(Now now, const std::vector<KeptBindings>& kept) {
  for (User& user : users_) {
    user.entry.suspect();
    user.spared_until = now.mono + k_return_time;
    queue(user);
  }
  for (const KeptBindings& each : kept) {
    const auto found = index_.find(each.aor);
    auto bindings = decode_bindings(SharedBytes(each.octets), now, settings_.max_expires_s);
    if (!bindings) ++counters_.not_restored;
    if (found == index_.end() || !bindings) {
      outputs_.emplace_back(ForgetBindings{each.aor});
      continue;
    }
    User& user = users_[found->second];
    set_bindings(now, user, *std::move(bindings));
    advance(now, user);
  }
  return take_outputs();
}

Outputs Registrar::receive(Now now, RequestId request, Message message, const Source& source) {
  ++counters_.requests;
  if (auto refusal = refuse_early(message, abilities(), new_tag())) {
    ++counters_.rejected;
    outputs_.emplace_back(Respond{request, std::move(*refusal)});
    return take_outputs();
  }
  const auto aor = identify(now, request, message, source);
  if (!aor) return take_outputs();
  const auto found = index_.find(*aor);
  if (found == index_.end()) {
    reject(request, message, {404, "No user of this peer"});
    return take_outputs();
  }
  User& user = users_[found->second];
  if (message.contacts.empty() && !message.contact_is_any) {  // §10.2.3: it only asks
    accept(now, request, message, *aor, false);
  } else if (is_leaving_) {
    reject(request, message, busy("The peer leaves"));
  } else if (user.waiting.size() == k_max_waiting_of_user) {
    reject(request, message, busy("Registrations of this user wait for the overlay"));
  } else {
    user.waiting.push_back({request, std::move(message), source});
    advance(now, user);
  }
  return take_outputs();
}

Outputs Registrar::on_overlay(Now now, OverlayRequestId request, bool is_done) {
  const auto found = asked_.find(request);
  if (found != asked_.end()) end_write(now, users_[found->second], is_done);
  return take_outputs();
}

Outputs Registrar::on_flow_failed(Now now, FlowId flow) {
  std::set<std::size_t> touched;
  for (const Aor& aor : bindings_.on_flow_failed(flow)) touched.insert(index_.at(aor));
  for (const std::size_t index : busy_) {
    User& user = users_[index];
    const auto first_waiting = user.waiting.begin() + (user.under_way ? 1 : 0);
    const auto is_of_flow = [&](const Waiting& each) { return each.source.flow == flow; };
    for (auto each = first_waiting; each != user.waiting.end(); ++each)
      if (is_of_flow(*each)) reject(each->request, each->message, busy("The connection is gone"));
    user.waiting.erase(std::remove_if(first_waiting, user.waiting.end(), is_of_flow), user.waiting.end());
    if (user.under_way) drop_flow(user.under_way->bindings, flow);
    touched.insert(index);
  }
  for (const std::size_t index : touched) {
    note_change(now, users_[index]);
    advance(now, users_[index]);
  }
  return take_outputs();
}

Outputs Registrar::on_unreachable(Now now, const Aor& aor, const Target& target) {
  const auto found = index_.find(aor);
  if (found == index_.end()) return {};
  User& user = users_[found->second];
  BindingList left = bindings_.of(aor);
  BindingList gone;
  std::erase_if(left, [&](const Binding& each) {
    if (is_binding_of(each, target)) gone.push_back(each);
    return is_binding_of(each, target);
  });
  // What a REGISTER that is under way has renewed is newer than the failure.
  const auto is_gone = [&](const Binding& each) {
    return std::any_of(gone.begin(), gone.end(), [&](const Binding& one) {
      return is_binding_of(each, target) && one.call_id == each.call_id && one.cseq == each.cseq;
    });
  };
  if (user.under_way) std::erase_if(user.under_way->bindings, is_gone);
  set_bindings(now, user, std::move(left));
  advance(now, user);
  return take_outputs();
}

Outputs Registrar::on_unreachable(Now now, FlowId flow, const Uri& contact) {
  Outputs out;
  auto users = bindings_.users_of(flow);
  // Whoever is not called over its own flow may be anybody.
  if (users.empty())
    for (const auto& [aor, index] : index_) users.push_back(aor);
  for (const Aor& aor : users)
    for (const Target& target : targets_of(bindings_.of(aor))) {
      const bool is_restored = !target.flow && target.ends;
      const bool is_its_way = target.flow == flow || is_restored || target.listens_at_contact;
      if (!is_its_way || !equivalent(target.uri, contact)) continue;
      auto more = on_unreachable(now, aor, target);
      out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
  return out;
}

Outputs Registrar::on_timer(Now now) {
  for (const Aor& aor : bindings_.on_timer(now.mono)) {
    User& user = users_[index_.at(aor)];
    note_change(now, user);
    advance(now, user);
  }
  while (!wakes_.empty() && wakes_.begin()->first <= now.mono) {
    User& user = users_[wakes_.begin()->second];
    if (user.entry.is_overdue(now.mono)) {
      end_write(now, user, false);
    } else {
      advance(now, user);
    }
  }
  return take_outputs();
}

Outputs Registrar::set_accounts(Now now, std::vector<Account> accounts) {
  assert(check(settings_, accounts).ok());
  std::set<Aor> wanted;
  for (const Account& account : accounts) wanted.insert(account.aor);
  authenticator_.set_accounts(std::move(accounts));
  for (User& user : users_)
    if (!user.is_gone && wanted.count(user.aor) == 0) dismiss(now, user);
  for (const Aor& aor : wanted)
    if (index_.count(aor) == 0) add_user(aor);
  return take_outputs();
}

std::set<Aor> Registrar::users() const {
  std::set<Aor> out;
  for (const auto& [aor, place] : index_) out.insert(aor);
  return out;
}

void Registrar::dismiss(Now now, User& user) {
  index_.erase(user.aor);
  user.is_gone = true;
  reject_waiting(user, {404, "No user of this peer any more"});
  user.spared_until.reset();
  user.kept_at.reset();  // at once: the place may be another one's soon
  set_bindings(now, user, {});
  advance(now, user);
}

Outputs Registrar::shut_down(Now now) {
  is_leaving_ = true;
  for (User& user : users_) {
    reject_waiting(user, busy("The peer leaves"));
    if (user.keep_at) keep(now, user);  // the peer may be started again
    advance(now, user);
  }
  return take_outputs();
}

// But for the one that the overlay is asked about.
void Registrar::reject_waiting(User& user, const Rejection& rejection) {
  while (user.waiting.size() > (user.under_way ? 1U : 0U)) {
    const Waiting& last = user.waiting.back();
    reject(last.request, last.message, rejection);
    user.waiting.pop_back();
  }
}

Deadline Registrar::next_wake() const {
  const Deadline of_entries = wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
  return sooner(of_entries, bindings_.next_wake());
}

bool Registrar::has_phones(MonoTime now, const Aor& aor) const {
  const BindingList& bindings = bindings_.of(aor);
  return std::any_of(bindings.begin(), bindings.end(),
                     [&](const Binding& each) { return now < each.expires_at; });
}

Lookup Registrar::find(MonoTime now, const Uri& uri) const {
  const std::string token(uri.parameters.value(k_device_parameter));
  const auto temporary = gruus_.device_of(token);
  Lookup out;
  if (temporary) {
    out.aor = temporary->aor;
  } else {
    const auto address = address_of(uri);
    if (!address) return out;
    out.aor = address->aor;
  }
  if (index_.count(out.aor) == 0) return {};
  out.is_known = true;
  BindingList bindings = bindings_.of(out.aor);
  drop_expired(bindings, now);
  const auto is_meant = [&](const Binding& each) {
    if (temporary) return name_of_device(each) == temporary->instance;
    return token.empty() || gruus_.public_token({out.aor, name_of_device(each)}) == token;
  };
  std::erase_if(bindings, [&](const Binding& each) { return !is_meant(each); });
  out.targets = targets_of(bindings);
  return out;
}

std::optional<Uri> Registrar::hidden_gruu(const Source& source, const Uri& contact) {
  auto users = bindings_.users_of(source.flow);
  if (users.empty())
    for (const auto& [aor, index] : index_) users.push_back(aor);
  std::optional<Device> device;
  for (const Aor& aor : users)
    for (const Binding& each : bindings_.of(aor)) {
      if (!is_at(each, source) || (device && !equivalent(each.contact.uri, contact))) continue;
      device = Device{aor, name_of_device(each)};
    }
  const auto gruu = device ? gruus_.hidden_gruu(*device) : std::nullopt;
  auto uri = gruu ? Uri::parse(*gruu) : Result<Uri>(Failure{"no GRUU"});
  return uri ? std::optional(std::move(*uri)) : std::nullopt;
}

// One that says another Contact than it has registered is the one that is there, if only one is.
std::optional<Uri> Registrar::overlay_uri(const Source& source, const Uri& contact) const {
  auto users = bindings_.users_of(source.flow);
  if (users.empty())
    for (const auto& [aor, index] : index_) users.push_back(aor);
  std::vector<std::pair<Aor, const Binding*>> there;
  for (const Aor& aor : users)
    for (const Binding& each : bindings_.of(aor))
      if (is_at(each, source)) there.emplace_back(aor, &each);
  auto found = std::find_if(there.begin(), there.end(),
                            [&](const auto& each) { return equivalent(each.second->contact.uri, contact); });
  if (found == there.end() && there.size() == 1) found = there.begin();
  if (found == there.end()) return std::nullopt;
  return overlay_uri(found->first, found->second->instance, found->second->contact.uri);
}

std::optional<Uri> Registrar::overlay_uri(const Aor& aor, const std::string& instance,
                                          const Uri& registered) const {
  const Device device{aor, instance.empty() ? registered.print() : instance};
  const auto gruu = gruus_.public_gruu(device, registered.scheme);
  auto uri = gruu ? Uri::parse(*gruu) : Result<Uri>(Failure{"no GRUU"});
  return uri ? std::optional(std::move(*uri)) : std::nullopt;
}

bool Registrar::names_nobody(const Uri& uri) const {
  return uri.is_sip() && gruus_.device_of(uri.parameters.value(k_device_parameter)).has_value();
}

// ---- who

Result<Address> Registrar::address_of(const Uri& uri) const {
  return read_address(settings_.by_overlay_name(uri).print(), settings_.overlay_name);
}

std::optional<Aor> Registrar::identify(Now now, RequestId request, const Message& message,
                                       const Source& source) {
  const auto to = address_of(message.to.uri);
  // Whoever it is, no address of record can be meant (RFC 4475 §3.3.4).
  if (!message.to.uri.is_sip() && !message.to.uri.is_tel()) {
    reject(request, message, {400, "To is no address that can be registered"});
    return std::nullopt;
  }
  const Verdict verdict = to && is_own_machine(message, source)
                              ? Verdict(Admitted{to->aor})
                              : authenticator_.check(now.mono, Asker::registrar, message, source);
  if (const auto* rejection = std::get_if<Rejection>(&verdict)) {
    reject(request, message, *rejection);
    return std::nullopt;
  }
  if (const auto* challenged = std::get_if<Challenged>(&verdict)) {
    Message response = make_response(message, 401, new_tag());
    authenticator_.challenge(now.mono, Asker::registrar, challenged->stale, response);
    outputs_.emplace_back(Respond{request, std::move(response)});
    return std::nullopt;
  }
  // §10.3 step 4: each user may change its own bindings only.
  if (!to || to->aor != std::get<Admitted>(verdict).aor) {
    reject(request, message, {403, "Another user's address"});
    return std::nullopt;
  }
  return to->aor;
}

// Only what comes from the phone itself says by its address where the phone is.
bool Registrar::is_own_machine(const Message& request, const Source& source) const {
  return settings_.trusts_loopback && source.is_loopback && request.vias.size() == 1;
}

std::optional<Aor> Registrar::known_sender(const std::optional<Aor>& from, const Message& request,
                                           const Source& source) const {
  if (from && index_.count(*from) != 0 && is_own_machine(request, source)) return from;
  if (!source.is_connected) return std::nullopt;
  const auto users = bindings_.users_of(source.flow);
  if (!from) return users.size() == 1 ? std::optional(users.front()) : std::nullopt;
  return std::find(users.begin(), users.end(), *from) == users.end() ? std::nullopt : from;
}

std::variant<Aor, Message> Registrar::sender_of(Now now, const Message& request, const Source& source) {
  std::optional<Aor> from;
  const bool is_anonymous = same_ignoring_case(request.from.uri.host, k_anonymous_host);
  if (auto address = address_of(request.from.uri); address && !is_anonymous) from = std::move(address->aor);
  if (auto known = is_anonymous || from ? known_sender(from, request, source) : std::nullopt) return *known;
  const Verdict verdict = authenticator_.check(now.mono, Asker::proxy, request, source);
  if (const auto* rejection = std::get_if<Rejection>(&verdict))
    return refused(request, *rejection, new_tag());
  if (const auto* challenged = std::get_if<Challenged>(&verdict)) {
    Message response = make_response(request, 407, new_tag());
    authenticator_.challenge(now.mono, Asker::proxy, challenged->stale, response);
    return response;
  }
  const Aor& aor = std::get<Admitted>(verdict).aor;
  if (!is_anonymous && from != aor) return refused(request, {403, "Another user's From"}, new_tag());
  return aor;
}

// ---- one user's REGISTERs

void Registrar::advance(Now now, User& user) {
  while (!user.waiting.empty() && !user.under_way && serve_first(now, user)) {
  }
  if (user.waiting.empty()) {
    busy_.erase(index_of(user));
  } else {
    busy_.insert(index_of(user));
  }
  BindingList bindings = bindings_.of(user.aor);
  drop_expired(bindings, now.mono);
  const WantedEntry wanted = wanted_by(bindings);
  if (user.waiting.empty() && is_due(now.mono, user, wanted)) ask_overlay(now, user, wanted);
  if (user.keep_at && *user.keep_at <= now.mono) keep(now, user);
  queue(user);
}

bool Registrar::serve_first(Now now, User& user) {
  const Waiting& first = user.waiting.front();
  const Aor& aor = user.aor;
  BindingList present = bindings_.of(aor);
  drop_expired(present, now.mono);
  auto update = update_contacts(present, first.message, aor, first.source, now.mono, settings_);
  if (!update) {
    reject_first(user, update.error());
    return true;
  }
  const WantedEntry wanted = wanted_by(update->bindings);
  if (!wanted && update->removes) {
    user.entry.suspect();
    user.spared_until.reset();
  }
  if (!wanted || user.entry.shows(now.mono, *wanted)) {
    commit_first(now, user, std::move(*update));
    return true;
  }
  if (user.entry.asked()) return false;
  if (!user.entry.take_write(now.mono)) {
    reject_first(user, busy("Too many changes of this user"));
    return true;
  }
  user.under_way = std::move(*update);
  ask_overlay(now, user, wanted);
  return false;
}

void Registrar::end_write(Now now, User& user, bool is_done) {
  asked_.erase(*user.entry.asked());
  user.entry.answered(now.mono, is_done);
  if (!is_done) ++counters_.overlay_failures;
  if (user.under_way) {
    ContactUpdate update = std::move(*user.under_way);
    user.under_way.reset();
    drop_expired(update.bindings, now.mono);
    if (user.is_gone || is_leaving_) {
      reject_first(user, busy("The peer leaves, or the user has left it"));
    } else if (is_done) {
      commit_first(now, user, std::move(update));
    } else {
      reject_first(user, busy("The overlay does not take the registration"));
    }
  }
  advance(now, user);
}

void Registrar::commit_first(Now now, User& user, ContactUpdate update) {
  const Waiting first = std::move(user.waiting.front());
  user.waiting.pop_front();
  set_bindings(now, user, std::move(update.bindings));
  accept(now, first.request, first.message, user.aor, update.uses_outbound);
}

void Registrar::accept(Now now, RequestId request, const Message& message, const Aor& aor,
                       bool uses_outbound) {
  BindingList bindings = bindings_.of(aor);
  drop_expired(bindings, now.mono);
  ++counters_.accepted;
  outputs_.emplace_back(
      Respond{request, accepted({message, aor, uses_outbound}, bindings, now, settings_, gruus_, new_tag())});
}

void Registrar::reject_first(User& user, const Rejection& rejection) {
  reject(user.waiting.front().request, user.waiting.front().message, rejection);
  user.waiting.pop_front();
}

void Registrar::reject(RequestId request, const Message& message, const Rejection& rejection) {
  ++(rejection.status == 503 ? counters_.busy : counters_.rejected);
  outputs_.emplace_back(Respond{request, refused(message, rejection, new_tag())});
}

// ---- the overlay

WantedEntry Registrar::wanted_by(const BindingList& bindings) const {
  if (bindings.empty() || is_leaving_) return std::nullopt;
  return RouteRegistration{contact_prefs_of(bindings), settings_.route};
}

bool Registrar::is_due(MonoTime now, const User& user, const WantedEntry& wanted) {
  const bool is_spared = !wanted && user.spared_until && now < *user.spared_until;
  return !is_spared && user.entry.is_due(now, wanted);
}

void Registrar::ask_overlay(Now now, User& user, WantedEntry wanted) {
  user.spared_until.reset();
  const OverlayRequestId request{++last_overlay_request_};
  asked_.emplace(request, index_of(user));
  user.entry.ask(now.mono, request, wanted);
  if (wanted) {
    ++counters_.stores;
    outputs_.emplace_back(StoreRegistration{request, user.aor, SipRegistration(std::move(*wanted)),
                                            settings_.overlay_lifetime_s});
  } else {
    ++counters_.removals;
    outputs_.emplace_back(RemoveRegistration{request, user.aor});
  }
}

// ---- the rest

void Registrar::set_bindings(Now now, User& user, BindingList bindings) {
  const bool has_room = bindings_.set(user.aor, std::move(bindings));
  assert(has_room);  // there are no more users than accounts
  static_cast<void>(has_room);
  note_change(now, user);
}

// advance() follows, which keeps them.
void Registrar::note_change(Now now, User& user) {
  gruus_.set_bindings(user.aor, bindings_.of(user.aor));
  user.keep_at = user.kept_at ? std::max(now.mono, *user.kept_at + k_keep_interval) : now.mono;
}

void Registrar::keep(Now now, User& user) {
  user.keep_at.reset();
  user.kept_at = now.mono;
  Bytes octets = encode_bindings(bindings_.of(user.aor), now);
  if (octets.empty())
    outputs_.emplace_back(ForgetBindings{user.aor});
  else
    outputs_.emplace_back(KeepBindings{user.aor, std::move(octets)});
}

void Registrar::queue(User& user) {
  if (user.queued_at) wakes_.erase({*user.queued_at, index_of(user)});
  const WantedEntry wanted = wanted_by(bindings_.of(user.aor));
  Deadline of_entry = user.entry.next_wake(wanted);
  if (of_entry && !wanted && user.spared_until) of_entry = std::max(*of_entry, *user.spared_until);
  user.queued_at = sooner(of_entry, user.keep_at);
  if (user.queued_at) wakes_.emplace(*user.queued_at, index_of(user));
}

std::size_t Registrar::index_of(const User& user) const {
  return static_cast<std::size_t>(&user - users_.data());
}

std::string Registrar::new_tag() { return to_hex(drawn_key(*random_)).substr(0, 16); }

Outputs Registrar::take_outputs() {
  for (const auto& change : bindings_.take_flow_changes())
    outputs_.emplace_back(HoldFlow{change.flow, change.is_used});
  return std::exchange(outputs_, {});
}

TableSizes Registrar::sizes() const {
  TableSizes out = bindings_.sizes();
  std::size_t waiting = 0;
  for (const std::size_t index : busy_) waiting += users_[index].waiting.size();
  out.push_back({"REGISTERs that wait for the overlay", waiting, k_max_accounts * k_max_waiting_of_user});
  out.push_back({"users of the registrar", users_.size(), k_max_users});
  out.push_back(authenticator_.size());
  return out;
}

}  // namespace ringway::sip::registrar

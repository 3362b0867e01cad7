#include "sip-usage/lookup/resolution.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "reload/config/values.hpp"
#include "sip-usage/registration/gruu.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip {

namespace {

bool asks_overlay(Hosting hosting, LookupPolicy policy) {
  if (hosting == Hosting::own) return true;
  return hosting == Hosting::possible && policy != LookupPolicy::dns_only;
}
bool asks_dns(Hosting hosting, LookupPolicy policy) {
  return hosting != Hosting::own && policy != LookupPolicy::overlay_only;
}

}  // namespace

Resolution::Resolution(ResolutionSettings settings, MonoTime now, std::string_view uri)
    : settings_(std::move(settings)), deadline_(now + k_resolution_time) {
  const auto address = read_address(uri, settings_.overlay_name);
  if (!address) {
    result_ = ResolutionFailure{ResolutionError::bad_address, address.error().reason};
    return;
  }
  settings_.is_sips = settings_.is_sips || address->scheme == Scheme::sips;
  follow(*address, 0);
  begin_round();
}

Hosting Resolution::hosting_of(std::string_view domain) const {
  const auto own = Aor::of_uri_parts("x", settings_.overlay_name);
  if (own && own->domain() == domain) return Hosting::own;
  return settings_.hosts(domain) ? Hosting::possible : Hosting::excluded;
}

// ---- what an address leads to -----------------------------------------------------------------------------

// A GRUU of this overlay is used as it is (RFC 7904 §4.1); one of another domain is that domain's to
// understand.
void Resolution::follow(const Address& address, std::size_t depth) {
  if (address.gr && hosting_of(address.aor.domain()) != Hosting::excluded) {
    if (auto route = read_gr(*address.gr)) {
      found_.devices.push_back({address.aor, k_no_node, std::move(*route), {}, std::nullopt, depth});
      return;
    }
    if (hosting_of(address.aor.domain()) == Hosting::own) {
      ++found_.unreadable;
      return;
    }
  }
  if (seen_.contains(address.aor)) {
    circular_ = true;
  } else if (seen_.size() >= k_max_resolved_names) {
    found_.cut_short = true;
  } else {
    seen_.insert(address.aor);
    next_.insert(address.aor);
  }
}

void Resolution::ask(const Aor& aor) {
  const Hosting hosting = hosting_of(aor.domain());
  Name name;
  name.aor = aor;
  name.prefers_dns = settings_.policy == LookupPolicy::dns_first;
  if (asks_overlay(hosting, settings_.policy)) {
    name.fetch = ++last_number_;
    name.overlay_leg = Leg::waiting;
    questions_[name.fetch] = round_.size();
    outputs_.emplace_back(FetchRegistrations{name.fetch, aor});
  }
  if (asks_dns(hosting, settings_.policy)) {
    name.dns = ++last_number_;
    name.dns_leg = Leg::waiting;
    questions_[name.dns] = round_.size();
    outputs_.emplace_back(AskDns{name.dns, aor, settings_.is_sips});
  }
  if (name.fetch == 0 && name.dns == 0) excluded_ = true;
  round_.push_back(std::move(name));
}

// ---- answers ----------------------------------------------------------------------------------------------

// Neither waits for the other to fail: only the one that is preferred is waited for, and when that has
// nothing the other one.
bool Resolution::Name::decided() const {
  const Leg first = prefers_dns ? dns_leg : overlay_leg;
  const Leg second = prefers_dns ? overlay_leg : dns_leg;
  return first == Leg::found || (first != Leg::waiting && second != Leg::waiting);
}

bool Resolution::Name::takes_dns() const {
  return dns_leg == Leg::found && (prefers_dns || overlay_leg != Leg::found);
}

void Resolution::fetched(std::uint64_t number, std::vector<FetchedRegistration> found) {
  const auto question = questions_.find(number);
  if (question == questions_.end() || round_[question->second].fetch != number) return;
  Name& name = round_[question->second];
  name.overlay_leg = found.empty() ? Leg::nothing : Leg::found;
  name.registrations = std::move(found);
  answered(question);
}

void Resolution::found_in_dns(std::uint64_t number, std::vector<DnsTarget> servers) {
  const auto question = questions_.find(number);
  if (question == questions_.end() || round_[question->second].dns != number) return;
  Name& name = round_[question->second];
  name.dns_leg = servers.empty() ? Leg::nothing : Leg::found;
  name.servers = std::move(servers);
  answered(question);
}

void Resolution::failed(std::uint64_t number, std::string reason) {
  const auto question = questions_.find(number);
  if (question == questions_.end()) return;
  Name& name = round_[question->second];
  (name.fetch == number ? name.overlay_leg : name.dns_leg) = Leg::failed;
  name.why = std::move(reason);
  answered(question);
}

void Resolution::answered(std::map<std::uint64_t, std::size_t>::iterator question) {
  Name& name = round_[question->second];
  questions_.erase(question);
  if (name.decided()) drop_questions(name);
  end_round_if_decided();
}

void Resolution::drop_questions(Name& name) {
  for (const std::uint64_t number : {name.fetch, name.dns}) {
    if (questions_.erase(number) != 0) outputs_.emplace_back(DropQuestion{number});
  }
}

void Resolution::on_timer(MonoTime now) {
  if (done() || now < deadline_) return;
  for (Name& name : round_) {
    for (Leg* leg : {&name.overlay_leg, &name.dns_leg}) {
      if (*leg != Leg::waiting) continue;
      *leg = Leg::failed;
      name.why = "no answer in time";
    }
    drop_questions(name);
  }
  // What came so far is used; there is no time for another round.
  use_round();
  if (!next_.empty()) {
    found_.cut_short = true;
    unreachable_ = "no answer in time";
  }
  finish();
}

std::optional<MonoTime> Resolution::next_deadline() const {
  return done() ? std::nullopt : std::optional(deadline_);
}

// ---- rounds -----------------------------------------------------------------------------------------------

void Resolution::begin_round() {
  if (next_.empty()) return finish();
  for (const Aor& aor : std::exchange(next_, {})) ask(aor);
  end_round_if_decided();  // nobody may be there to ask
}

void Resolution::end_round_if_decided() {
  const bool decided =
      std::all_of(round_.begin(), round_.end(), [](const Name& name) { return name.decided(); });
  if (!decided) return;
  use_round();
  if (depth_ > k_max_forwarding_depth && !next_.empty()) {
    found_.cut_short = circular_ = true;
    next_.clear();
  }
  begin_round();
}

void Resolution::use_round() {
  for (const Name& name : std::exchange(round_, {})) use(name);
  ++depth_;
}

void Resolution::use(const Name& name) {
  if (name.takes_dns()) {
    std::vector<DnsTarget> servers = name.servers;
    if (servers.size() > k_max_dns_targets) servers.resize(k_max_dns_targets);
    found_.outside.push_back({name.aor, std::move(servers), depth_});
    return;
  }
  if (name.overlay_leg == Leg::failed || name.dns_leg == Leg::failed) unreachable_ = name.why;
  if (name.registrations.size() > k_max_read_registrations) found_.cut_short = true;
  std::size_t left = k_max_read_registrations;
  for (const FetchedRegistration& registration : name.registrations) {
    if (left-- == 0) break;
    use_registration(name, registration);
  }
}

void Resolution::use_registration(const Name& name, const FetchedRegistration& registration) {
  const auto value = wire::decode<SipRegistration>(SharedBytes(registration.value));
  if (!value || !check_registration(*value, settings_.overlay_name)) {
    ++found_.unreadable;
    return;
  }
  if (const auto* uri = std::get_if<UriRegistration>(&*value)) {
    if (const auto address = read_address(uri->uri, settings_.overlay_name)) follow(*address, depth_ + 1);
  } else if (const auto* route = std::get_if<RouteRegistration>(&*value)) {
    auto preferences = ContactPreferences::parse(route->contact_prefs);
    found_.devices.push_back({name.aor, registration.key, route->destinations, std::move(*preferences),
                              registration.lifetime_s, depth_});
  } else {
    ++found_.unreadable;  // of a type that is not known here
  }
}

// ---- the end ----------------------------------------------------------------------------------------------

void Resolution::finish() {
  const auto order = [](const Device& device) {
    return std::tuple(device.depth, k_highest_q - device.preferences.q_thousandths(), device.aor.name(),
                      device.key, wire::encode(device.route));
  };
  auto& devices = found_.devices;
  std::sort(devices.begin(), devices.end(),
            [&](const Device& a, const Device& b) { return order(a) < order(b); });
  // A peer rings the phones of the user whom the Request-URI names, so the same route of another user is
  // another device.
  std::set<std::pair<Aor, Bytes>> seen;
  std::erase_if(devices, [&](const Device& device) {
    return !seen.emplace(device.aor, wire::encode(device.route)).second;
  });
  std::sort(found_.outside.begin(), found_.outside.end(), [](const OutsideTarget& a, const OutsideTarget& b) {
    return std::tie(a.depth, a.aor) < std::tie(b.depth, b.aor);
  });
  if (devices.size() > k_max_forks) {
    devices.resize(k_max_forks);
    found_.cut_short = true;
  }
  if (devices.size() + found_.outside.size() > k_max_forks) {
    found_.outside.erase(found_.outside.begin() + static_cast<std::ptrdiff_t>(k_max_forks - devices.size()),
                         found_.outside.end());
    found_.cut_short = true;
  }
  if (devices.empty() && found_.outside.empty()) {
    result_ = failure();
  } else {
    result_ = std::move(found_);
  }
}

ResolutionFailure Resolution::failure() const {
  if (!unreachable_.empty()) return {ResolutionError::not_reachable, unreachable_};
  if (circular_)
    return {ResolutionError::forwards_forever, "the address is forwarded in a circle or too far"};
  if (seen_.empty()) return {ResolutionError::bad_address, "the gr of this address is no way to a peer"};
  if (excluded_) return {ResolutionError::domain_excluded, "this overlay does not take users of that domain"};
  return {ResolutionError::not_registered, "nobody is registered there"};
}

}  // namespace ringway::sip

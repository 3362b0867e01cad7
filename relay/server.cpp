#include "relay/server.hpp"

#include <algorithm>
#include <cassert>

#include "relay/path/known_attributes.hpp"

namespace ringway::relay {
namespace {

using stun::Attribute;
using stun::Class;
using stun::ErrorCode;
using stun::Method;

}  // namespace

Server::Server(Settings settings, const Credentials& credentials, Bytes nonce_key, Random& random)
    : settings_(std::move(settings)),
      authentication_(credentials, settings_.realm, Nonces(std::move(nonce_key))),
      random_(random),
      budget_(random.next(), settings_.replies),
      by_path_(0, PathHash{random.next()}) {}

// ---- what comes in

void Server::receive(Now now, const ClientPath& from, BytesView octets) {
  const auto message = stun::Message::read(octets);
  if (!message || (message->has(Attribute::fingerprint) && !message->fingerprint_holds())) {
    ++counters_.malformed;
    return;
  }
  if (message->cls() != Class::request) return;  // an indication here has no allocation
  ++counters_.requests;
  switch (message->method()) {
    case Method::allocate:
    case Method::refresh:
    case Method::create_permission:
    case Method::channel_bind:
      return authenticate(now, from, *message);
    default:
      ++counters_.malformed;  // RFC 8489 §6.3.1
  }
}

void Server::authenticate(Now now, const ClientPath& from, const stun::Message& message) {
  const auto found = by_path_.find(from);
  const Identity* known = found == by_path_.end() ? nullptr : &found->second->identity;
  auto checked = authentication_.check(now, from.client, message, known);
  if (auto* identity = std::get_if<Identity>(&checked))
    return dispatch(Request{now, from, message, std::move(*identity)});
  const auto refused = std::get<Refused>(checked);
  ++counters_.errors[refused.code];
  stun::MessageWriter answer(Class::error, message.method(), message.transaction());
  answer.add_error_code(refused.code);
  if (refused.code != ErrorCode::bad_request) authentication_.add_challenge(now.mono, from.client, answer);
  if (message.has(Attribute::fingerprint)) answer.add_fingerprint();
  auto octets = answer.take();
  // A stream proves its address by being there.
  if (from.transport == Transport::udp && !refused.has_proved_its_address &&
      !budget_.take(now.mono, from.client.ip, message.octets().size(), octets.size())) {
    ++counters_.unproved_dropped;
    return;
  }
  outputs_.emplace_back(SendToClient{from, std::move(octets)});
}

void Server::dispatch(const Request& request) {
  const auto found = by_path_.find(request.from);
  const auto method = request.message.method();
  // The copy of an Allocate that has been heard is answered again, before anything else (§7.2).
  if (method == Method::allocate && found != by_path_.end() &&
      found->second->transaction == request.message.transaction()) {
    if (found->second->is_open) tell_allocated(request.now.mono, *found->second);
    return;
  }
  if (const auto unknown = request.message.unknown(k_known_attributes); !unknown.empty()) {
    stun::MessageWriter answer(Class::error, method, request.message.transaction());
    answer.add_error(ErrorCode::unknown_attribute);
    answer.add_unknown(unknown);
    ++counters_.errors[ErrorCode::unknown_attribute];
    return succeed(request, std::move(answer));
  }
  // Where it is malformed, there is no telling what its sender will believe.
  if (request.message.has(Attribute::lifetime) && !request.message.number(Attribute::lifetime))
    return refuse(request, ErrorCode::bad_request);
  if (method == Method::allocate)
    return found == by_path_.end() ? allocate(request) : refuse(request, ErrorCode::allocation_mismatch);
  if (found == by_path_.end() || !found->second->is_open)
    return refuse(request, ErrorCode::allocation_mismatch);
  auto& allocation = *found->second;
  if (allocation.identity.user_name != request.identity.user_name ||
      allocation.identity.quota != request.identity.quota)
    return refuse(request, ErrorCode::wrong_credentials);
  if (method == Method::refresh) return refresh(request, allocation);
  if (method == Method::create_permission) return create_permission(request, allocation);
  bind_channel(request, allocation);
}

// ---- Allocate

std::optional<ErrorCode> Server::read_families(const stun::Message& message, Wanted& wanted) const {
  const auto read = [&message](Attribute type) -> std::optional<stun::Family> {
    const auto value = message.number(type);
    const auto family = value ? *value >> 24U : 0;
    if (family != 1 && family != 2) return std::nullopt;
    return static_cast<stun::Family>(family);
  };
  if (message.has(Attribute::additional_address_family)) {
    // Only IPv6 can be additional (§7.2, 9).
    if (wanted.reserve_next || read(Attribute::additional_address_family) != stun::Family::ipv6)
      return ErrorCode::bad_request;
    if (!supports(stun::Family::ipv4) && !supports(stun::Family::ipv6))
      return ErrorCode::address_family_not_supported;
    for (const auto each : {stun::Family::ipv4, stun::Family::ipv6}) {
      if (supports(each))
        wanted.families.push_back(each);
      else
        wanted.missing_family = each;
    }
    return std::nullopt;
  }
  const auto family = message.has(Attribute::requested_address_family)
                          ? read(Attribute::requested_address_family)
                          : stun::Family::ipv4;
  if (!family || !supports(*family)) return ErrorCode::address_family_not_supported;
  wanted.families = {*family};
  return std::nullopt;
}

// §7.2, in its order.
std::variant<Server::Wanted, ErrorCode> Server::read_wanted(const Request& request) const {
  const auto& message = request.message;
  const auto transport = message.number(Attribute::requested_transport);
  if (!transport) return ErrorCode::bad_request;
  constexpr std::uint32_t k_udp = 17;
  if (*transport >> 24U != k_udp) return ErrorCode::unsupported_transport_protocol;
  Wanted out;
  const bool names_family = message.has(Attribute::requested_address_family),
             wants_more = message.has(Attribute::additional_address_family);
  if (const auto token = message.find(Attribute::reservation_token)) {
    if (message.has(Attribute::even_port) || names_family || wants_more ||
        token->size() != out.take.emplace().size())
      return ErrorCode::bad_request;
    std::copy(token->begin(), token->end(), out.take->begin());
    const auto held = reservations_.find(*out.take);
    if (held == reservations_.end() || held->second.ends <= request.now.mono)
      return ErrorCode::insufficient_capacity;
    out.families = {held->second.family};
    return out;
  }
  if (names_family && wants_more) return ErrorCode::bad_request;
  if (const auto even = message.find(Attribute::even_port)) {
    if (even->size() != 1) return ErrorCode::bad_request;
    out.even_port = true;
    out.reserve_next = ((*even)[0] & 0x80U) != 0;
  }
  if (const auto objection = read_families(message, out)) return *objection;
  return out;
}

void Server::allocate(const Request& request) {
  auto read = read_wanted(request);
  if (const auto* code = std::get_if<ErrorCode>(&read)) return refuse(request, *code);
  auto& wanted = std::get<Wanted>(read);
  const auto& quota = request.identity.quota;
  // A port of its own that it now takes is one of those it has.
  const bool takes_own = wanted.take && reservations_.at(*wanted.take).quota == quota;
  const std::size_t count = wanted.families.size();
  if (held_by(quota) + count + (wanted.reserve_next ? 1 : 0) >
      settings_.max_allocations_of_user + (takes_own ? 1 : 0))
    return refuse(request, ErrorCode::allocation_quota_reached);
  if (is_draining_ || relayed_ + count > settings_.max_allocations ||
      (wanted.reserve_next && reservations_.size() >= k_max_reservations))
    return refuse(request, ErrorCode::insufficient_capacity);

  auto made = std::make_unique<Allocation>();
  auto& allocation = *made;
  allocation.id = ++last_allocation_;
  allocation.path = request.from;
  allocation.identity = request.identity;
  allocation.transaction = request.message.transaction();
  allocation.with_fingerprint = request.message.has(Attribute::fingerprint);
  allocation.families = wanted.families;
  allocation.missing_family = wanted.missing_family;
  allocation.expires = request.now.mono + lifetime_of(request.message);
  OpenRelayed open{allocation.id, request.from, wanted.families, wanted.even_port, {}, wanted.take};
  if (wanted.take) forget(reservations_.find(*wanted.take));
  if (wanted.reserve_next)
    open.reserve_next = allocation.reserved =
        reserve(request.now.mono, wanted.families.front(), allocation.identity.quota);
  held_[quota] += count;
  relayed_ += count;
  by_id_.emplace(allocation.id, &allocation);
  by_path_.emplace(request.from, std::move(made));
  outputs_.emplace_back(std::move(open));
}

ReservationToken Server::reserve(MonoTime now, stun::Family family, const std::string& quota) {
  ReservationToken token{};
  const auto bits = random_.next();
  for (std::size_t index = 0; index < token.size(); ++index)
    token.at(index) = static_cast<std::uint8_t>(bits >> 8 * index);
  reservations_[token] = {now + k_reservation_lifetime, family, quota};
  ++held_[quota];
  return token;
}

Server::Reservations::iterator Server::forget(Reservations::iterator reservation) {
  give_back(reservation->second.quota);
  return reservations_.erase(reservation);
}

std::size_t Server::held_by(const std::string& quota) const {
  const auto found = held_.find(quota);
  return found == held_.end() ? 0 : found->second;
}

void Server::give_back(const std::string& quota, std::size_t count) {
  const auto found = held_.find(quota);
  assert(found != held_.end() && found->second >= count);
  found->second -= count;
  if (found->second == 0) held_.erase(found);
}

void Server::opened(MonoTime now, AllocationId id, std::vector<stun::Address> relayed) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) {  // its client has gone meanwhile
    outputs_.emplace_back(CloseRelayed{id});
    return;
  }
  auto& allocation = *found->second;
  allocation.is_open = true;
  for (const auto& each : relayed) allocation.relayed.push_back({each, allocation.expires});
  for (const auto family : allocation.families) {
    if (allocation.has(family)) continue;
    allocation.missing_family = family;
    give_back(allocation.identity.quota);
    --relayed_;
  }
  await_expiry(allocation);
  ++counters_.allocated;
  tell_allocated(now, allocation);
}

void Server::failed(MonoTime, AllocationId id) {
  // Whoever keeps something of it lets go of that, also when its client has gone meanwhile.
  outputs_.emplace_back(CloseRelayed{id});
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  auto& allocation = *found->second;
  tell_failed(allocation, ErrorCode::insufficient_capacity);
  if (allocation.reserved)
    if (const auto held = reservations_.find(*allocation.reserved); held != reservations_.end()) forget(held);
  end(allocation);
}

// ---- what is done with an allocation

// §7.2, §8.2.
Duration Server::lifetime_of(const stun::Message& message) {
  const auto asked_s = message.number(Attribute::lifetime);
  if (!asked_s) return k_default_lifetime;
  return std::clamp(Duration{std::int64_t{*asked_s} * 1000}, k_default_lifetime, k_max_lifetime);
}

void Server::refresh(const Request& request, Allocation& allocation) {
  std::optional<stun::Family> only;  // §8.1: without, it is about all that there are
  if (request.message.has(Attribute::requested_address_family)) {
    const auto value = request.message.number(Attribute::requested_address_family);
    const auto family = value ? *value >> 24U : 0;
    if ((family != 1 && family != 2) || !allocation.has(static_cast<stun::Family>(family)))
      return refuse(request, ErrorCode::peer_address_family_mismatch);
    only = static_cast<stun::Family>(family);
  }
  stun::MessageWriter answer(Class::success, Method::refresh, request.message.transaction());
  if (request.message.number(Attribute::lifetime) == 0U) {
    answer.add_number(Attribute::lifetime, 0);
    if (only) {
      end_address(allocation, *only);
    } else {
      outputs_.emplace_back(CloseRelayed{allocation.id});
      end(allocation);
    }
    return succeed(request, std::move(answer));
  }
  const auto lifetime = lifetime_of(request.message);
  set_expiry(allocation, request.now.mono + lifetime, only);
  answer.add_number(Attribute::lifetime, static_cast<std::uint32_t>(lifetime.count() / 1000));
  succeed(request, std::move(answer));
}

std::optional<ErrorCode> Server::objection_to(const Allocation& allocation,
                                              const stun::IpAddress& peer) const {
  if (!allocation.has(peer.family)) return ErrorCode::peer_address_family_mismatch;
  const bool is_own = std::any_of(allocation.relayed.begin(), allocation.relayed.end(),
                                  [&peer](const RelayedAddress& each) { return each.at.ip == peer; });
  if (is_own) return std::nullopt;
  const auto& hosts = settings_.own_addresses;
  if (std::find(hosts.begin(), hosts.end(), peer) != hosts.end() || !settings_.policy.permits(peer))
    return ErrorCode::forbidden;
  return std::nullopt;
}

void Server::create_permission(const Request& request, Allocation& allocation) {
  const auto peers = request.message.all_xor_addresses(Attribute::xor_peer_address);
  if (!peers || peers->empty()) return refuse(request, ErrorCode::bad_request);
  for (const auto& peer : *peers)
    if (const auto objection = objection_to(allocation, peer.ip)) return refuse(request, *objection);
  const auto until = request.now.mono + k_permission_lifetime;
  // All of them or none (§10.2).
  auto installed = allocation.installed;
  for (const auto& peer : *peers)
    if (installed.permit(request.now.mono, peer.ip, until) != Installed::done)
      return refuse(request, ErrorCode::insufficient_capacity);
  allocation.installed = std::move(installed);
  for (const auto& peer : *peers) outputs_.emplace_back(Permit{allocation.id, peer.ip, until});
  succeed(request, {Class::success, Method::create_permission, request.message.transaction()});
}

void Server::bind_channel(const Request& request, Allocation& allocation) {
  const auto number = request.message.number(Attribute::channel_number);
  const auto peer = request.message.xor_address(Attribute::xor_peer_address);
  if (!number || !peer) return refuse(request, ErrorCode::bad_request);
  const auto channel = static_cast<std::uint16_t>(*number >> 16U);
  if (channel < k_first_channel || channel > k_last_channel) return refuse(request, ErrorCode::bad_request);
  if (const auto objection = objection_to(allocation, peer->ip)) return refuse(request, *objection);
  const auto permitted = request.now.mono + k_permission_lifetime,
             bound = request.now.mono + k_channel_lifetime;
  auto installed = allocation.installed;
  if (installed.permit(request.now.mono, peer->ip, permitted) != Installed::done)
    return refuse(request, ErrorCode::insufficient_capacity);
  switch (installed.bind(request.now.mono, channel, *peer, bound)) {
    case Installed::done:
      break;
    case Installed::full:
      return refuse(request, ErrorCode::insufficient_capacity);
    case Installed::mismatch:
      return refuse(request, ErrorCode::bad_request);  // §12.2
  }
  allocation.installed = std::move(installed);
  outputs_.emplace_back(Permit{allocation.id, peer->ip, permitted});
  outputs_.emplace_back(BindChannel{allocation.id, channel, *peer, bound});
  succeed(request, {Class::success, Method::channel_bind, request.message.transaction()});
}

// ---- what ends

void Server::end(Allocation& allocation) {
  give_back(allocation.identity.quota, allocation.held());
  relayed_ -= allocation.held();
  by_expiry_.erase({allocation.expires, allocation.id});
  by_id_.erase(allocation.id);
  by_path_.erase(ClientPath(allocation.path));
}

void Server::end_address(Allocation& allocation, stun::Family family) {
  if (allocation.relayed.size() == 1) {
    outputs_.emplace_back(CloseRelayed{allocation.id});
    return end(allocation);
  }
  outputs_.emplace_back(CloseRelayed{allocation.id, family});
  std::erase_if(allocation.relayed, [family](const auto& each) { return each.at.ip.family == family; });
  allocation.installed.forget(family);
  give_back(allocation.identity.quota);
  --relayed_;
  await_expiry(allocation);
}

void Server::set_expiry(Allocation& allocation, MonoTime at, std::optional<stun::Family> only) {
  for (auto& each : allocation.relayed)
    if (!only || each.at.ip.family == *only) each.expires = at;
  await_expiry(allocation);
}

void Server::await_expiry(Allocation& allocation) {
  by_expiry_.erase({allocation.expires, allocation.id});
  allocation.expires = std::min_element(allocation.relayed.begin(), allocation.relayed.end(),
                                        [](const auto& a, const auto& b) { return a.expires < b.expires; })
                           ->expires;
  by_expiry_.emplace(allocation.expires, allocation.id);
}

void Server::gone(const ClientPath& path) {
  const auto found = by_path_.find(path);
  if (found == by_path_.end()) return;
  // What is being opened is closed when it is (see opened()).
  if (found->second->is_open) outputs_.emplace_back(CloseRelayed{found->second->id});
  end(*found->second);
}

void Server::users_changed(WallMs now_ms) {
  std::vector<ClientPath> gone_paths;
  for (const auto& [path, allocation] : by_path_)
    if (!authentication_.is_user_still(now_ms, allocation->identity)) gone_paths.push_back(path);
  for (const auto& path : gone_paths) gone(path);
}

void Server::wake(MonoTime now) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    auto& allocation = *by_id_.at(by_expiry_.begin()->second);
    ++counters_.expired;
    const auto first = std::find_if(allocation.relayed.begin(), allocation.relayed.end(),
                                    [now](const auto& each) { return each.expires <= now; });
    end_address(allocation, first->at.ip.family);
  }
  for (auto each = reservations_.begin(); each != reservations_.end();) {
    if (now < each->second.ends) {
      ++each;
      continue;
    }
    outputs_.emplace_back(EndReservation{each->first});
    each = forget(each);
  }
}

std::optional<MonoTime> Server::next_wake() const {
  std::optional<MonoTime> out;
  if (!by_expiry_.empty()) out = by_expiry_.begin()->first;
  for (const auto& [token, held] : reservations_) out = out ? std::min(*out, held.ends) : held.ends;
  return out;
}

// ---- answers

void Server::tell_allocated(MonoTime now, const Allocation& allocation) {
  stun::MessageWriter answer(Class::success, Method::allocate, allocation.transaction);
  for (const auto& each : allocation.relayed) answer.add_xor_address(Attribute::xor_relayed_address, each.at);
  const auto left = std::max(allocation.expires - now, Duration{0});
  answer.add_number(Attribute::lifetime, static_cast<std::uint32_t>(left.count() / 1000));
  if (allocation.reserved) answer.add(Attribute::reservation_token, *allocation.reserved);
  answer.add_xor_address(Attribute::xor_mapped_address, allocation.path.client);
  if (allocation.missing_family) {
    const auto code = supports(*allocation.missing_family) ? ErrorCode::insufficient_capacity
                                                           : ErrorCode::address_family_not_supported;
    answer.add_address_error(*allocation.missing_family, code);
  }
  Authentication::seal(allocation.identity, answer);
  send(allocation.path, std::move(answer), allocation.with_fingerprint);
}

void Server::tell_failed(const Allocation& allocation, ErrorCode code) {
  ++counters_.errors[code];
  stun::MessageWriter answer(Class::error, Method::allocate, allocation.transaction);
  answer.add_error(code);
  Authentication::seal(allocation.identity, answer);
  send(allocation.path, std::move(answer), allocation.with_fingerprint);
}

void Server::succeed(const Request& request, stun::MessageWriter answer) {
  Authentication::seal(request.identity, answer);
  send(request.from, std::move(answer), request.message.has(Attribute::fingerprint));
}

void Server::refuse(const Request& request, ErrorCode code) {
  ++counters_.errors[code];
  stun::MessageWriter answer(Class::error, request.message.method(), request.message.transaction());
  answer.add_error(code);
  succeed(request, std::move(answer));
}

void Server::send(const ClientPath& to, stun::MessageWriter answer, bool with_fingerprint) {
  if (with_fingerprint) answer.add_fingerprint();
  outputs_.emplace_back(SendToClient{to, answer.take()});
}

}  // namespace ringway::relay

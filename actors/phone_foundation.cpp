#include "actors/phone_foundation.hpp"

#include <algorithm>
#include <utility>

#include "actors/peer_log.hpp"
#include "actors/sip_settings.hpp"
#include "actors/system_random.hpp"
#include "actors/user_credentials.hpp"
#include "net/io_pool.hpp"
#include "sip-usage/peers/peer_connections.hpp"
#include "sip-usage/servers/names.hpp"

namespace ringway::actors {

namespace {

// New ones in the place of some that cannot be read now would end GRUUs and calls for good.
Result<std::optional<SipKeys>> kept_sip_keys(const data::ValueStore& store) {
  const auto kept = store.fact(k_sip_keys_fact);
  if (!kept) return kept.error();
  if (!*kept) return std::optional<SipKeys>();
  auto keys = SipKeys::decode(**kept);
  if (!keys) return keys.error();
  return std::optional<SipKeys>(*std::move(keys));
}

Result<std::vector<sip::CallRecord>> kept_calls(const PeerSettings& settings, const data::ValueStore& store) {
  std::vector<sip::CallRecord> out;
  const auto kept = store.list_facts(k_call_facts, sip::k_max_kept_calls);
  if (!kept) return kept.error();
  std::size_t unreadable = 0;
  for (const auto& fact : *kept) {
    if (auto record = sip::decode_call_record(SharedBytes(fact.value)))
      out.push_back(*std::move(record));
    else
      ++unreadable;
  }
  if (unreadable > 0) peer_log(settings.name)->warn("{} records of calls cannot be read", unreadable);
  return out;
}

// What cannot be read the registrar has forgotten.
Result<std::vector<sip::registrar::KeptBindings>> read_bindings(const data::ValueStore& store) {
  auto kept = store.list_facts(k_binding_facts, sip::registrar::k_max_users);
  if (!kept) return kept.error();
  std::vector<sip::registrar::KeptBindings> out;
  for (auto& fact : *kept) {
    const std::string user = fact.name.substr(std::string_view(k_binding_facts).size());
    if (auto aor = sip::Aor::of_user_name(user)) out.push_back({*std::move(aor), std::move(fact.value)});
  }
  return out;
}

// As whom the peer stores registrations: nobody by name for its own user.
std::map<sip::Aor, std::string> writers_of(const security::Signer& own, const data::UserSigners& users) {
  std::map<sip::Aor, std::string> out;
  for (const auto& signer : users.all()) {
    const std::string user = signer->certificate()->user_name();
    if (auto aor = sip::Aor::of_user_name(user)) out.insert_or_assign(*std::move(aor), user);
  }
  if (auto aor = sip::Aor::of_user_name(own.certificate()->user_name()))
    out.insert_or_assign(*std::move(aor), "");
  return out;
}

bool asks_dns(const SipSettings& settings) {
  if (settings.lets_users_call_outside || !settings.gateway) return settings.lets_users_call_outside;
  const auto& servers = settings.gateway->servers;
  return std::any_of(servers.begin(), servers.end(),
                     [](const auto& server) { return !sip::servers::is_numeric(server.host); });
}

net::app_links::AppLinkSettings peer_link_settings(const PeerSettings& settings,
                                                   const config::Configuration& configuration) {
  net::app_links::AppLinkSettings out;
  out.listen = settings.sip->listen_for_peers;
  if (out.listen.type == wire::AddressType::invalid) {
    out.listen = settings.listen;
    out.listen.port = 0;
  }
  out.protocol = sip::peers::k_protocol_name;
  out.private_key_pem = settings.private_key_pem;
  out.certificates_pem = settings.certificates_pem;
  out.shared_secret = configuration.shared_secret;
  out.overlay_name = configuration.instance_name;
  return out;
}

}  // namespace

Result<PhoneFoundation> PhoneFoundation::lay(net::IoPool& io, const PeerSettings& settings,
                                             const Ground& ground) {
  PhoneFoundation made;
  if (!settings.sip) return made;
  if (settings.sip->gateway && ground.configuration.self_signed_permitted) {
    return Failure{
        "--sip-trunk: nobody checks names in this overlay (self-signed certificates), so everybody could "
        "call through the trunk as one of its callers"};
  }
  const auto is_listed = [](const auto& each) {
    return each.second.who == sip::presence::Permission::Who::listed;
  };
  const auto& permissions = settings.sip->presence_permissions;
  if (ground.configuration.self_signed_permitted &&
      std::any_of(permissions.begin(), permissions.end(), is_listed)) {
    return Failure{
        "--sip-presence: nobody checks names in this overlay (self-signed certificates), so anybody could be "
        "one of those on a list"};
  }
  if (auto opened = made.open_sockets(io, settings, ground); !opened) return opened.error();
  if (auto done = made.make_element(settings, ground); !done) return done.error();
  made.writers = writers_of(ground.signer, ground.users);
  return made;
}

Outcome<> PhoneFoundation::open_sockets(net::IoPool& io, const PeerSettings& settings, const Ground& ground) {
  bridge = std::make_shared<PhoneBridge>();
  auto phones = net::phones::PhoneTransports::start(io, settings.sip->phones, bridge);
  if (!phones) return Failure{"cannot listen for phones: " + phones.error().reason + " (--sip-listen)"};
  transports = *phones;
  auto links = net::app_links::AppLinks::start(io, peer_link_settings(settings, ground.configuration),
                                               ground.trust, bridge);
  if (!links) {
    return Failure{"cannot listen for calls of other peers: " + links.error().reason +
                   " (--sip-peer-listen)"};
  }
  peer_links = *links;
  if (!asks_dns(*settings.sip)) return Done{};
  auto asker = net::dns::Resolver::start(io, {.servers = settings.sip->dns_servers});
  if (!asker) return Failure{"DNS cannot be asked: " + asker.error().reason + " (--sip-dns)"};
  resolver = *std::move(asker);
  return Done{};
}

Outcome<> PhoneFoundation::make_element(const PeerSettings& settings, const Ground& ground) {
  SipSettings& sip = *settings.sip;
  const auto random = std::make_shared<SystemRandom>();
  auto keys = kept_sip_keys(ground.store);
  if (!keys) return Failure{"the keys of SIP in the store: " + keys.error().reason};
  if (!*keys) *keys = new_keys = SipKeys::make(*random);
  auto calls = kept_calls(settings, ground.store);
  if (!calls) return Failure{"the log of calls in the store: " + calls.error().reason};
  auto bindings = read_bindings(ground.store);
  if (!bindings) return Failure{"where phones are, in the store: " + bindings.error().reason};
  kept_bindings.bindings = *std::move(bindings);
  auto wanted = element_settings(
      sip, {ground.signer.node_id(), ground.configuration.instance_name, transports->listening_on()}, **keys);
  if (const auto good = sip::registrar::check(wanted.registrar, sip.accounts); !good)
    return Failure{"phones cannot be served: " + good.error().reason};
  rules = wanted.registrar;
  wanted.message_users = message_users(settings.further_users);
  if (auto own = message_user({settings.private_key_pem, settings.certificates_pem}, ground.signer, true))
    wanted.message_users.push_back(*std::move(own));
  element = std::make_shared<sip::element::Element>(wanted, std::exchange(sip.accounts, {}), random,
                                                    *std::move(calls));
  return Done{};
}

std::vector<net::phones::PhoneListen> PhoneFoundation::listening_on() const {
  return transports ? transports->listening_on() : std::vector<net::phones::PhoneListen>{};
}

}  // namespace ringway::actors

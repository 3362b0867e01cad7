// What a peer is told of phones, and how the settings of its SIP element follow from that, from who the peer
// is and from where its sockets are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/random.hpp"
#include "reload/result.hpp"
#include "sip-usage/element/settings.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::actors {

// Keys of the SIP element, of 32 octets each: kept as a fact of the store, so that GRUUs and dialogs under
// way outlive a restart.
inline constexpr const char* k_sip_keys_fact = "sip-keys";
struct SipKeys {
  Bytes proxy, gruu;

  static SipKeys make(Random& random);
  static Result<SipKeys> decode(BytesView kept);
  Bytes encode() const;
};

// Calls are kept as facts of the store, one for each, and where the phones of a user are, one for each user.
inline constexpr const char* k_call_facts = "call-log/";
std::string call_fact(std::uint64_t number);
inline constexpr const char* k_binding_facts = "phones/";
std::string binding_fact(const sip::Aor& user);

struct SipSettings {
  net::phones::PhoneSettings phones;
  // Where other peers connect to for calls; no address: where links are listened for, at any free port.
  wire::IpAddressPort listen_for_peers{};
  // The users of this peer whose phones may register: its own, and further ones that it has credentials of.
  std::vector<sip::registrar::Account> accounts;
  bool trusts_loopback = false;          // phones on this machine need no password
  std::vector<std::string> names{};      // by which phones may know this peer, besides its addresses
  bool lets_users_call_outside = false;  // users may call addresses of other domains
  sip::LookupPolicy outside_lookup = sip::LookupPolicy::overlay_first;  // whose answer counts for these
  bool hides_users = false;   // every call goes by way of an intermediate peer
  std::string dns_servers{};  // "192.0.2.53:53,[2001:db8::53]:53"; empty: those of the system
  std::optional<sip::element::Gateway> gateway{};
  std::vector<NodeId> gateway_peers{};  // where calls go that need a trunk of another peer
  // Who may see users of this peer: those who are not here are seen by everybody.
  std::map<sip::Aor, sip::presence::Permission> presence_permissions{};
  bool redirects = false;  // a redirect peer (RFC 3261 §8.3)
  unsigned calls_per_second = sip::element::k_calls_per_second;
};

// Where other peers are told to connect to for calls: the hosts that the peer advertises, or those of this
// machine when it listens at all of them.
std::vector<wire::IpAddressPort> call_addresses(const std::vector<wire::IpAddressPort>& advertise,
                                                const wire::IpAddressPort& listening_on);

// Whose peer it is, and where.
struct SipIdentity {
  NodeId node;
  std::string overlay;
  std::vector<net::phones::PhoneListen> listening_on;
};

sip::element::Settings element_settings(const SipSettings& settings, const SipIdentity& identity,
                                        const SipKeys& keys);

}  // namespace ringway::actors

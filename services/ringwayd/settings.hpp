// What `ringwayd` can be told: by flag, by environment variable (RINGWAY_…) or in a TOML file, in this order
// of precedence. Reading and cross-checking only; no file but the settings file is opened here.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/wire/bodies.hpp"
#include "services/api/phone_address.hpp"
#include "services/ringwayd/relay_options.hpp"

namespace ringway::services {

inline constexpr std::size_t k_max_peers_per_process = 256;

// What `ringwayd` exits with.
enum DaemonExit : int {
  k_daemon_left = 0,         // left the ring as asked
  k_daemon_not_started = 1,  // an address is taken, a store is broken, …
  k_daemon_usage = 2,        // settings, credentials or the configuration document are not acceptable
  k_daemon_failed = 70,      // a part of a peer died, or the overlay wants none of them; the log says why
  k_daemon_cut_short = 130,  // a second signal while leaving
};

struct Settings {
  std::string config_document;   // empty: overlay.xml beside the credentials
  std::string credentials;       // empty: self_signed_user
  std::string self_signed_user;  // the peer makes its own credentials, in its data folder
  std::vector<std::string> user_credentials;
  std::string data = "/var/lib/ringway";
  std::string listen = "0.0.0.0:6084";
  std::vector<std::string> advertise;
  bool datagram_links = false;
  std::vector<std::string> bootstrap;
  bool first_peer = false;
  std::string discovery = "auto";  // or on, off
  std::size_t peers = 1;

  std::string configuration_url;  // empty: that of enrollment.json
  std::string enrollment_ca;      // likewise
  double configuration_poll_s = 21'600;

  std::string api_socket;  // empty: api.sock in the data folder; "none": no socket
  std::string api_socket_mode = "0600";
  std::string api_listen;
  std::string api_certificate, api_key, api_client_ca;
  bool api_insecure = false;
  std::string api_policy;

  std::vector<std::string> sip_listen;  // none: no phones are served
  std::string sip_peer_listen;
  std::string sip_passwords;
  bool sip_trust_loopback = false;
  std::string sip_presence;
  std::vector<std::string> sip_names;
  std::string sip_certificate, sip_key, sip_authorities;
  std::vector<std::string> sip_origins;
  bool sip_call_outside = false;
  std::string sip_outside_lookup = "overlay-first";
  std::string sip_dns;
  std::vector<std::string> sip_trunk;
  std::string sip_trunk_domain;
  std::vector<std::string> sip_trunk_callers, sip_trunk_domains;
  std::vector<std::string> sip_gateways;
  unsigned sip_calls_per_second = 10;  // 0: as many as come
  bool sip_redirect = false;
  bool sip_through_intermediate = false;

  RelayOptions relay;

  std::string log_level = "info";
  std::string log_format = "text";
  std::string ready_file;

  double successor_hold_down_s = 30;
  std::uint64_t replication_rate_bytes_per_s = 4U << 20;
  double comparison_interval_s = 300;
  double leave_timeout_s = 15;
  std::size_t max_links = 1024;
  std::size_t actor_threads = 0, io_threads = 1, crypto_threads = 0;

  // Derived by parse_settings().
  wire::IpAddressPort listen_address;
  std::vector<wire::IpAddressPort> advertise_addresses;
  std::optional<wire::IpAddressPort> api_listen_address;
  unsigned api_mode = 0600;
  std::vector<net::phones::PhoneListen> sip_addresses;
  std::vector<SipServer> sip_trunk_servers;
  std::vector<NodeId> sip_gateway_nodes;
  wire::IpAddressPort sip_peer_address;  // invalid: not said

  // Peer `index` of several has folders, ports and sockets of its own.
  std::string credentials_of(std::size_t index) const;
  // No address that others can connect to follows from the settings alone.
  bool needs_addresses() const;
  std::string data_of(std::size_t index) const;
  std::string api_socket_of(std::size_t index) const;  // empty: none
  wire::IpAddressPort listen_of(std::size_t index) const;
  std::vector<wire::IpAddressPort> advertise_of(std::size_t index) const;
  std::optional<wire::IpAddressPort> api_listen_of(std::size_t index) const;
  std::vector<net::phones::PhoneListen> sip_listen_of(std::size_t index) const;
  wire::IpAddressPort sip_peer_listen_of(std::size_t index) const;
};

// Nothing when the program is to end: help was asked for or the settings are wrong (told on `err`);
// `exit_code` then says how.
std::optional<Settings> parse_settings(int argc, const char* const* argv, std::ostream& out,
                                       std::ostream& err, int& exit_code);

}  // namespace ringway::services

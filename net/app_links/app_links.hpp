// Connections between peers that carry an application's own octets (RFC 6940 §6.5.2): SIP for instance, RFC
// 7904 §5.1. TLS over TCP, both ends with the certificates of their nodes, judged as those of a link
// (tls_links.hpp); in shared-secret mode with the same key and proofs. Then bytes in, bytes out: no framing,
// and nothing here knows what they mean. Who is expected to connect is said elsewhere (AppAttach): here
// everybody may whom the overlay trusts.
//
// What comes out are flows, as those of phones (phones/phone_transports.hpp), and the same events; that a
// flow is up is told when its handshake is done, with whose it is (FlowUp::peer).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/result.hpp"
#include "reload/security/trust.hpp"
#include "reload/table_size.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net::app_links {

using phones::FlowId;
using phones::Given;

// Above it are the flows of these, below it those of phones: a peer may keep both in one table.
inline constexpr std::uint64_t k_flows_from = std::uint64_t{1} << 63;
// Of an AppAttach, tried one after the other.
inline constexpr std::size_t k_max_addresses = 16;

struct AppLinkSettings {
  wire::IpAddressPort listen;  // port 0: any free one
  // Named by the client of TLS (ALPN, RFC 7301), "sip/2" say, so that no listener takes the connection for
  // one of RELOAD. A server refuses other names, but takes who names nothing. Empty: nothing is named.
  std::string protocol;
  std::string private_key_pem;
  std::string certificates_pem;              // the node's certificate, then its chain
  std::optional<std::string> shared_secret;  // as LinkSettings
  std::string overlay_name;

  std::size_t max_connections = 1024;
  std::size_t max_connections_per_address = 256;  // accepted; an IPv6 /64 is one address
  std::size_t max_handshakes = 256;               // of accepted ones
  std::size_t max_handshakes_per_address = 64;
  std::size_t receive_credit_bytes = 256U << 10;  // for each connection
  std::size_t max_send_queue_bytes = 1U << 20;
  std::size_t max_send_queues_bytes = 64U << 20;  // of all together, beyond the next for each
  std::size_t free_send_queue_bytes = 16U << 10;

  Duration connect_timeout{5'000};     // for each address
  Duration handshake_timeout{10'000};  // for each address
  Duration opening_timeout{15'000};    // for all of them
  Duration write_timeout{30'000};      // until the other side takes some of what is sent
  Duration idle_timeout{300'000};      // without a byte either way; not while it is held
  Duration close_timeout{2'000};       // for what is queued when a connection is closed
};

struct AppLinkCounters {
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t handshakes_failed = 0;    // of either side
  std::uint64_t opening_failed = 0;       // connections that came to nothing, accepted or our own
  std::uint64_t idle = 0;                 // closed for it
  std::uint64_t too_slow = 0;             // did not take what was sent
  std::uint64_t refused_connections = 0;  // as many as allowed, in all or shaking hands
  std::uint64_t refused_of_address = 0;   // as many of one address as allowed
  std::uint64_t refused_full_queue = 0;
  std::uint64_t no_longer_trusted = 0;  // closed because of a newer configuration document
};

class AppLinks {
 public:
  // Listens at once; fails when the address is taken or the credentials do not fit together. Events come on
  // I/O threads and must not call stop().
  static Result<std::shared_ptr<AppLinks>> start(IoPool& pool, AppLinkSettings settings,
                                                 security::TrustPtr trust,
                                                 std::shared_ptr<phones::PhoneEvents> events);
  virtual ~AppLinks() = default;

  virtual wire::IpAddressPort listening_on() const = 0;

  // The commands may be called from any thread and never block.
  // flow_up or flow_down follows. Whoever is there has to be `node`. What is sent before flow_up waits. Over
  // TLS 1.3 a flow of ours is up before the other side has judged our certificate; if it refuses us,
  // flow_down follows.
  virtual Result<FlowId> connect(std::vector<wire::IpAddressPort> addresses, const NodeId& node) = 0;
  virtual Given send(FlowId flow, SharedBytes message) = 0;
  virtual void close(FlowId flow, std::string reason) = 0;  // what is queued is still sent
  virtual void credit(FlowId flow, std::size_t credit) = 0;
  virtual void hold(FlowId flow, bool held) = 0;  // it is not closed for being idle

  // A newer configuration document: later handshakes use it, and connections of nodes that are not trusted
  // any more end at once.
  virtual void replace_trust(security::TrustPtr trust) = 0;
  // For later handshakes; a failure leaves the old ones in use. Connections that are up stay.
  virtual Outcome<> replace_shared_secret(std::optional<std::string> secret) = 0;
  virtual Outcome<> replace_credentials(std::string private_key_pem, std::string certificates_pem) = 0;
  // Closes everything; no event follows once it returns.
  virtual void stop() = 0;
  virtual AppLinkCounters counters() const = 0;
  virtual TableSizes tables() const = 0;
};

}  // namespace ringway::net::app_links

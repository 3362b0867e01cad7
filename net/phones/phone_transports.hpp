// Sockets towards SIP phones and browsers: UDP, TCP, TLS and WebSocket, plain and secure (RFC 3261 §18, RFC
// 7118). Bytes in, bytes out: nothing here knows SIP. A flow is a connection, or a socket with one remote
// address of UDP (RFC 5626 §3.1). What comes over TCP and TLS is passed on as it comes, over UDP by
// datagrams, over WebSocket by messages. That a stream's messages come to an end is for whoever joins them to
// look after.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/security/certificate.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net {
class IoPool;  // net/io_pool.hpp: the shared I/O threads
}

namespace ringway::net::phones {

// One flow of one PhoneTransports, never used again.
struct FlowId {
  std::uint64_t number = 0;
  auto operator<=>(const FlowId&) const = default;
};

enum class Transport : std::uint8_t { udp, tcp, tls, ws, wss };

// What a message may have: of WebSocket, and of UDP anyway.
inline constexpr std::size_t k_max_message_bytes = 65'535;
// What each Received costs beyond its bytes, so that many small ones cost their sender too.
inline constexpr std::size_t k_received_overhead_bytes = 256;

struct PhoneListen {
  Transport transport = Transport::udp;
  wire::IpAddressPort at;  // port 0: any free one; "::" is every address of the host, of either family
};

struct PhoneSettings {
  std::vector<PhoneListen> listen;
  // For tls and wss; PEM, the server's own certificate first, then its chain.
  std::string certificates_file, private_key_file;
  std::string
      authorities_file;  // PEM: who vouches for those we connect to by TLS; empty: whom the system trusts
  std::string websocket_path = "/";    // where browsers ask for the WebSocket
  std::vector<std::string> origins{};  // of web pages that may ("https://phone.example.org"); empty: any

  std::size_t max_connections = 4096;
  std::size_t max_connections_per_address = 256;  // accepted; an IPv6 /64 is one address
  // Accepted, and nothing has been received yet: handshakes, silent ones. The next one is closed.
  std::size_t max_arriving = 512;
  std::size_t max_arriving_per_address = 64;
  std::size_t max_datagram_flows =
      8192;  // then the one that was idle longest goes, of those that nobody holds
  std::size_t max_datagram_flows_per_address = 512;
  std::size_t datagrams_per_second_per_address = 2000;  // for how long it is sent faster: so many at once
  std::size_t datagrams_at_once_per_address = 4000;
  std::size_t max_rated_addresses = 8192;  // whose datagrams are counted; all others share one measure

  std::size_t receive_credit_bytes = 256U << 10;  // per flow
  std::size_t max_send_queue_bytes = 256U << 10;  // per flow
  std::size_t max_send_queues_bytes = 64U << 20;  // of all flows together, beyond the next for each
  std::size_t free_send_queue_bytes = 16U << 10;

  Duration opening_timeout{10'000};     // connecting, handshakes, the request for a WebSocket
  Duration first_byte_timeout{10'000};  // of an accepted connection
  Duration message_timeout{20'000};     // a message of WebSocket, from its first byte to its last
  Duration write_timeout{30'000};       // until the other side takes some of what is sent
  Duration idle_timeout{300'000};       // without a byte either way; not for flows that are held
  Duration ping_interval{25'000};       // of a silent WebSocket; the next one without an answer ends it
  Duration close_timeout{2'000};        // for what is queued when a flow is closed
};

// Of a connection with another peer (net/app_links): who it is.
struct KnownPeer {
  NodeId node;  // that was connected to; of a connection that it has made, the first of its certificate's
  security::CertificatePtr certificate;
};
struct FlowUp {
  FlowId flow;
  Transport transport = Transport::udp;
  wire::IpAddressPort local;
  wire::IpAddressPort remote;
  bool opened_here = false;
  std::optional<KnownPeer> peer = std::nullopt;  // none: a phone or a server
};
struct Received {
  FlowId flow;
  SharedBytes bytes;
  std::size_t credit = 0;  // what it cost, to be given back with PhoneTransports::credit() once it is handled
};
struct FlowDown {
  FlowId flow;
  std::string reason;
};

// Called on I/O threads; each flow's events come in order: flow_up, the others, flow_down, each of the first
// and the last once. A flow that others have opened is up when something has come over it: one that says
// nothing is never heard of. Must not call PhoneTransports::stop().
class PhoneEvents {
 public:
  virtual ~PhoneEvents() = default;
  virtual void flow_up(FlowUp event) = 0;
  virtual void received(Received event) = 0;
  virtual void drained(FlowId flow) = 0;  // after Given::half_full: all of it has been sent
  // Also for a connect() that has failed, without flow_up.
  virtual void flow_down(FlowDown event) = 0;
};

enum class Given {
  queued,
  half_full,  // queued; wait for drained() if you can
  refused,    // no such flow, or no room: a connection is closed then, a datagram dropped
};

struct PhoneCounters {
  std::uint64_t bytes_in = 0, bytes_out = 0, datagrams_in = 0, datagrams_out = 0;
  std::uint64_t opening_failed = 0;       // handshakes and requests for a WebSocket, accepted or our own
  std::uint64_t silent = 0;               // accepted, and then nothing came
  std::uint64_t idle = 0;                 // flows of either kind
  std::uint64_t too_slow = 0;             // did not take what was sent, or did not end its message
  std::uint64_t refused_connections = 0;  // as many as allowed, in all or still arriving
  std::uint64_t refused_of_address = 0;   // as many of one address as allowed, of either kind
  std::uint64_t refused_upgrades = 0;     // HTTP requests: no WebSocket, no "sip", from another page
  std::uint64_t refused_messages = 0;     // of WebSocket: too long, or against its protocol
  std::uint64_t datagrams_too_fast = 0;   // of one address
  std::uint64_t datagrams_over_credit = 0;
  std::uint64_t datagrams_refused = 0;  // no room for another flow
  std::uint64_t datagram_flows_displaced = 0;
  std::uint64_t datagrams_not_sent = 0;  // the system would not
  std::uint64_t refused_full_queue = 0;
};

class PhoneTransports {
 public:
  // Listens at once; fails when an address is taken or the files are not what they should be.
  static Result<std::shared_ptr<PhoneTransports>> start(IoPool& pool, PhoneSettings settings,
                                                        std::shared_ptr<PhoneEvents> events);
  virtual ~PhoneTransports() = default;

  virtual std::vector<PhoneListen> listening_on()
      const = 0;  // as in the settings, with the ports that they got

  // The commands may be called from any thread and never block.
  // By UDP, TCP or TLS (a browser cannot be connected to); flow_up or flow_down follows, but for a flow of
  // UDP that is there already. TLS checks that the other side is `server_name`, a domain (RFC 5922) or an
  // address. What is sent before flow_up waits. `local`: of UDP, from the socket there if that can be.
  virtual Result<FlowId> connect(Transport transport, const wire::IpAddressPort& remote,
                                 const std::string& server_name = {},
                                 const wire::IpAddressPort& local = {}) = 0;
  virtual Given send(FlowId flow, SharedBytes message) = 0;
  // From a flow's socket of UDP to another port of its remote host (RFC 3261 §18.2.2: who does not ask for
  // rport is answered where its Via says). Sent at once or lost, and never `half_full`.
  virtual Given send_to_port(FlowId flow, std::uint16_t port, SharedBytes message) = 0;
  virtual void close(FlowId flow,
                     std::string reason) = 0;  // what is queued is still sent; answered by flow_down
  virtual void credit(FlowId flow, std::size_t credit) = 0;
  // Somebody counts on it, a registration for instance: it is not closed for being idle, nor displaced.
  virtual void hold(FlowId flow, bool held) = 0;

  // Reads the files again, for later handshakes; a failure leaves what there was in use. Reads files, so it
  // may block.
  virtual Outcome<> reload() = 0;
  // Closes everything; no event follows once it returns.
  virtual void stop() = 0;
  virtual PhoneCounters counters() const = 0;
  virtual TableSizes tables() const = 0;
};

}  // namespace ringway::net::phones

template <>
struct std::hash<ringway::net::phones::FlowId> {
  std::size_t operator()(const ringway::net::phones::FlowId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.number);
  }
};

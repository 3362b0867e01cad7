// TLS over TCP links (TLS-TCP-FH-NO-ICE, RFC 6940 §6.6.5) on Boost.Asio: listening, connecting, mutually
// authenticated handshakes, framing and its acknowledgements, bounded queues. With `datagrams` also links
// over DTLS and UDP (DTLS-UDP-SR-NO-ICE, §6.6.6, net/dtls), with the same events and commands. One object
// serves one peer; the I/O threads are shared.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/link/link_id.hpp"
#include "reload/link/reliability/datagram_link.hpp"
#include "reload/result.hpp"
#include "reload/routing/messages.hpp"
#include "reload/security/certificate.hpp"
#include "reload/security/trust.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::net {

struct LinkSettings {
  wire::IpAddressPort listen;  // port 0: any free one
  bool listens = true;         // false: it opens links and accepts none
  bool datagrams = false;      // links over DTLS too, accepted at the same port of UDP
  link::SenderAlgorithm datagram_sender = link::SenderAlgorithm::windowed;
  std::string private_key_pem;
  std::string certificates_pem;  // the node's certificate, then its chain
  // Shared-secret mode (RFC 6940 §13.4): links are keyed with it, and who does not know it has none.
  std::optional<std::string> shared_secret;
  std::string overlay_name;  // goes with it
  std::size_t max_message_size_bytes = 5000;
  std::size_t max_links = 1024;                    // and connections of applications
  std::size_t max_handshakes = 256;                // inbound, not yet authenticated
  std::size_t max_handshakes_per_address = 64;     // of those; an IPv6 /64 is one address
  std::size_t max_send_queue_bytes = 8U << 20;     // per link; past it new messages are refused and counted
  std::size_t max_send_queues_bytes = 256U << 20;  // of all links together, beyond the next for each
  std::size_t free_send_queue_bytes = 256U << 10;
  std::size_t receive_credit_messages = 256;  // per link; reading stops when so many wait to be handled
  Duration handshake_timeout{10'000};
  Duration connect_timeout{5'000};  // for each address; those of datagrams have it together
  Duration close_timeout{2'000};    // for what is queued when a link is closed
};

// Called on an I/O thread; each link's events come in order: link_up, the others, link_down, each of the
// first and the last once. Over TLS 1.3 an outgoing link is up before the other side has judged our
// certificate; if it refuses us, link_down follows. Must not call TlsLinks::stop().
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  virtual void link_up(routing::LinkUp event) = 0;
  virtual void link_down(routing::LinkDown event) = 0;
  virtual void link_suspected(routing::LinkSuspected event) = 0;
  // Messages that one read brought. Each costs a credit, given back with TlsLinks::credit().
  virtual void link_messages(link::LinkId link, std::vector<SharedBytes> messages) = 0;
};

struct LinkCounters {
  std::uint64_t links = 0, handshakes_failed = 0, messages_in = 0, messages_out = 0, bytes_in = 0,
                bytes_out = 0;
  std::uint64_t refused_full_queue = 0, refused_links = 0, refused_too_large = 0;
};

// How a link does, for status and tests.
struct LinkQuality {
  std::optional<Duration> round_trip;  // smoothed, from the framing acknowledgements
  std::size_t unacknowledged_frames = 0;
  std::size_t queued_bytes = 0;
};

class IoPool;  // net/io_pool.hpp: the shared I/O threads

class TlsLinks {
 public:
  // Listens at once, if at all; fails when the address is taken or the credentials do not fit together.
  static Result<std::shared_ptr<TlsLinks>> start(IoPool& pool, LinkSettings settings,
                                                 security::TrustPtr trust,
                                                 std::shared_ptr<LinkEvents> events);
  virtual ~TlsLinks() = default;

  virtual wire::IpAddressPort listening_on() const = 0;
  // The commands may be called from any thread and never block.
  virtual void open(routing::OpenLink command) = 0;  // answered by link_up or link_down with the same attempt
  virtual void transmit(routing::Transmit command) = 0;
  virtual void close(routing::CloseLink command) = 0;  // what is queued is still sent; answered by link_down
  virtual void credit(link::LinkId link, std::size_t messages) = 0;
  // A new configuration: later handshakes use it, and links of nodes that are bad now are closed.
  virtual void replace_trust(security::TrustPtr trust) = 0;
  // A new configuration: longer messages are not sent from now on. Those of neighbours that still go by the
  // document before this one are read up to its maximum, for routing to refuse with an answer
  // (RFC 6940 §6.6); past both, the link is closed.
  virtual void replace_max_message_size(std::size_t size_bytes) = 0;
  // A new configuration: for later handshakes, with another key or none. Links that are up stay.
  virtual Outcome<> replace_shared_secret(std::optional<std::string> secret) = 0;
  // For later handshakes; a failure leaves the old ones in use.
  virtual Outcome<> replace_credentials(std::string private_key_pem, std::string certificates_pem) = 0;
  // Closes everything; no event follows once it returns.
  virtual void stop() = 0;
  virtual LinkCounters counters() const = 0;
  virtual std::optional<LinkQuality> quality(link::LinkId link) const = 0;
};

}  // namespace ringway::net

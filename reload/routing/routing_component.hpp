// The routing component: links, forwarding, transactions and the topology plug-in of one peer. Sans I/O:
// inputs in, outputs out (routing/messages.hpp); drivers are the routing actor, the simulator and tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/random.hpp"
#include "reload/routing/messages.hpp"
#include "reload/security/signer.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::routing {

// Two when both ends have asked for it at once.
inline constexpr std::size_t k_max_connections_per_channel = 2;

// The bounds of a peer's tables. Peers that keep to the usual ones share them.
struct RoutingLimits {
  std::size_t max_links = 1024;
  std::size_t max_channels = 256;              // that stand; no more are held or being made either
  std::size_t channels_for_replication = 64;   // of these: no other application may use them
  std::size_t max_transactions = 65536;        // requests of our own under way
  std::size_t max_served_requests = 65536;     // requests of others that storage has not answered yet
  std::size_t max_answers_remembered = 65536;  // duplicate suppression (RFC 6940 §6.2.1)
  std::size_t max_answers_remembered_bytes = 16U << 20;
  std::size_t max_inspections_per_link =
      256;  // messages of one link waiting for their check; then Transmit stops being read
  std::size_t max_inspections_bytes = 64U << 20;  // of all links
  std::size_t max_reassembly_bytes = 16U << 20;
  std::size_t max_pushes = 256;  // of documents, and of Kinds, to nodes that lack them, under way
  bool operator==(const RoutingLimits&) const = default;
};

struct RoutingSettings : RoutingLimits {
  std::vector<wire::IpAddressPort> own_addresses;  // offered in Attach candidates
  // Peers that were linked to in an earlier life, newest first: tried before everybody else.
  std::vector<wire::IpAddressPort> known_peers;
  std::vector<wire::IpAddressPort> bootstrap;  // tried in random order; besides the configuration's
  std::vector<Bytes> learnt_kinds;             // kept from before (ConfigurationChanged)
  bool first_peer = false;                     // may form a ring alone (TOPO-42)
  bool bootstrap_may_come = false;             // BootstrapFound may bring some: look before being alone
  bool datagram_links = false;                 // links over DTLS and UDP are offered, and made first
  bool compress_via_lists = false;             // forward with an opaque ID instead of a growing via list
  Duration join_retry_min{500};
  Duration join_retry_max{30'000};
};

// Where this peer stands, for `ringway status` and `ringway ring`.
struct LinkStatus {
  LinkId link;
  NodeId node;
  wire::IpAddressPort remote;
  bool suspected = false;
  bool routable = false;  // has sent an Update: may be routed through (ICE-12)
};
struct RoutingCounters {
  std::uint64_t forwarded = 0, delivered = 0, originated = 0, answered = 0, dropped = 0;
  std::uint64_t unknown_answers = 0, bad_signatures = 0, duplicates = 0, retransmissions = 0;
  std::uint64_t refused_links = 0;
  std::uint64_t refused_revoked = 0;         // links and messages of bad-nodes
  std::uint64_t refused_membership = 0;      // Joins, Leaves and Updates not from the node they speak of
  std::uint64_t refused_configurations = 0;  // documents and Kinds: not genuine, not newer, not understood
  std::uint64_t failed_attaches = 0;         // that led to no link to the node asked for
  std::uint64_t implausible_answers = 0;     // of nodes that were not asked; errors of theirs, too
  std::uint64_t channel_messages = 0;        // that came over channels
  std::uint64_t failed_channels = 0;         // that were wanted and could not be made
  std::uint64_t refused_channels = 0;        // others' connections that nobody here has asked for; too many
};
struct RoutingStatus : RoutingCounters {
  topology::RingViewPtr view;
  std::string phase;  // "connecting", "joining", "joined", "leaving", "left"
  std::vector<NodeId> fingers;
  std::vector<LinkStatus> links;
  std::size_t transactions = 0;
  std::size_t channels = 0, held_channels = 0;  // connections of applications; those that are wanted here
  double estimated_peers = 1;                   // from the density of the neighbour table
  std::uint64_t listings_left_out = 0;          // of others' Updates: there was no room for them
};

// What became of a document that did not come from a peer.
struct DocumentOffer {
  enum class Verdict { taken, not_newer, refused };
  Verdict verdict = Verdict::refused;
  std::string reason;  // when refused
};

// A link that stands before its peer has begun (RoutingComponent::start_joined).
struct StandingLink {
  LinkId link;
  security::CertificatePtr certificate;
  wire::IpAddressPort remote;
  bool incoming = false;
};

class RoutingComponent {
 public:
  RoutingComponent(RoutingSettings settings, config::ConfigurationPtr configuration,
                   std::shared_ptr<const security::Signer> signer, std::shared_ptr<Random> random);
  ~RoutingComponent();

  // Starts bootstrapping and joining.
  void start(const Now& now, Outputs& out);
  // Begins as a member of a ring that stands, with links to other members of it: for simulations of rings
  // that are too large to be grown by joining.
  void start_joined(const Now& now, const std::vector<StandingLink>& links, Outputs& out);
  void handle(const Now& now, Input input, Outputs& out);
  void on_timer(const Now& now, Outputs& out);
  std::optional<MonoTime> next_deadline() const;
  // Leaves the ring: Leave to the neighbours, then Left (RFC 6940 §6.4.2.2).
  void leave(const Now& now, Outputs& out);
  // A document that somebody has fetched (RFC 6940 §11.1, §11.2): taken and handed on under the conditions of
  // a ConfigUpdate.
  DocumentOffer offer_document(const Now& now, SharedBytes document, Outputs& out);

  RoutingStatus status() const;
  topology::RingViewPtr view() const;  // of the status, without the rest of it
  TableSizes tables() const;
  const config::ConfigurationPtr& configuration() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ringway::routing

// One document on its way to several peers by ConfigUpdate (RFC 6940 §6.5.4): which addresses are tried, when
// again, whose answer counts, when there is nothing more to do. No sockets, threads or clock: the Publisher
// drives it.
//
// The sender is a node that has attached to nobody, as one that bootstraps is: its link goes to an address,
// and the certificate at the other end says who that is. A ConfigUpdate with the sequence number 65535 is
// taken from such a node, whatever document it has itself (§6.3.2.1).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/link/backoff.hpp"
#include "reload/random.hpp"
#include "reload/routing/messages.hpp"
#include "reload/security/inspector.hpp"
#include "reload/security/signer.hpp"
#include "reload/time.hpp"
#include "services/enrolld/publish/publish_report.hpp"

namespace ringway::enrolld {

struct PushSettings {
  std::size_t wanted_peers = 3;  // once so many have the document the others get it from them
  std::size_t max_at_once = 8;
  unsigned max_attempts = 10;  // for each address
  Duration answer_limit{5'000};
  Duration retry_min{500};
  Duration retry_max{60'000};
  Duration round_limit{600'000};
};

class PushRound {
 public:
  // What is sent, as whom, and what is believed of the others.
  struct Sender {
    config::ConfigurationPtr document;
    security::TrustPtr trust;  // of the document: nodes that it revokes are not asked
    std::shared_ptr<const security::Signer> signer;
  };
  PushRound(const PushSettings& settings, Sender sender, const std::vector<wire::IpAddressPort>& addresses,
            Random& random);

  // Each OpenLink that comes out is to be answered by a LinkUp or LinkDown with its attempt, within a time.
  void start(const Now& now, routing::Outputs& out);
  void handle(const Now& now, const routing::LinkUp& event, routing::Outputs& out);
  void handle(const Now& now, const routing::LinkDown& event, routing::Outputs& out);
  void handle(const Now& now, const routing::LinkMessage& event, routing::Outputs& out);
  void on_timer(const Now& now, routing::Outputs& out);
  std::optional<MonoTime> next_deadline() const;

  bool done() const;
  // `why`, when it ends before it is done.
  PublishReport report(const Now& now, const std::string& why = {}) const;

 private:
  enum class Phase { waiting, opening, asking, settled };
  struct Target {
    AddressReport report;
    Phase phase = Phase::waiting;
    MonoTime due;  // waiting: when to try; asking: when to give the answer up
    link::Backoff backoff;
    security::CertificatePtr certificate;  // of the node at the other end
    TransactionId transaction = 0;
  };

  void try_next(const Now& now, routing::Outputs& out);
  void ask(const Now& now, Target& target, link::LinkId link, routing::Outputs& out);
  void judge(Target& target, const wire::ForwardingHeader& header, const security::InspectedMessage& answer);
  void settle(Target& target, PushOutcome outcome, std::string reason);
  void failed(const Now& now, Target& target, std::string reason);
  std::size_t under_way() const;
  bool enough() const { return have_.size() >= settings_.wanted_peers; }

  const PushSettings settings_;
  const Sender sender_;
  Random& random_;
  security::Inspector inspector_;
  std::vector<Target> targets_;
  std::set<NodeId> have_;                          // the document, as far as we know
  std::map<std::uint64_t, std::size_t> attempts_;  // number of an OpenLink: the target
  std::map<link::LinkId, std::size_t> links_;      // that are up: the target
  std::uint64_t last_attempt_ = 0;
  MonoTime started_;
};

}  // namespace ringway::enrolld

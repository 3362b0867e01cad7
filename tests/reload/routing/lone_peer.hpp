// One routing component among nodes that the test plays itself: what they send is made by hand and signed
// with their real keys, what the component transmits is taken apart again. Nobody answers by himself, so that
// every field of a header can be shown. Rings of several components are routing_net.hpp's.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/routing/routing_component.hpp"
#include "reload/security/inspector.hpp"
#include "tests/reload/routing/routing_net.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::routing::test {

// A node that the test plays, at the other end of one link.
struct Remote {
  NodeId id;
  ringway::test::SignerPtr signer;
  LinkId link;
};

// One transmission of the component.
struct Sent {
  LinkId link;
  wire::Message message;
  Bytes bytes;

  const wire::ForwardingHeader& header() const { return message.header; }
  wire::MessageCode code() const { return message.contents.code; }
  // The code of the ErrorResponse inside, `invalid` when it is none.
  wire::ErrorCode error() const;
};
using SentList = std::vector<Sent>;

class LonePeer {
 public:
  static constexpr std::uint16_t k_sequence = 7;

  struct Setup {
    std::function<void(config::Configuration&)> configuration;
    std::function<void(RoutingSettings&)> settings;
    std::uint8_t first_byte_of_id = 0x40;
  };
  // A ring of its own, unless `settings` says otherwise.
  LonePeer() : LonePeer(Setup{}) {}
  explicit LonePeer(const Setup& setup);

  const NodeId& id() const { return id_; }
  RoutingStatus status() const { return routing_->status(); }
  const config::Configuration& configuration() const { return *routing_->configuration(); }
  const ringway::test::TestAuthority& authority() const { return authority_; }
  Now now() const { return now_; }

  // A node that has connected and said nothing yet.
  Remote connect(const NodeId& id);
  // A peer of the ring: connected, and its first Update is here.
  Remote neighbor(const NodeId& id);
  // A client: it has attached, and will never send an Update (RFC 6940 §4.2.1).
  Remote client(const NodeId& id);

  // What a well-behaved node writes, with a transaction of its own.
  wire::ForwardingHeader header_to(wire::DestinationList destination);
  // The message of `author`, ready for a link.
  static Bytes message(const Remote& author, const wire::ForwardingHeader& header, wire::MessageCode code,
                       BytesView body, const std::vector<wire::MessageExtension>& extensions = {});

  // These return what the component transmits as a consequence.
  SentList receive(const Remote& over, Bytes whole);
  SentList receive(const Remote& from, const wire::ForwardingHeader& header, wire::MessageCode code,
                   BytesView body);
  SentList ping(const Remote& from, const wire::ForwardingHeader& header);
  SentList input(Input input);
  // A document from outside; what comes of it is in `offer`.
  SentList offer_document(const Bytes& document);
  // Lets time go by; every timer comes when it is due.
  SentList advance(Duration step);
  // Sends a request of this peer's own, as storage would.
  SentList request(wire::DestinationList destination, wire::MessageCode code, Bytes body);

  // What else has come out since the start.
  std::vector<OpenLink> opened;
  std::vector<CloseLink> closed;
  std::vector<DeliverRequest> delivered;
  std::vector<RequestDone> done;
  std::vector<ConfigurationChanged> configurations;
  std::vector<MustExit> exits;
  // What becomes of channels: "up 60", "60 says hello", "on 7: hello" (sent over that link), "down 60: idle".
  std::vector<std::string> channels;
  // What whoever makes connections of applications is told.
  std::vector<AppConnect> app_connects;
  std::vector<AppAttachDone> app_attaches_done;
  DocumentOffer offer;

 private:
  SentList perform(Outputs& outputs);

  ringway::test::TestAuthority authority_;
  NodeId id_;
  std::unique_ptr<security::Inspector> inspector_;
  std::unique_ptr<RoutingComponent> routing_;
  Now now_{MonoTime{1000}, ringway::test::k_now_ms};
  std::uint64_t next_link_ = 1;
  std::set<LinkId> channel_links_;
  TransactionId next_transaction_ = 0x1000;
};

}  // namespace ringway::routing::test

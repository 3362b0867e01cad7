// A peer with a good certificate and bad intentions (RFC 6940 §13.6): it speaks in others' names, plays back
// what it has seen, tells of peers that do not exist, brings documents that nobody has signed.
#include <algorithm>
#include <map>

#include "reload/config/configuration.hpp"
#include "tests/sim/attacks/liars.hpp"

namespace ringway::sim {
namespace {

using wire::MessageCode;

class Insider : public Attacks {
 protected:
  static constexpr PeerNumber k_victim = 1, k_insider = 3, k_other = 6;
  Insider() : Attacks(8, 703) {}

  static Bytes leave_of(const NodeId& node) {
    return wire::encode(
        wire::LeaveReq{node, wire::encode(wire::ChordLeaveData{wire::ChordLeaveType::from_succ, {}})});
  }
  NodeId node(PeerNumber peer) const { return simulation.peer(peer).node_id(); }
  Bytes store_of(const std::string& key, const security::Signer& writer, std::string_view text) {
    const auto name = data::parse_resource_name(key);
    wire::StoredData value;
    value.storage_time_ms = simulation.now().wall_ms;
    value.lifetime_s = 3600;
    value.value.model = wire::DataModel::dictionary;
    value.value.key = SharedBytes(data::dictionary_key_of(*name, {}));
    value.value.data = {true, SharedBytes(copy_of(view_of(text)))};
    wire::Writer written;
    wire::write(written, value.value);
    value.value_wire = SharedBytes(written.take());
    value.signature =
        writer.sign(security::value_signature_input(name->resource(), name->kind(), value.storage_time_ms,
                                                    wire::DataModel::dictionary, value.value_wire));
    wire::StoreReq request;
    request.resource = copy_of(name->resource().view());
    request.kind_data.push_back({name->kind(), 0, {value}, false, {}});
    return wire::encode(request);
  }
  wire::ForwardingHeader header_at(PeerNumber to, const std::string& key) {
    auto header = header_to(to);
    header.destination_list = {wire::to_resource(resource_id_of(std::string_view(key)))};
    return header;
  }
  void bring_document(PeerNumber to, const Bytes& document) {
    auto header = header_to(to);
    header.configuration_sequence = config::k_any_sequence;
    wire::ConfigUpdateReq update;
    update.type = wire::ConfigUpdateType::config;
    update.configuration = document;
    send(k_insider, to,
         signed_by(signer(k_insider), header, MessageCode::config_update_req, wire::encode(update)));
  }
};

TEST_F(Insider, DoesNotSignForAnother) {
  // Shows: SEC-09, FM-02.
  RINGWAY_SEED(simulation);
  // Its own signature under the victim's certificate.
  const auto header = header_to(k_other);
  auto message =
      taken_apart(signed_by(signer(k_insider), header, MessageCode::ping_req, wire::encode(wire::PingReq{})));
  const auto& theirs = *simulation.peer(k_victim).certificate();
  message.security.certificates = {{wire::CertificateType::x509, theirs.der()}};
  message.security.signature.identity = security::make_identity(theirs, node(k_victim));
  message.security.signature.identity_wire = {};
  const auto answers = captured_from(k_other, MessageCode::ping_ans);
  const auto before = status(k_other).bad_signatures;
  send(k_insider, k_other, SharedBytes(wire::encode_message(message)));
  EXPECT_EQ(status(k_other).bad_signatures, before + 1);
  EXPECT_TRUE(answers->empty());
}

TEST_F(Insider, WritesNothingInAnothersPlace) {
  // Shows: STORE-08, STORE-09, FM-06.
  RINGWAY_SEED(simulation);
  const std::string key = key_at(k_other, k_victim);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_victim, key, "true")));
  const auto refused = stored(k_other).stores_refused;
  // Its own value under the victim's name.
  send(k_insider, k_other,
       signed_by(signer(k_insider), header_at(k_other, key), MessageCode::store_req,
                 store_of(key, signer(k_insider), "forged")));
  EXPECT_EQ(stored(k_other).stores_refused, refused + 1);
  // A newer value that the victim has signed (for a trial, say), in a request of its own.
  send(k_insider, k_other,
       signed_by(signer(k_insider), header_at(k_other, key), MessageCode::store_req,
                 store_of(key, signer(k_victim), "not meant"),
                 {simulation.peer(k_victim).certificate()->der()}));
  EXPECT_EQ(stored(k_other).stores_refused, refused + 2);
  EXPECT_EQ(read(k_victim, key), "true");
  EXPECT_EQ(read(k_insider, key), "true");
}

TEST_F(Insider, PlayedBackStoresChangeNothing) {
  // Shows: STORE-14, STORE-49, ROUTE-17, FM-05, FM-08.
  RINGWAY_SEED(simulation);
  const std::string key = key_at(k_other, k_victim);
  const auto captured = captured_from(k_victim, MessageCode::store_req);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_victim, key, "old")));
  ASSERT_FALSE(captured->empty());
  const SharedBytes old = captured->back();
  simulation.network().be_honest(k_victim);
  // At once, to where it went: a repetition, answered as before.
  const auto before = status(k_other);
  send(k_insider, k_other, old);
  EXPECT_EQ(status(k_other).duplicates, before.duplicates + 1);
  EXPECT_EQ(stored(k_other).stores_refused, 0U);
  // To somebody else, since the destination is not signed: who is not responsible stores nothing.
  const data::KindAt at{resource_id_of(std::string_view(key)), config::k_owner_value};
  const auto holders = simulation.holders_of(at);
  for (const PeerNumber peer : simulation.living()) {
    if (peer == k_other || peer == k_insider || !linked(k_insider, peer)) continue;
    const NodeId there = node(peer);
    send(k_insider, peer,
         with_header(old, [&](auto& header) { header.destination_list = {wire::to_node(there)}; }));
  }
  EXPECT_EQ(simulation.holders_of(at), holders);
  // When nobody remembers the request any more, and the value has been replaced.
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_victim, key, "new")));
  simulation.run_for(Duration{300'000});
  send(k_insider, k_other, old);
  EXPECT_EQ(stored(k_other).stores_refused, 1U);
  EXPECT_EQ(read(k_insider, key), "new");
}

TEST_F(Insider, NobodyJoinsLeavesOrUpdatesThroughIt) {
  // Shows: SEC-30, FM-05, FM-22.
  RINGWAY_SEED(simulation);
  const auto captured = captured_from(k_victim, MessageCode::update_req);
  ASSERT_TRUE(simulation.run_until([&] { return !captured->empty(); }, Duration{1'800'000}));
  simulation.network().be_honest(k_victim);
  simulation.run_for(Duration{300'000});  // until the request itself is forgotten
  const auto version = status(k_other).view->version;
  const auto refused = status(k_other).refused_membership;
  const NodeId there = node(k_other);
  // The victim's own Update, over the insider's link.
  send(k_insider, k_other, with_header(captured->back(), [&](auto& header) {
         header.destination_list = {wire::to_node(there)};
         header.via_list.clear();
       }));
  EXPECT_EQ(status(k_other).refused_membership, refused + 1);
  // Leaves and Joins that name the victim, signed by the insider, and by the victim's key if it had it.
  for (const PeerNumber author : {k_insider, k_victim}) {
    send(k_insider, k_other,
         signed_by(signer(author), header_to(k_other), MessageCode::leave_req, leave_of(node(k_victim))));
    send(k_insider, k_other,
         signed_by(signer(author), header_to(k_other), MessageCode::join_req,
                   wire::encode(wire::JoinReq{node(k_victim), {}})));
  }
  EXPECT_EQ(status(k_other).refused_membership, refused + 5);
  EXPECT_EQ(status(k_other).view->version, version);
  EXPECT_TRUE(simulation.is_one_ring(3)) << simulation.ring_fault(3);
}

TEST_F(Insider, PeersThatDoNotExistAreNotTakenIn) {
  // Shows: ICE-12, FM-21.
  RINGWAY_SEED(simulation);
  // Right before and behind everybody, so that each would be everybody's nearest neighbour.
  const auto next_to = [](NodeId node, int step) {
    node.bytes[15] = static_cast<std::uint8_t>(node.bytes[15] + step);
    return node;
  };
  std::vector<NodeId> invented;
  for (const PeerNumber peer : simulation.living()) {
    if (peer == k_insider || !linked(k_insider, peer)) continue;
    const NodeId before = next_to(node(peer), -1), after = next_to(node(peer), 1);
    invented.insert(invented.end(), {before, after});
    const wire::ChordUpdate update{1, wire::ChordUpdateType::neighbors, {before}, {after}, {}};
    send(k_insider, peer,
         signed_by(signer(k_insider), header_to(peer), MessageCode::update_req, wire::encode(update)));
  }
  ASSERT_FALSE(invented.empty());
  const auto none_is_there = [&] {
    for (const PeerNumber peer : simulation.living())
      for (const NodeId& ghost : invented)
        if (status(peer).view->is_neighbor(ghost)) return false;
    return true;
  };
  for (int i = 0; i < 60; ++i) {
    simulation.run_for(Duration{1000});
    ASSERT_TRUE(none_is_there());
  }
  EXPECT_TRUE(simulation.is_one_ring(3)) << simulation.ring_fault(3);
  EXPECT_GT(everywhere(&routing::RoutingStatus::failed_attaches), 0U);
}

TEST_F(Insider, SourceRoutesDoNotAmplify) {
  // Shows: ROUTE-20, ROUTE-21, FM-23.
  RINGWAY_SEED(simulation);
  const Bytes ping = wire::encode(wire::PingReq{});
  const auto cost_of = [&](const wire::ForwardingHeader& header) {
    simulation.run_for(Duration{2000});
    const auto before = simulation.network().counters().messages;
    EXPECT_TRUE(simulation.network().inject(
        k_insider, k_other, signed_by(signer(k_insider), header, MessageCode::ping_req, ping)));
    simulation.run_for(Duration{1000});
    return simulation.network().counters().messages - before;
  };
  // To and fro between two peers.
  auto loop = header_to(k_other);
  for (int i = 0; i < 100; ++i) {
    loop.destination_list.push_back(wire::to_node(node(k_victim)));
    loop.destination_list.push_back(wire::to_node(node(k_other)));
  }
  const auto dropped = status(k_other).dropped;
  EXPECT_LE(cost_of(loop), 4U);
  EXPECT_EQ(status(k_other).dropped, dropped + 1);
  auto long_lived = header_to(k_other);
  long_lived.ttl = 255;
  EXPECT_LE(cost_of(long_lived), 4U);
  EXPECT_EQ(status(k_other).dropped, dropped + 2);
}

TEST_F(Insider, ForgedAndOldDocumentsAreRefused) {
  // Shows: CONFIG-22, CONFIG-29, FM-28.
  RINGWAY_SEED(simulation);
  const Bytes first = copy_of(simulation.configuration()->document);
  simulation.publish(0, [](auto& next) { next.chord_update_interval = std::chrono::seconds{300}; });
  const std::uint16_t present = simulation.configuration()->sequence;
  const auto all_have_it = [&] {
    const auto ring = simulation.living();
    return std::all_of(ring.begin(), ring.end(), [&](PeerNumber peer) {
      return simulation.configuration_of(peer).sequence == present;
    });
  };
  ASSERT_TRUE(simulation.run_until(all_have_it, Duration{10'000}));
  simulation.run_for(Duration{5'000});  // who has it may still be handed it by others

  config::Configuration wish = *simulation.configuration();
  wish.sequence = static_cast<std::uint16_t>(present + 1);
  wish.bad_nodes.insert(node(k_victim));
  wish.configuration_signers = {node(k_insider)};
  const auto forged = config::write_document(wish, signer(k_insider), signer(k_insider));
  ASSERT_TRUE(forged.ok()) << forged.error().reason;
  // One byte of the genuine one, and a genuine one from before.
  std::string altered(text_of(simulation.configuration()->document));
  const auto sequence = altered.find("sequence=\"" + std::to_string(present));
  ASSERT_NE(sequence, std::string::npos);
  altered.replace(sequence, 10 + std::to_string(present).size(), "sequence=\"" + std::to_string(present + 1));

  std::map<PeerNumber, std::uint64_t> refused;
  for (const PeerNumber peer : simulation.living()) refused[peer] = status(peer).refused_configurations;
  std::uint64_t brought = 0;
  for (const Bytes& document : {Bytes(*forged), first, copy_of(view_of(altered)), Bytes{1, 2, 3}}) {
    bring_document(k_other, document);
    EXPECT_EQ(status(k_other).refused_configurations, refused[k_other] + ++brought);
  }
  simulation.run_for(Duration{30'000});
  EXPECT_TRUE(all_have_it());
  for (const PeerNumber peer : simulation.living()) {
    EXPECT_TRUE(simulation.configuration_of(peer).bad_nodes.empty());
    if (peer != k_other && peer != k_insider) {
      EXPECT_EQ(status(peer).refused_configurations, refused[peer]) << "it was handed on";
    }
  }
  EXPECT_TRUE(linked(k_other, k_victim));
}

}  // namespace
}  // namespace ringway::sim

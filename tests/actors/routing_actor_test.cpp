#include "actors/routing_actor.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include <caf/scoped_actor.hpp>

#include "actors/driver.hpp"
#include "reload/wire/header.hpp"
#include "sim/authority.hpp"
#include "sim/seeded_random.hpp"
#include "tests/actors/actor_world.hpp"
#include "tests/support/signed_message.hpp"

namespace ringway::actors {
namespace {

NodeId node(std::uint8_t first) {
  NodeId id;
  id.bytes[0] = first;
  id.bytes[15] = 1;
  return id;
}

const sim::Authority& authority() {
  static const sim::Authority made("overlay.example.org", 1'800'000'000'000);
  return made;
}

// The real driver and component; everything around them writes down what it gets.
struct RoutingActorTest : testing::Test, ActorWorld {
  RoutingActorTest() {
    configuration->instance_name = "overlay.example.org";
    configuration->sequence = 1;
    configuration->no_ice = true;
    configuration->root_certificates_der = {authority().root_der()};
    configuration->configuration_signers = {node(0x11)};
    overlay = configuration->overlay_hash();
    mailboxes->storage = system.spawn([this](StorageActor::pointer) -> StorageActor::behavior_type {
      return {[](SubmissionPtr&) {},
              [](CancelAtom, std::uint64_t) {},
              [](WatchOrder&) {},
              [](WatchNextAtom, std::uint64_t) {},
              [](EndWatchAtom, std::uint64_t) {},
              [](CertificatesOrder&) {},
              [](ServiceOrder&) {},
              [](RelaysOrder&) {},
              [](LeaveAtom) { return LeftAtom::value; },
              [this](StorageBatch& batch) { to_storage += batch.inputs.size(); },
              [](TickAtom, std::uint64_t) {},
              [](StatusAtom) { return StorageReport{}; }};
    });
    mailboxes->replication = system.spawn([](ReplicationActor::pointer) -> ReplicationActor::behavior_type {
      return {[](ReplicationBatch&) {}, [](TickAtom, std::uint64_t) {},
              [](StatusAtom) { return ReplicationReport{}; }};
    });
    mailboxes->committer = system.spawn([this](CommitterActor::pointer) -> CommitterActor::behavior_type {
      return {[](CommitBatch&) {}, [this](data::PutFact& fact) { facts.push_back(fact); },
              [](data::DropFact&) {}, [](FlushAtom) {}, [](StopAtom) {}};
    });
    mailboxes->supervisor = system.spawn([this](SupervisorActor::pointer) -> SupervisorActor::behavior_type {
      return {[](StartAtom) {},
              [](LeaveAtom, Answer<Stopped>&) {},
              [this](LeftAtom) { ++left; },
              [](GiveUpAtom) {},
              [this](const PeerFailure& failure) { failures.push_back(failure); },
              [](CredentialsOrder&) {},
              [](UsersOrder&) {},
              [](PhonesOrder&) {},
              [](Answer<PeerStatus>&) {},
              [](StopAtom) {}};
    });
    RoutingSetup setup;
    setup.settings.first_peer = true;
    setup.settings.bootstrap = {remote()};
    setup.configuration = configuration;
    setup.signer = authority().issue("me@example.org", node(0x20)).signer();
    setup.random = std::make_shared<sim::SeededRandom>(1);
    setup.clock = clock;
    setup.mailboxes = mailboxes;
    setup.links = links;
    setup.app_links = app_links;
    setup.desk = desk;
    setup.backlog = backlog;
    mailboxes->routing = system.spawn(drive<RoutingDriver>, std::move(setup));
    caf::anon_send(mailboxes->routing, StartAtom::value);
    run_mailboxes();
    caf::anon_send(
        mailboxes->routing,
        RoutingBatch{{routing::LinkUp{
            {7}, 1, authority().issue("you@example.org", node(0x80)).signer()->certificate(), remote()}}});
    run_mailboxes();
  }
  ~RoutingActorTest() override { let_go(); }

  // Without the timers: time stands still.
  void run_mailboxes() {
    while (scheduler().try_run_once()) {
    }
  }
  static wire::IpAddressPort remote() {
    wire::IpAddressPort address;
    address.type = wire::AddressType::ipv4;
    address.address = {192, 0, 2, 9};
    address.port = 6084;
    return address;
  }
  // A Ping to `destination` of which only the code can be read.
  SharedBytes message(const NodeId& destination) {
    wire::ForwardingHeader header;
    header.overlay = overlay;
    header.configuration_sequence = 1;
    header.transaction_id = ++transaction;
    header.destination_list = {wire::to_node(destination)};
    Bytes payload(20, 0);
    payload[1] = static_cast<std::uint8_t>(wire::MessageCode::ping_req);
    Bytes bytes = wire::encode_header(header, payload.size());
    append(bytes, payload);
    return bytes;
  }
  void receive(std::vector<SharedBytes> messages) {
    caf::anon_send(mailboxes->routing, LinkBatch{{7}, std::move(messages)});
    run_mailboxes();
  }
  RoutingReport reported() {
    RoutingReport told;
    const caf::scoped_actor asker(system);
    auto question = asker->request(mailboxes->routing, caf::infinite, StatusAtom::value);
    run_mailboxes();
    question.receive([&](RoutingReport& report) { told = std::move(report); },
                     [](caf::error&) { ADD_FAILURE() << "routing has not answered"; });
    return told;
  }
  void refuse_all() {
    RoutingBatch verdicts;
    for (const auto& order : std::exchange(desk->orders, {}))
      verdicts.inputs.emplace_back(routing::Inspected{
          order.ticket, std::make_shared<Result<security::InspectedMessage>>(Failure{"wrong signature", 0})});
    caf::anon_send(mailboxes->routing, std::move(verdicts));
    run_mailboxes();
  }

  void accept_all() {
    security::Inspector inspector(
        {*security::Trust::make(configuration->trust_settings()), {configuration, &configuration->kinds}});
    RoutingBatch verdicts;
    for (auto& order : std::exchange(desk->orders, {}))
      verdicts.inputs.emplace_back(routing::Inspected{
          order.ticket, std::make_shared<Result<security::InspectedMessage>>(
                            inspector.inspect(clock->at.wall_ms, std::move(order.header), order.bytes, {}))});
    caf::anon_send(mailboxes->routing, std::move(verdicts));
    run_mailboxes();
  }

  std::shared_ptr<config::Configuration> configuration = std::make_shared<config::Configuration>();
  std::shared_ptr<RecordingLinks> links = std::make_shared<RecordingLinks>();
  std::shared_ptr<RecordingAppLinks> app_links = std::make_shared<RecordingAppLinks>();
  std::shared_ptr<RecordingDesk> desk = std::make_shared<RecordingDesk>();
  std::shared_ptr<SetClock> clock = std::make_shared<SetClock>();
  std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>();
  std::uint32_t overlay = 0;
  std::uint64_t transaction = 100;
  std::size_t to_storage = 0;
  std::vector<data::PutFact> facts;
  std::vector<PeerFailure> failures;
  int left = 0;
};

TEST_F(RoutingActorTest, ACreditForAMessageThatIsNotForUsComesBackAtOnce) {
  receive({message(node(0x80)), message(node(0x80)), SharedBytes(Bytes{1, 2, 3})});
  EXPECT_EQ(links->credits[7], 3U);
}

TEST_F(RoutingActorTest, ACreditForAMessageToUsWaitsForItsVerdict) {
  receive({message(node(0x20)), message(node(0x20))});
  ASSERT_EQ(desk->orders.size(), 2U);
  EXPECT_EQ(links->credits[7], 0U);
  refuse_all();
  EXPECT_EQ(links->credits[7], 2U);
}

TEST_F(RoutingActorTest, NoCreditIsReturnedWhileStorageIsBehind) {
  backlog->add(Backlog::k_high_mark);
  receive({message(node(0x80))});
  EXPECT_EQ(links->credits[7], 0U);
  ASSERT_TRUE(backlog->remove(Backlog::k_high_mark)) << "storage has caught up and must tell";
  caf::anon_send(mailboxes->routing, CreditsAtom::value);
  run_mailboxes();
  EXPECT_EQ(links->credits[7], 1U);
}

TEST_F(RoutingActorTest, KeepsTheAddressesOfPeersItConnectedTo) {
  // Shows: BOOT-04.
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts[0].name, k_bootstrap_fact);
  const auto cache = BootstrapCache::decode(facts[0].value);
  EXPECT_EQ(cache.addresses(), std::vector{remote()});
}

TEST_F(RoutingActorTest, ANewerDocumentReachesLinksAndInspectorsAndIsKept) {
  const auto signer = authority().issue("signer@example.org", node(0x11)).signer();
  config::Configuration next = *configuration;
  next.sequence = 2;
  next.max_message_size_bytes = 20'000;
  next.expiration_ms = 1'900'000'000'000;
  const auto document = config::write_document(next, *signer, *signer);
  ASSERT_TRUE(document.ok()) << document.error().reason;
  wire::ConfigUpdateReq update;
  update.type = wire::ConfigUpdateType::config;
  update.configuration = *document;
  auto carrier = test::signed_message(*authority().issue("you@example.org", node(0x80)).signer(),
                                      wire::MessageCode::config_update_req, wire::encode(update));
  carrier.header.destination_list = {wire::to_node(node(0x20))};
  carrier.header.configuration_sequence = 1;
  receive({test::encoded(carrier)});
  accept_all();
  EXPECT_EQ(links->message_limits, std::vector<std::size_t>{20'000});
  EXPECT_EQ(links->trusts.size(), 1U);
  EXPECT_EQ(app_links->trusts.size(), 1U);
  EXPECT_EQ(desk->replaced, 1);
  const auto kept = std::find_if(facts.begin(), facts.end(),
                                 [](const auto& fact) { return fact.name == k_configuration_fact; });
  ASSERT_NE(kept, facts.end());
  EXPECT_EQ(kept->value, *document);
  const auto report = reported();
  EXPECT_EQ(report.configuration_sequence, 2);
  EXPECT_EQ(report.configuration_expires_ms, next.expiration_ms);
}

TEST_F(RoutingActorTest, ADocumentThatIsOfferedIsTakenWhenItFollows) {
  // Shows: CONFIG-29.
  const auto signer = authority().issue("signer@example.org", node(0x11)).signer();
  config::Configuration next = *configuration;
  next.sequence = 2;
  next.max_message_size_bytes = 20'000;
  const auto document = config::write_document(next, *signer, *signer);
  ASSERT_TRUE(document.ok()) << document.error().reason;
  std::vector<routing::DocumentOffer> answers;
  const auto offer = [&] {
    caf::anon_send(mailboxes->routing,
                   DocumentOrder{SharedBytes(*document),
                                 Answer<routing::DocumentOffer>(
                                     [&](routing::DocumentOffer answer) { answers.push_back(answer); },
                                     [] { return routing::DocumentOffer{}; })});
    run_mailboxes();
  };
  offer();
  offer();
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].verdict, routing::DocumentOffer::Verdict::taken) << answers[0].reason;
  EXPECT_EQ(answers[1].verdict, routing::DocumentOffer::Verdict::not_newer);
  EXPECT_EQ(links->message_limits, std::vector<std::size_t>{20'000});
  EXPECT_EQ(desk->replaced, 1);
  EXPECT_EQ(copy_of(reported().configuration->document), *document);
}

TEST_F(RoutingActorTest, ADocumentThatShutsItOutIsKeptAndEndsThisPeerOnly) {
  // Shows: CONFIG-31.
  const auto signer = authority().issue("signer@example.org", node(0x11)).signer();
  config::Configuration next = *configuration;
  next.sequence = 2;
  next.bad_nodes = {node(0x20)};
  const auto document = config::write_document(next, *signer, *signer);
  ASSERT_TRUE(document.ok()) << document.error().reason;
  caf::anon_send(mailboxes->routing,
                 DocumentOrder{SharedBytes(*document),
                               Answer<routing::DocumentOffer>([](const routing::DocumentOffer&) {},
                                                              [] { return routing::DocumentOffer{}; })});
  run_mailboxes();
  clock->at.mono = clock->at.mono + Duration{30'000};
  advance(Duration{30'000});
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].cause, PeerFailure::Cause::shut_out);
  const auto kept = std::find_if(facts.begin(), facts.end(),
                                 [](const auto& fact) { return fact.name == k_configuration_fact; });
  ASSERT_NE(kept, facts.end());
  EXPECT_EQ(kept->value, *document);
}

TEST_F(RoutingActorTest, AnswersItsOwnPings) {
  std::vector<PingOutcome> outcomes;
  const Answer<PingOutcome> answer([&](PingOutcome outcome) { outcomes.push_back(outcome); },
                                   [] { return PingOutcome{}; });
  caf::anon_send(mailboxes->routing, PingOrder{wire::to_node(node(0x80)), Duration{1'000}, answer});
  run_mailboxes();
  EXPECT_TRUE(outcomes.empty());
  clock->at.mono = clock->at.mono + Duration{20'000};
  advance(Duration{20'000});
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_FALSE(outcomes[0].ok);
  EXPECT_FALSE(outcomes[0].reason.empty());
}

}  // namespace
}  // namespace ringway::actors

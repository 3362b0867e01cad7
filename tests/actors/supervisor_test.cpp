#include "actors/supervisor.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

#include "actors/committer.hpp"
#include "actors/driver.hpp"
#include "tests/actors/actor_world.hpp"
#include "tests/actors/recording_phones.hpp"
#include "tests/sip-usage/registrar/phone.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

// A peer of stand-ins, with the real supervisor and committer.
struct SupervisorTest : testing::Test, ActorWorld {
  explicit SupervisorTest(std::shared_ptr<RecordingPhones> phones = nullptr,
                          std::optional<Duration> relay_drain_time = {}) {
    mailboxes->routing = system.spawn([this](RoutingActor::pointer self) -> RoutingActor::behavior_type {
      end_with_text_of_exceptions(self);
      return {[this](StartAtom) { ++starts; },
              [](LinkBatch&) {},
              [](RoutingBatch&) { throw std::runtime_error("routing trips"); },
              [](PingOrder&) {},
              [](DocumentOrder&) {},
              [](TickAtom, std::uint64_t) {},
              [](CreditsAtom) {},
              [this](LeaveAtom) { ++leaves; },
              [this, self](StatusAtom) -> caf::result<RoutingReport> {
                if (routing_is_silent) return self->make_response_promise<RoutingReport>();
                RoutingReport report;
                report.configuration_sequence = 9;
                report.configuration_expires_ms = 1'900'000'000'000;
                report.status.phase = "joined";
                return report;
              }};
    });
    mailboxes->storage = system.spawn([this](StorageActor::pointer self) -> StorageActor::behavior_type {
      return {[](SubmissionPtr&) {},
              [](CancelAtom, std::uint64_t) {},
              [](WatchOrder&) {},
              [](WatchNextAtom, std::uint64_t) {},
              [](EndWatchAtom, std::uint64_t) {},
              [](CertificatesOrder&) {},
              [](ServiceOrder&) {},
              [](RelaysOrder&) {},
              [this](LeaveAtom) {
                ++withdrawals;
                return LeftAtom::value;
              },
              [this](StorageBatch& batch) {
                for (auto& input : batch.inputs) {
                  if (auto* users = std::get_if<data::UseUsers>(&input)) users_in_use = users->users;
                  if (auto* order = std::get_if<data::AdvertiseRelay>(&input)) advertised = order->address;
                  if (std::holds_alternative<data::WithdrawRelay>(input)) advertised.reset();
                }
              },
              [](TickAtom, std::uint64_t) {},
              [self](StatusAtom) -> caf::result<StorageReport> {
                // Keeps the question and never answers.
                return self->make_response_promise<StorageReport>();
              }};
    });
    mailboxes->replication = system.spawn([](ReplicationActor::pointer) -> ReplicationActor::behavior_type {
      return {[](ReplicationBatch&) {}, [](TickAtom, std::uint64_t) {},
              [](StatusAtom) { return ReplicationReport{}; }};
    });
    mailboxes->committer = system.spawn(drive<CommitterDriver>, CommitterSetup{store, mailboxes});
    SupervisorSetup setup;
    if (phones) {
      mailboxes->sip = system.spawn([this](SipActor::pointer self) -> SipActor::behavior_type {
        return {[this](SipBatch& batch) {
                  for (auto& input : *batch.inputs)
                    if (auto* changed = std::get_if<sip::element::AccountsChanged>(&input))
                      accounts_in_use = std::move(changed->accounts);
                },
                [](SipPeerBatch&) {},
                [](TickAtom, std::uint64_t) {},
                [](LeaveAtom) { return LeftAtom::value; },
                [](CallLogOrder&) {},
                [](SightOrder&) {},
                [](SendMessageOrder&) {},
                [](MailboxOrder&) {},
                [self](StatusAtom) -> caf::result<SipReportPtr> {
                  return self->make_response_promise<SipReportPtr>();
                }};
      });
      setup.phones = std::move(phones);
      setup.phone_bridge = std::make_shared<PhoneBridge>();
      setup.phone_rules = sip::registrar::test::settings();
      setup.phone_rules.trusts_loopback = false;
    }
    if (relay_drain_time)
      setup.relay = {relay = spawn_relay(), *relay_drain_time, {}, address("203.0.113.1:3478")};
    setup.name = "test";
    setup.mailboxes = mailboxes;
    setup.links = links;
    setup.bridge = bridge;
    setup.desk = desk;
    setup.store = std::move(store);
    setup.clock = clock;
    setup.leave_timeout = Duration{5'000};
    setup.identity.user = "u@example.org";
    setup.failed = [this](PeerFailure failure) { failures.push_back(std::move(failure)); };
    setup.stopped = std::make_shared<std::promise<void>>();
    stopped = setup.stopped->get_future();
    setup.signer = authority.issue("u@example.org", test::node_id(1));
    mailboxes->supervisor = system.spawn(drive<SupervisorDriver>, std::move(setup));
    caf::anon_send(mailboxes->supervisor, StartAtom::value);
    run();
  }
  ~SupervisorTest() override {
    drained.reset();
    let_go();
  }

  void trip_relay() const { caf::anon_send(relay, RelayEventsAtom::value); }
  RelayActor spawn_relay() {
    return system.spawn([this](RelayActor::pointer self) -> RelayActor::behavior_type {
      end_with_text_of_exceptions(self);
      return {[this](StartAtom) { ++relay_starts; },
              [](RelayEventsAtom) { throw std::runtime_error("the relay trips"); },
              [this](TickAtom, std::uint64_t) { drained->deliver(LeftAtom::value); },
              [](RelaySecretsOrder&) {},
              [this, self](LeaveAtom) -> caf::result<LeftAtom> {
                drained = self->make_response_promise<LeftAtom>();
                return *drained;
              },
              [](StatusAtom) {
                RelayReport report;
                report.allocations = 7;
                return std::make_shared<const RelayReport>(report);
              }};
    });
  }

  bool is_down() const { return stopped.wait_for(std::chrono::seconds{0}) == std::future_status::ready; }
  void leave() {
    caf::anon_send(mailboxes->supervisor, LeaveAtom::value,
                   Answer<Stopped>([this](Stopped) { ++left; }, [] { return Stopped{}; }));
    run();
  }

  std::optional<std::string> use_users(std::vector<UserCredentials> users) {
    std::optional<std::string> refusal = "no answer";
    const auto done = [&](std::optional<std::string> answer) { refusal = std::move(answer); };
    const auto dropped = [] { return std::optional<std::string>("dropped"); };
    caf::anon_send(mailboxes->supervisor,
                   UsersOrder{std::move(users), Answer<std::optional<std::string>>(done, dropped)});
    run();
    return refusal;
  }
  UserCredentials user(const std::string& name, std::uint8_t node) const {
    const auto made = authority.credentials(name, test::node_id(node));
    return {made.private_key_pem, made.certificate_pem};
  }

  void ask_status() {
    caf::anon_send(mailboxes->supervisor,
                   Answer<PeerStatus>([this](PeerStatus status) { statuses.push_back(std::move(status)); },
                                      [] { return PeerStatus{}; }));
  }

  std::shared_ptr<CountingStore> store = std::make_shared<CountingStore>();
  std::weak_ptr<CountingStore> store_alive = store;
  CountingStore& disk = *store;
  std::shared_ptr<RecordingLinks> links = std::make_shared<RecordingLinks>();
  std::shared_ptr<LinkBridge> bridge = std::make_shared<LinkBridge>();
  std::shared_ptr<RecordingDesk> desk = std::make_shared<RecordingDesk>();
  std::shared_ptr<SetClock> clock = std::make_shared<SetClock>();
  std::future<void> stopped;
  test::TestAuthority authority;
  data::UserSignersPtr users_in_use;
  std::optional<std::vector<sip::registrar::Account>> accounts_in_use;
  std::vector<PeerFailure> failures;
  int starts = 0;
  RelayActor relay;
  std::optional<wire::IpAddressPort> advertised;
  int relay_starts = 0;
  std::optional<caf::typed_response_promise<LeftAtom>> drained;  // the relay is asked to be
  int leaves = 0;
  int withdrawals = 0;  // of services
  int left = 0;
  bool routing_is_silent = false;
  std::vector<PeerStatus> statuses;
};

TEST_F(SupervisorTest, LetsRoutingStart) {
  EXPECT_EQ(starts, 1);
  EXPECT_FALSE(is_down());
}

TEST_F(SupervisorTest, AnActorThatDiesTakesThePeerDown) {
  caf::anon_send(mailboxes->routing, RoutingBatch{});
  run();
  EXPECT_TRUE(is_down());
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures[0].reason.find("routing has died"), std::string::npos) << failures[0].reason;
  EXPECT_NE(failures[0].reason.find("routing trips"), std::string::npos) << failures[0].reason;
  EXPECT_EQ(links->stops, 1);
  EXPECT_EQ(desk->closed, 1);
  EXPECT_TRUE(store_alive.expired()) << "somebody still holds the store";
}

TEST_F(SupervisorTest, AStoreThatFailsTakesThePeerDown) {
  disk.broken = true;
  caf::anon_send(mailboxes->committer, CommitBatch{{data::Commit{1, {}}}});
  run();
  EXPECT_TRUE(is_down());
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures[0].reason.find("disk full"), std::string::npos) << failures[0].reason;
  EXPECT_TRUE(store_alive.expired());
}

TEST_F(SupervisorTest, ABrokenPoolTakesThePeerDown) {
  caf::anon_send(mailboxes->supervisor, PeerFailure{PeerFailure::Cause::broken, "out of memory"});
  run();
  EXPECT_TRUE(is_down());
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].reason, "out of memory");
  EXPECT_EQ(failures[0].cause, PeerFailure::Cause::broken);
}

TEST_F(SupervisorTest, APeerThatIsShutOutSaysThatItIsThat) {
  // Shows: CONFIG-31.
  caf::anon_send(mailboxes->supervisor, PeerFailure{PeerFailure::Cause::shut_out, "a bad-node"});
  run();
  EXPECT_TRUE(is_down());
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_EQ(failures[0].cause, PeerFailure::Cause::shut_out);
}

TEST_F(SupervisorTest, TheDeathOfTheSupervisorLeavesNobodyBehind) {
  caf::anon_send_exit(mailboxes->supervisor, caf::exit_reason::out_of_workers);
  run();
  // What it hears as a link's end it hears as a monitor too.
  EXPECT_FALSE(is_down());
  caf::anon_send_exit(mailboxes->supervisor, caf::exit_reason::kill);
  run();
  EXPECT_TRUE(is_down());
  EXPECT_EQ(failures.size(), 1U);
  EXPECT_EQ(links->stops, 1);
}

TEST_F(SupervisorTest, GivesTheFurtherUsersToStorage) {
  ASSERT_EQ(use_users({user("alice@example.org", 2), user("bob@example.org", 3)}), std::nullopt);
  ASSERT_NE(users_in_use, nullptr);
  EXPECT_EQ(users_in_use->size(), 2U);
  EXPECT_NE(users_in_use->find("bob@example.org"), nullptr);
}

TEST_F(SupervisorTest, KeepsTheUsersItHasWhenOneCannotBeUsed) {
  ASSERT_EQ(use_users({user("alice@example.org", 2)}), std::nullopt);
  const auto before = users_in_use;
  for (const UserCredentials& wrong : {user("u@example.org", 4), UserCredentials{"nonsense", "nonsense"}})
    EXPECT_NE(use_users({user("alice@example.org", 2), wrong}), std::nullopt);
  EXPECT_EQ(users_in_use, before);
  leave();
  EXPECT_EQ(use_users({}), "the peer is stopping");
}

struct SupervisorOfPhonesTest : SupervisorTest {
  SupervisorOfPhonesTest() : SupervisorOfPhonesTest(std::make_shared<RecordingPhones>()) {}
  explicit SupervisorOfPhonesTest(std::shared_ptr<RecordingPhones> its_phones)
      : SupervisorTest(its_phones), phones(std::move(its_phones)) {}

  std::optional<std::string> use_phones(const std::vector<std::string>& users,
                                        const std::string& password = "secret") {
    auto accounts = std::make_shared<std::vector<sip::registrar::Account>>();
    for (const auto& user : users) {
      sip::registrar::Account account{*sip::Aor::of_user_name(user + "@example.org"), user, {}};
      if (!password.empty())
        account.keys.push_back(
            sip::registrar::Ha1::of_password(sip::registrar::Algorithm::md5, user, "example.org", password));
      accounts->push_back(std::move(account));
    }
    std::optional<std::string> refusal = "no answer";
    const auto done = [&](std::optional<std::string> answer) { refusal = std::move(answer); };
    const auto dropped = [] { return std::optional<std::string>("dropped"); };
    caf::anon_send(mailboxes->supervisor,
                   PhonesOrder{std::move(accounts), Answer<std::optional<std::string>>(done, dropped)});
    run();
    return refusal;
  }
  std::shared_ptr<RecordingPhones> phones;
};

TEST_F(SupervisorOfPhonesTest, GivesTheAccountsToSipAndReadsCertificatesAgain) {
  ASSERT_EQ(use_phones({"alice", "bob"}), std::nullopt);
  ASSERT_TRUE(accounts_in_use);
  ASSERT_EQ(accounts_in_use->size(), 2U);
  EXPECT_EQ(accounts_in_use->at(1).user_name, "bob");
  EXPECT_EQ(accounts_in_use->at(1).keys.size(), 1U);
  EXPECT_EQ(phones->reloads, 1U);
}

TEST_F(SupervisorOfPhonesTest, AllOfItOrNothing) {
  EXPECT_NE(use_phones({"alice", "alice"}), std::nullopt);
  EXPECT_NE(use_phones({"alice"}, ""), std::nullopt) << "nobody could register";
  EXPECT_EQ(phones->reloads, 0U) << "the certificates would be new, the accounts old";
  phones->on_reload = Failure{"no key"};
  EXPECT_EQ(use_phones({"alice"}), "no key");
  EXPECT_FALSE(accounts_in_use);
  leave();
  EXPECT_EQ(use_phones({"alice"}), "the peer is stopping");
}

TEST_F(SupervisorTest, APeerWithoutPhonesTakesNoAccounts) {
  std::optional<std::string> refusal;
  caf::anon_send(mailboxes->supervisor,
                 PhonesOrder{std::make_shared<std::vector<sip::registrar::Account>>(),
                             Answer<std::optional<std::string>>(
                                 [&](std::optional<std::string> answer) { refusal = std::move(answer); },
                                 [] { return std::optional<std::string>("dropped"); })});
  run();
  EXPECT_EQ(refusal, "this peer serves no phones");
}

TEST_F(SupervisorTest, LeavesBeforeItStops) {
  leave();
  EXPECT_EQ(withdrawals, 1) << "its services are to be found no more";
  EXPECT_EQ(leaves, 1);
  EXPECT_FALSE(is_down());
  EXPECT_EQ(links->stops, 0);
  caf::anon_send(mailboxes->supervisor, LeftAtom::value);
  run();
  EXPECT_TRUE(is_down());
  EXPECT_EQ(left, 1);
  EXPECT_EQ(links->stops, 1);
  EXPECT_TRUE(failures.empty());
  EXPECT_TRUE(store_alive.expired());
}

TEST_F(SupervisorTest, StopsWhenTheNeighboursDoNotAnswerTheLeave) {
  leave();
  advance(Duration{4'900});
  EXPECT_FALSE(is_down());
  advance(Duration{200});
  EXPECT_TRUE(is_down());
  EXPECT_EQ(left, 1);
}

TEST_F(SupervisorTest, LeavingTwiceAnswersTwice) {
  leave();
  leave();
  caf::anon_send(mailboxes->supervisor, LeftAtom::value);
  run();
  leave();
  EXPECT_EQ(left, 3);
  EXPECT_EQ(leaves, 1);
}

TEST_F(SupervisorTest, WritesWhatWaitsBeforeTheStoreIsClosed) {
  caf::anon_send(mailboxes->committer, CommitBatch{{data::Commit{1, {}}}});
  std::vector<std::size_t> groups;
  caf::anon_send(mailboxes->supervisor, StopAtom::value);
  // The store goes with its last holder: look before that.
  auto held = store_alive.lock();
  run();
  EXPECT_TRUE(is_down());
  EXPECT_EQ(held->groups, std::vector<std::size_t>{1});
}

struct SupervisorOfARelayTest : SupervisorTest {
  SupervisorOfARelayTest() : SupervisorTest(nullptr, Duration{20'000}) {}
};

TEST_F(SupervisorOfARelayTest, LeavesTheRingWhenTheRelayIsDrained) {
  // Shows: TURN-12.
  EXPECT_EQ(relay_starts, 1);
  EXPECT_EQ(advertised, address("203.0.113.1:3478"));
  leave();
  ASSERT_TRUE(drained);
  EXPECT_EQ(advertised, std::nullopt) << "before it is gone";
  advance(Duration{19'000});
  EXPECT_EQ(leaves, 0);
  caf::anon_send(relay, TickAtom::value, std::uint64_t{0});  // the last allocation has ended
  run();
  EXPECT_EQ(leaves, 1);
  EXPECT_FALSE(is_down()) << "the neighbours have their time from now on";
  caf::anon_send(mailboxes->supervisor, LeftAtom::value);
  run();
  EXPECT_TRUE(is_down());
  EXPECT_EQ(left, 1);
}

TEST_F(SupervisorOfARelayTest, ARelayThatIsNotDrainedInTimeIsCutOff) {
  leave();
  advance(Duration{20'010});
  EXPECT_EQ(leaves, 1);
}

// That may take a day, in which certificates end.
TEST_F(SupervisorOfARelayTest, WhileItDrainsThePeerIsAsBefore) {
  leave();
  ASSERT_TRUE(drained);
  EXPECT_EQ(use_users({user("alice@example.org", 2)}), std::nullopt);
  ASSERT_NE(users_in_use, nullptr);
  EXPECT_NE(users_in_use->find("alice@example.org"), nullptr);
  leave();
  EXPECT_EQ(leaves, 0) << "asked for already";
  caf::anon_send(relay, TickAtom::value, std::uint64_t{0});
  run();
  EXPECT_EQ(leaves, 1);
  EXPECT_EQ(use_users({}), "the peer is stopping");
}

TEST_F(SupervisorOfARelayTest, ARelayThatDiesWhileItDrainsTakesThePeerDown) {
  leave();
  trip_relay();
  run();
  EXPECT_TRUE(is_down());
  EXPECT_EQ(left, 1);
}

TEST_F(SupervisorOfARelayTest, ARelayThatDiesTakesThePeerDown) {
  ask_status();
  run();
  advance(k_status_timeout + Duration{10});
  ASSERT_EQ(statuses.size(), 1U);
  ASSERT_NE(statuses[0].relay, nullptr);
  EXPECT_EQ(statuses[0].relay->allocations, 7U);
  trip_relay();
  run();
  EXPECT_TRUE(is_down());
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_NE(failures[0].reason.find("the relay has died"), std::string::npos) << failures[0].reason;
}

TEST_F(SupervisorTest, AStatusComesEvenWhenAnActorDoesNotAnswer) {
  ask_status();
  run();
  EXPECT_TRUE(statuses.empty()) << "storage has not answered yet";
  advance(k_status_timeout + Duration{10});
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].user, "u@example.org");
  EXPECT_EQ(statuses[0].configuration_sequence, 9);
  EXPECT_EQ(statuses[0].configuration_expires_ms, 1'900'000'000'000U);
  EXPECT_EQ(statuses[0].routing.phase, "joined");
}

TEST_F(SupervisorTest, AStatusAskedForWhileThePeerStopsSaysLeft) {
  clock->at.mono = clock->at.mono + Duration{3'000};
  caf::anon_send(mailboxes->supervisor, StopAtom::value);
  ask_status();
  run();
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].user, "u@example.org");
  EXPECT_EQ(statuses[0].routing.phase, "left");
  EXPECT_EQ(statuses[0].uptime_s, 0U);
  EXPECT_TRUE(is_down());
}

TEST_F(SupervisorTest, AStatusThatAStopCutsShortSaysLeft) {
  routing_is_silent = true;
  ask_status();
  run();
  caf::anon_send(mailboxes->supervisor, StopAtom::value);
  run();
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].routing.phase, "left");
}

TEST_F(SupervisorTest, ALeavingPeerSaysSoForItsRouting) {
  routing_is_silent = true;
  leave();
  ask_status();
  run();
  advance(k_status_timeout + Duration{10});
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].routing.phase, "leaving");
}

}  // namespace
}  // namespace ringway::actors

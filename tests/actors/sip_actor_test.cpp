// The SIP actor between sockets that write down what they are told and a storage actor that answers when the
// test says so.
#include "actors/sip_actor.hpp"

#include <gtest/gtest.h>
#include <caf/event_based_actor.hpp>

#include "actors/driver.hpp"
#include "actors/phone_bridge.hpp"
#include "actors/sip_settings.hpp"
#include "reload/config/kinds.hpp"
#include "reload/config/mailbox_kind.hpp"
#include "sip-usage/presence/pidf.hpp"
#include "sip-usage/presence/value.hpp"
#include "tests/actors/actor_world.hpp"
#include "tests/actors/recording_phones.hpp"
#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::actors {
namespace {

namespace phones = net::phones;
using sip::registrar::test::node;

struct SipActorTest : testing::Test, ActorWorld {
  explicit SipActorTest(std::vector<sip::messages::OwnUser> message_users = {}, std::size_t calls = 1) {
    mailboxes->storage = system.spawn([this](StorageActor::pointer self) -> StorageActor::behavior_type {
      return {[this](SubmissionPtr& submission) { submissions.push_back(std::move(submission)); },
              [](CancelAtom, std::uint64_t) {},
              [this](WatchOrder& order) { watches.push_back(std::move(order)); },
              [this](WatchNextAtom, std::uint64_t token) { wanted_next.push_back(token); },
              [this](EndWatchAtom, std::uint64_t token) { ended_watches.push_back(token); },
              [this](CertificatesOrder& order) { certificate_orders.push_back(std::move(order)); },
              [](ServiceOrder&) {},
              [](RelaysOrder&) {},
              [](LeaveAtom) { return LeftAtom::value; },
              [](StorageBatch&) {},
              [](TickAtom, std::uint64_t) {},
              [self](StatusAtom) -> caf::result<StorageReport> {
                return self->make_response_promise<StorageReport>();
              }};
    });
    mailboxes->committer = system.spawn([this]() -> CommitterActor::behavior_type {
      return {[](CommitBatch&) {}, [this](data::PutFact& fact) { facts[fact.name] = std::move(fact.value); },
              [this](data::DropFact& fact) { facts.erase(fact.name); }, [](FlushAtom) {}, [](StopAtom) {}};
    });
    SipSettings settings;
    settings.trusts_loopback = true;
    auto random = std::make_shared<sip::registrar::test::CountingRandom>();
    auto element = element_settings(settings, {node(1), "Example.org", transports->listening_on()},
                                    SipKeys::make(*random));
    element.message_users = std::move(message_users);
    std::vector<sip::registrar::Account> accounts;
    accounts.push_back({aor("alice"), "alice", {}});
    accounts.push_back({aor("bob"), "bob", {}});
    bound = std::make_shared<CallBound>(calls);
    mailboxes->sip =
        system.spawn(drive<SipDriver>,
                     SipSetup{"test",
                              std::make_shared<sip::element::Element>(element, std::move(accounts), random),
                              {{aor("alice"), ""}, {aor("bob"), "bob@example.org"}},
                              transports,
                              clock,
                              mailboxes,
                              bound});
    bridge.connect(mailboxes->sip);
  }
  ~SipActorTest() override {
    bridge.disconnect();
    submissions.clear();
    certificate_orders.clear();
    watches.clear();
    let_go();
  }

  static sip::Aor aor(const std::string& user) { return *sip::Aor::of_user_name(user + "@example.org"); }
  void receive(std::uint64_t flow, const std::string& text) {
    if (known.insert(flow).second)
      bridge.flow_up({{flow}, phones::Transport::udp, address("127.0.0.1:5060"), address("127.0.0.1:4000")});
    bridge.received({{flow}, SharedBytes(Bytes(text.begin(), text.end())), 7});
    run();
  }
  static std::string request(const std::string& method, const std::string& user, const std::string& uri,
                             int cseq = 1, const std::string& more = "") {
    return method + ' ' + uri + " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:4000;rport;branch=z9hG4bK" + user +
           method + std::to_string(cseq) + "\r\nMax-Forwards: 70\r\nTo: <" +
           (method == "REGISTER" ? "sip:" + user + "@example.org" : uri) + ">\r\nFrom: <sip:" + user +
           "@example.org>;tag=f\r\nCall-ID: c" + user + "\r\nCSeq: " + std::to_string(cseq) + ' ' + method +
           "\r\nContact: <sip:" + user + "@127.0.0.1:4000>\r\n" + more + "Content-Length: 0\r\n\r\n";
  }
  SubmissionPtr take() {
    if (submissions.empty()) return nullptr;
    auto first = std::move(submissions.front());
    submissions.erase(submissions.begin());
    return first;
  }
  void register_phone(const std::string& user, std::uint64_t flow) {
    receive(flow, request("REGISTER", user, "sip:example.org"));
    const auto put = take();
    ASSERT_NE(put, nullptr);
    put->answer({data::PutResult{}});
    run();
  }
  std::string last_sent() const { return transports->sent.empty() ? "" : transports->sent.back().second; }

  std::shared_ptr<SetClock> clock = std::make_shared<SetClock>();
  std::shared_ptr<RecordingPhones> transports = std::make_shared<RecordingPhones>();
  std::shared_ptr<CallBound> bound;
  PhoneBridge bridge;
  std::vector<SubmissionPtr> submissions;
  std::vector<CertificatesOrder> certificate_orders;
  std::vector<WatchOrder> watches;
  std::vector<std::uint64_t> wanted_next, ended_watches;
  std::map<std::string, Bytes> facts;
  std::set<std::uint64_t> known;
};

TEST_F(SipActorTest, ARegistrationIsAnsweredWhenTheOverlayHasIt) {
  receive(1, request("REGISTER", "bob", "sip:example.org"));
  EXPECT_EQ(transports->credits, 7U);
  ASSERT_EQ(submissions.size(), 1U);
  const auto submission = take();
  EXPECT_LT(submission->token(), data::k_first_own_number);
  const auto calls = submission->take_calls();
  const auto& put = std::get<data::PutCall>(calls.at(0));
  EXPECT_EQ(put.key, "bob@example.org");
  EXPECT_EQ(put.as_user, "bob@example.org");
  EXPECT_EQ(put.kind, config::k_sip_registration);
  EXPECT_EQ(last_sent(), "");
  submission->answer({data::PutResult{}});
  run();
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 200 ")) << last_sent();
}

TEST_F(SipActorTest, WhatTheOverlayDoesNotTakeIsNoRegistration) {
  receive(1, request("REGISTER", "alice", "sip:example.org"));
  const auto submission = take();
  const auto calls = submission->take_calls();
  EXPECT_EQ(std::get<data::PutCall>(calls.at(0)).as_user, "");  // the peer's own user
  submission->answer({data::CallFailure{data::CallError::unavailable, "not joined", 0}});
  run();
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 503 ")) << last_sent();
}

TEST_F(SipActorTest, NoMoreCallsThanThePeerTakes) {
  ASSERT_TRUE(bound->take(1));
  receive(1, request("REGISTER", "alice", "sip:example.org"));
  EXPECT_TRUE(submissions.empty());
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 503 ")) << last_sent();
  bound->give_back(1);
}

// The I/O thread may be faster than the actor: what was queued has gone before the actor tells that it waits.
TEST_F(SipActorTest, AFlowThatHasDrainedAlreadyIsReadOn) {
  register_phone("alice", 1);
  transports->credits = 0;
  transports->on_send = [this] {
    bridge.drained({1});
    return phones::Given::half_full;
  };
  receive(1, request("OPTIONS", "alice", "sip:example.org", 2));
  transports->on_send = nullptr;
  receive(1, request("OPTIONS", "alice", "sip:example.org", 3));
  EXPECT_EQ(transports->credits, 14U);
}

TEST_F(SipActorTest, WhoIsCalledIsAskedOfTheOverlay) {
  register_phone("alice", 1);
  receive(1, request("OPTIONS", "alice", "sip:carol@example.org", 2));
  const auto submission = take();
  ASSERT_NE(submission, nullptr);
  const auto calls = submission->take_calls();
  const auto& get = std::get<data::GetCall>(calls.at(0));
  EXPECT_EQ(get.key, "carol@example.org");
  EXPECT_EQ(get.kind, config::k_sip_registration);
  submission->answer({data::CallFailure{data::CallError::not_found, "nothing", 0}});
  run();
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 404 ")) << last_sent();
}

TEST_F(SipActorTest, WherePhonesAreIsKept) {
  register_phone("bob", 1);
  ASSERT_EQ(facts.size(), 1U);
  EXPECT_EQ(facts.begin()->first, "phones/bob@example.org");
  EXPECT_EQ(facts.begin()->first, binding_fact(aor("bob")));
  clock->at.mono = clock->at.mono + sip::registrar::k_keep_interval;
  receive(1, request("REGISTER", "bob", "sip:example.org", 2, "Expires: 0\r\n"));
  EXPECT_TRUE(facts.empty());
}

TEST_F(SipActorTest, APhoneOfBeforeTheRestartIsCalledFromTheSameSocket) {
  const Now now = clock->at;
  sip::registrar::Binding phone;
  phone.contact = *sip::NameAddr::parse("<sip:bob@10.0.0.7>");
  phone.ends = {"192.0.2.9", 5060, "198.51.100.7", 4000};
  phone.expires_at = now.mono + Duration{60'000};
  sip::element::Restarted restarted;
  restarted.bindings.push_back({aor("bob"), sip::registrar::encode_bindings({phone}, now)});
  restarted.bindings.push_back({aor("carol"), {}});
  facts["phones/carol@example.org"] = {};
  caf::anon_send(mailboxes->sip, SipBatch(std::move(restarted)));
  run();
  EXPECT_EQ(facts.count("phones/carol@example.org"), 0U) << "no user of this peer";
  auto put = take();
  ASSERT_NE(put, nullptr);
  const auto calls = put->take_calls();
  EXPECT_EQ(std::get<data::PutCall>(calls.at(0)).key, "bob@example.org");
  put->answer({data::PutResult{}});
  put.reset();
  register_phone("alice", 1);
  transports->next_flow = 9;
  receive(1, request("OPTIONS", "alice", "sip:bob@example.org", 2));
  const auto get = take();
  ASSERT_NE(get, nullptr);
  get->answer({data::CallFailure{data::CallError::not_found, "nothing", 0}});
  run();
  ASSERT_EQ(transports->connected.size(), 1U);
  EXPECT_EQ(transports->connected[0].first, address("198.51.100.7:4000"));
  EXPECT_EQ(transports->connected_from[0], address("192.0.2.9:5060"));
}

TEST_F(SipActorTest, LeavingRemovesRegistrationsFirst) {
  register_phone("alice", 1);
  bool has_left = false;
  system.spawn([&](caf::event_based_actor* self) {
    self->request(mailboxes->sip, caf::infinite, LeaveAtom::value).then([&](LeftAtom) { has_left = true; });
  });
  run();
  EXPECT_FALSE(has_left);
  const auto submission = take();
  ASSERT_NE(submission, nullptr);
  const auto calls = submission->take_calls();
  EXPECT_EQ(std::get<data::RemoveCall>(calls.at(0)).key, "alice@example.org");
  submission->answer({data::PutResult{}});
  run();
  EXPECT_TRUE(has_left);
}

struct KeptMessagesTest : SipActorTest {
  KeptMessagesTest()
      : SipActorTest({{aor("alice"), node(1), "", {}}, {aor("bob"), node(2), "bob@example.org", {}}}, 4) {}
  static data::CallFailure nothing() { return {data::CallError::not_found, "nothing", 0}; }
  template <typename Call>
  Call take_call(SubmissionPtr& of) {
    of = take();
    if (of == nullptr) return {};
    const auto calls = of->take_calls();
    return std::get<Call>(calls.at(0));
  }
};

TEST_F(KeptMessagesTest, AMessageToNobodyAsksForWhatIsNeededToKeepIt) {
  SubmissionPtr fetch, entry, received;
  receive(1, request("MESSAGE", "alice", "sip:carol@example.org"));
  EXPECT_EQ(take_call<data::GetCall>(fetch).kind, config::k_sip_registration);
  ASSERT_NE(fetch, nullptr);
  fetch->answer({nothing()});
  run();
  EXPECT_EQ(last_sent(), "");
  const auto own = take_call<data::GetCall>(entry);
  EXPECT_EQ(own.key, "carol@example.org/sip-messages");
  EXPECT_EQ(own.kind, config::k_mailbox);
  EXPECT_EQ(take_call<data::GetCall>(received).kind, 0U);
  ASSERT_NE(received, nullptr);
  ASSERT_EQ(certificate_orders.size(), 1U);
  EXPECT_EQ(std::get<std::string>(certificate_orders[0].of), "carol@example.org");
  entry->answer({nothing()});
  received->answer({nothing()});
  certificate_orders[0].done(data::CertificatesFound{0, {}, nothing()});
  run();
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 404 ")) << last_sent();  // nobody of that name
}

TEST_F(KeptMessagesTest, TooManyCallsAreNoFullMailbox) {
  SubmissionPtr fetch;
  receive(1, request("MESSAGE", "alice", "sip:carol@example.org"));
  take_call<data::GetCall>(fetch);
  ASSERT_NE(fetch, nullptr);
  ASSERT_TRUE(bound->take(3));
  fetch->answer({nothing()});
  run();
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 480 ")) << last_sent();
  EXPECT_NE(last_sent().find("Retry-After: 60\r\n"), std::string::npos) << last_sent();
  bound->give_back(3);
}

TEST_F(KeptMessagesTest, WhoRegistersHasTheMailboxRead) {
  register_phone("bob", 1);
  SubmissionPtr look;
  const auto get = take_call<data::GetCall>(look);
  EXPECT_EQ(get.key, "bob@example.org/sip-messages");
  EXPECT_EQ(get.kind, config::k_mailbox);
  EXPECT_TRUE(last_sent().starts_with("SIP/2.0 200 ")) << last_sent();
}

struct PresenceOfPhonesTest : KeptMessagesTest {
  // One that does not read the mailbox, so that only presence asks.
  void register_quietly(const std::string& user, std::uint64_t flow) {
    register_phone(user, flow);
    SubmissionPtr look;
    EXPECT_EQ(take_call<data::GetCall>(look).key, user + "@example.org/sip-messages");
    look->answer({nothing()});
    run();
  }
  static data::WatchResult with(const std::string& document) {
    wire::Writer value;
    sip::presence::write(
        value, {sip::presence::ValueForm::plain, SharedBytes(Bytes(document.begin(), document.end()))});
    data::WatchUpdate out;
    data::Entry entry;
    entry.value = value.take();
    out.state.entries.push_back(std::move(entry));
    return out;
  }
  static std::string open() { return sip::presence::derived(aor("carol"), sip::presence::Basic::open); }
};

TEST_F(PresenceOfPhonesTest, WhoRegistersIsShownInHisOwnName) {
  SubmissionPtr put, look;
  register_phone("bob", 1);
  take_call<data::GetCall>(look);
  const auto stored = take_call<data::PutCall>(put);
  ASSERT_NE(put, nullptr);
  EXPECT_EQ(stored.key, "bob@example.org/sip-presence");
  EXPECT_EQ(stored.entry, node(2).hex());
  EXPECT_EQ(stored.as_user, "bob@example.org");
  EXPECT_EQ(stored.kind, 0U);
  EXPECT_FALSE(stored.keep);
}

TEST_F(PresenceOfPhonesTest, APhoneWatchesAUserOfTheOverlay) {
  SubmissionPtr put;
  register_quietly("alice", 1);
  take_call<data::PutCall>(put);
  receive(1, request("SUBSCRIBE", "alice", "sip:carol@example.org", 2, "Event: presence\r\n"));
  EXPECT_NE(last_sent().find("SIP/2.0 200 "), std::string::npos);
  ASSERT_EQ(watches.size(), 1U);
  EXPECT_EQ(watches[0].call.key, "carol@example.org/sip-presence");
  EXPECT_FALSE(watches[0].call.entry);
  EXPECT_LT(watches[0].token, data::k_first_own_number);
  watches[0].handle->give(with(open()));
  run();
  EXPECT_TRUE(last_sent().starts_with("NOTIFY sip:alice@127.0.0.1:4000 ")) << last_sent();
  EXPECT_NE(last_sent().find("<basic>open</basic>"), std::string::npos) << last_sent();
  EXPECT_EQ(wanted_next, std::vector{watches[0].token});
  EXPECT_EQ(ended_watches.size(), 0U);
  bridge.flow_down({{1}, "gone"});
  run();
  EXPECT_EQ(ended_watches, std::vector{watches[0].token});
}

TEST_F(PresenceOfPhonesTest, AWatchThatFailsIsBegunAgain) {
  SubmissionPtr put;
  register_quietly("alice", 1);
  take_call<data::PutCall>(put);
  receive(1, request("SUBSCRIBE", "alice", "sip:carol@example.org", 2, "Event: presence\r\n"));
  ASSERT_EQ(watches.size(), 1U);
  watches[0].handle->give(nothing());
  run();
  EXPECT_TRUE(wanted_next.empty());
  clock->at.mono = clock->at.mono + sip::presence::k_watch_retry;
  advance(sip::presence::k_watch_retry);
  ASSERT_EQ(watches.size(), 2U);
  EXPECT_NE(watches[0].token, watches[1].token);
}

// Watchers must not believe for half an hour that somebody is there.
TEST_F(PresenceOfPhonesTest, LeavingShowsNobodyFirst) {
  SubmissionPtr put, registration, shown;
  register_quietly("alice", 1);
  take_call<data::PutCall>(put);
  put->answer({data::PutResult{}});
  run();
  bool has_left = false;
  system.spawn([&](caf::event_based_actor* self) {
    self->request(mailboxes->sip, caf::infinite, LeaveAtom::value).then([&](LeftAtom) { has_left = true; });
  });
  run();
  EXPECT_EQ(take_call<data::RemoveCall>(registration).key, "alice@example.org");
  const auto gone = take_call<data::RemoveCall>(shown);
  EXPECT_EQ(gone.key, "alice@example.org/sip-presence");
  EXPECT_EQ(gone.entry, node(1).hex());
  ASSERT_NE(shown, nullptr);
  registration->answer({data::PutResult{}});
  run();
  EXPECT_FALSE(has_left);
  shown->answer({nothing()});  // it has ended by itself
  run();
  EXPECT_TRUE(has_left);
}

TEST_F(PresenceOfPhonesTest, AProgramWatchesUntilItWantsNoMore) {
  std::vector<sip::presence::SightResult> seen;
  const auto handle = std::make_shared<SightHandle>(
      [&](sip::presence::SightResult result) { seen.push_back(std::move(result)); });
  const sip::presence::OnlookerId id{5};
  caf::anon_send(mailboxes->sip, SightOrder{{id, "sip:carol@example.org"}, handle});
  run();
  ASSERT_EQ(watches.size(), 1U);
  watches[0].handle->give(with(open()));
  run();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_TRUE(std::get<sip::presence::Sight>(seen[0]).is_reachable);
  clock->at.mono = clock->at.mono + sip::presence::k_throttle;
  watches[0].handle->give(with(sip::presence::derived(aor("carol"), sip::presence::Basic::closed)));
  run();
  EXPECT_EQ(seen.size(), 1U) << "it has not taken the first";
  caf::anon_send(mailboxes->sip, SipBatch(sip::element::NextSight{id}));
  run();
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_FALSE(std::get<sip::presence::Sight>(seen[1]).is_reachable);
  caf::anon_send(mailboxes->sip, SipBatch(sip::element::HideSight{id}));
  run();
  EXPECT_EQ(ended_watches, std::vector{watches[0].token});
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(PresenceOfPhonesTest, AProgramIsToldOfWhatFails) {
  std::vector<sip::presence::SightResult> seen;
  caf::anon_send(mailboxes->sip,
                 SightOrder{{sip::presence::OnlookerId{5}, "sip:carol@example.org"},
                            std::make_shared<SightHandle>([&](sip::presence::SightResult result) {
                              seen.push_back(std::move(result));
                            })});
  run();
  ASSERT_EQ(watches.size(), 1U);
  watches[0].handle->give(data::CallFailure{data::CallError::failed_precondition, "no such Kind", 0});
  run();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(std::get<data::CallFailure>(seen[0]).error, data::CallError::failed_precondition);
}

TEST(SipSettingsTest, WhereOtherPeersConnectToForCalls) {
  const auto at = address("192.0.2.9:5071");
  EXPECT_EQ(call_addresses({}, at), std::vector{at});
  EXPECT_EQ(
      call_addresses(
          {address("198.51.100.1:6084"), address("198.51.100.1:6085"), address("[2001:db8::1]:6084")}, at),
      (std::vector{address("198.51.100.1:5071"), address("[2001:db8::1]:5071")}));
  for (const auto& one : call_addresses({}, address("0.0.0.0:5071"))) {
    EXPECT_EQ(one.port, 5071);
    EXPECT_NE(one, address("0.0.0.0:5071"));
  }
}

TEST(SipSettingsTest, AddressesByWhichPhonesKnowThePeer) {
  SipSettings settings;
  settings.names = {"Phone.example.org"};
  sip::registrar::test::CountingRandom random;
  const auto keys = SipKeys::make(random);
  const auto element = element_settings(
      settings, {node(1), "Example.org", {{phones::Transport::tcp, address("[2001:db8::1]:5070")}}}, keys);
  ASSERT_EQ(element.proxy.own_addresses.size(), 2U);
  EXPECT_EQ(element.proxy.own_addresses[0].host, "2001:db8::1");
  EXPECT_EQ(element.proxy.own_addresses[0].port, 5070);
  EXPECT_EQ(element.proxy.own_addresses[1].host, "phone.example.org");
  EXPECT_EQ(element.proxy.overlay(), "example.org");
  EXPECT_EQ(element.proxy.outside_here.transport, "TCP");
  const auto kept = SipKeys::decode(keys.encode());
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->proxy, keys.proxy);
  EXPECT_EQ(kept->gruu, keys.gruu);
  EXPECT_NE(keys.proxy, keys.gruu);
  EXPECT_FALSE(SipKeys::decode(BytesView(keys.proxy)));
}

}  // namespace
}  // namespace ringway::actors

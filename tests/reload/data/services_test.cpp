// Services of a small overlay (RFC 7374): registered, refreshed, found, removed.
#include "reload/data/services.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "reload/wire/service_bodies.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {
namespace {

constexpr std::string_view k_service = "voice-mail";
constexpr Duration k_lifetime{600'000};

class ServicesTest : public ::testing::Test {
 protected:
  ServicesTest() {
    auto kind = *config::iana_kind(config::k_redir);
    kind.max_count = 40;
    kind.max_size_bytes = 500;
    overlay.configuration->kinds.add(kind);
    overlay.configuration->max_message_size_bytes = 20'000;
    for (const int first : {0x20, 0x60, 0xA0, 0xE0})
      peers.push_back(&overlay.add("user" + std::to_string(first) + "@example.org",
                                   node_at(static_cast<std::uint8_t>(first))));
    overlay.update_views();
    overlay.advance(Duration{5'000});
  }

  ServiceDone ask(Peer& peer, StorageInput order) {
    peer.services.clear();
    overlay.to_storage(peer, std::move(order));
    overlay.run();
    EXPECT_EQ(peer.services.size(), 1U);
    return peer.services.empty() ? ServiceDone{} : peer.services.back();
  }
  // The same where answers may take minutes.
  ServiceDone ask_for_long(Peer& peer, StorageInput order) {
    peer.services.clear();
    overlay.to_storage(peer, std::move(order));
    for (int i = 0; i < 120 && peer.services.empty(); ++i) overlay.advance(Duration{5'000});
    EXPECT_EQ(peer.services.size(), 1U);
    return peer.services.empty() ? ServiceDone{} : peer.services.back();
  }
  std::size_t provide(Peer& peer, std::string_view service = k_service, std::uint32_t lifetime_s = 600) {
    const auto done = ask(peer, RegisterService{7, std::string(service), lifetime_s});
    EXPECT_EQ(done.token, 7U);
    const auto* changed = std::get_if<ServiceChanged>(&done.result);
    return changed == nullptr ? 0 : changed->places;
  }
  std::vector<NodeId> find(Peer& peer, std::optional<NodeId> key = std::nullopt,
                           std::string_view service = k_service) {
    const auto done = ask(peer, FindService{8, std::string(service), key, 0});
    std::vector<NodeId> nodes;
    if (const auto* found = std::get_if<ServiceFound>(&done.result))
      for (const auto& provider : found->providers) nodes.push_back(provider.node);
    return nodes;
  }
  static CallError error_of(const ServiceDone& done) {
    const auto* failure = std::get_if<CallFailure>(&done.result);
    return failure == nullptr ? CallError::internal : failure->error;
  }
  // Those with a record in that tree node that is shown.
  std::set<NodeId> in_tree(const redir::TreeNode& node) {
    const KindAt at{resource_id_of(redir::resource_name_of(k_service, node)), config::k_redir};
    std::set<NodeId> there;
    for (Peer* peer : peers) {
      if (!peer->alive || !peer->view->responsible_for(at.resource)) continue;
      const std::vector<RecordPtr> records = peer->store->load(at)->records;
      for (const auto& record : records)
        if (record->stored.value.data.exists && record->alive_at(overlay.now().wall_ms))
          there.insert(record->signer_node);
    }
    return there;
  }
  Peer& at(std::size_t i) { return *peers.at(i); }

  Overlay overlay;
  std::vector<Peer*> peers;
};

TEST_F(ServicesTest, AProviderIsFoundFromEverywhere) {
  // Shows: DISC-01, DISC-06, DISC-09, DISC-16.
  EXPECT_EQ(provide(at(1)), 3U) << "alone: at the start level and up to the root";
  const redir::Tree tree(10);
  for (unsigned level = 0; level <= 2; ++level)
    EXPECT_EQ(in_tree(tree.node_for(level, at(1).node)), std::set{at(1).node}) << level;
  for (Peer* peer : peers) EXPECT_EQ(find(*peer), std::vector{at(1).node});
  EXPECT_TRUE(find(at(0), std::nullopt, "turn-server").empty());
  EXPECT_EQ(error_of(ask(at(0), FindService{8, "turn-server", {}, 0})), CallError::not_found);
}

TEST_F(ServicesTest, TheClosestSuccessorComesFirst) {
  // Shows: DISC-09, DISC-10.
  for (Peer* peer : peers) ASSERT_GT(provide(*peer), 0U);
  EXPECT_EQ(find(at(0)).front(), at(1).node) << "of the peer's own Node-ID, if no key is named";
  EXPECT_EQ(find(at(0), node_at(0x10)).front(), at(0).node);
  EXPECT_EQ(find(at(0), node_at(0xA1)).front(), at(3).node);
  EXPECT_FALSE(find(at(3)).empty()) << "nobody follows the last one: any";
}

TEST_F(ServicesTest, RecordsAreRefreshedBeforeTheyEnd) {
  // Shows: DISC-11.
  provide(at(1));
  overlay.advance(Duration{539'000});
  EXPECT_EQ(at(1).storage->statistics().service_registrations, 1U);
  overlay.advance(Duration{2'000});
  EXPECT_EQ(at(1).storage->statistics().service_registrations, 2U);
  overlay.advance(Duration{30 * 60'000});
  EXPECT_EQ(find(at(3)), std::vector{at(1).node});
}

TEST_F(ServicesTest, WhoHasGoneIsFoundNoMoreWhenItsRecordsHaveEnded) {
  // Shows: DISC-11.
  provide(at(1));
  provide(at(2));
  overlay.kill(at(1));
  overlay.update_views();
  overlay.advance(Duration{60'000});
  EXPECT_EQ(find(at(0)).front(), at(1).node);
  overlay.advance(k_lifetime);
  EXPECT_EQ(find(at(0)), std::vector{at(2).node});
}

TEST_F(ServicesTest, UnregisteringRemovesTheRecords) {
  // Shows: DISC-12.
  provide(at(1));
  provide(at(2));
  const auto done = ask(at(1), UnregisterService{9, std::string(k_service)});
  EXPECT_TRUE(std::holds_alternative<ServiceChanged>(done.result));
  for (const redir::TreeNode node : {redir::TreeNode{0, 0}, redir::Tree(10).node_for(2, at(1).node)})
    EXPECT_FALSE(in_tree(node).contains(at(1).node));
  EXPECT_EQ(find(at(0)), std::vector{at(2).node});
  EXPECT_EQ(error_of(ask(at(1), UnregisterService{9, std::string(k_service)})), CallError::not_found);
  overlay.advance(2 * k_lifetime);
  EXPECT_EQ(at(1).storage->statistics().service_registrations, 1U);
  EXPECT_GT(provide(at(1)), 0U) << "and again";
  EXPECT_EQ(find(at(0)).front(), at(1).node);
}

TEST_F(ServicesTest, LeavingRemovesThoseOfAllServices) {
  // Shows: DISC-12.
  provide(at(1));
  provide(at(1), "turn-server");
  EXPECT_EQ(at(1).storage->statistics().services_provided, 2U);
  ask(at(1), WithdrawServices{10});
  EXPECT_TRUE(find(at(0)).empty());
  EXPECT_TRUE(find(at(0), std::nullopt, "turn-server").empty());
  EXPECT_EQ(at(1).storage->statistics().services_provided, 0U);
  ask(at(0), WithdrawServices{11});  // nothing to remove: answered as well
}

TEST_F(ServicesTest, ARefreshThatFailsIsTriedAgain) {
  // Shows: DISC-11.
  provide(at(1));
  bool cut = true;
  overlay.loses = [&](const Sent& sent) { return cut && sent.from == at(1).node; };
  overlay.advance(Duration{560'000});
  EXPECT_EQ(at(1).storage->statistics().service_registrations, 1U);
  cut = false;
  overlay.advance(Duration{120'000});
  EXPECT_GE(at(1).storage->statistics().service_registrations, 2U);
  EXPECT_EQ(find(at(0)), std::vector{at(1).node});
}

TEST_F(ServicesTest, ATreeNodeThatNobodyAnswersForIsPassedBy) {
  // Shows: DISC-09.
  const redir::Tree tree(10);
  const auto level_1_of = [&](const Peer& provider) {
    return resource_id_of(redir::resource_name_of(k_service, tree.node_for(1, provider.node)));
  };
  // Neither who provides nor who looks it up holds the tree node.
  Peer* provider = nullptr;
  Peer* asker = nullptr;
  for (Peer* one : peers)
    for (Peer* other : peers)
      if (one != other && !one->view->responsible_for(level_1_of(*one)) &&
          !other->view->responsible_for(level_1_of(*one)))
        provider = one, asker = other;
  ASSERT_NE(provider, nullptr);
  const ResourceId silent = level_1_of(*provider);
  bool is_silent = true;
  overlay.loses = [&](const Sent& sent) {
    const auto name = silent.view();
    return is_silent &&
           std::search(sent.body.begin(), sent.body.end(), name.begin(), name.end()) != sent.body.end();
  };
  const auto done = ask_for_long(*provider, RegisterService{7, std::string(k_service), 600});
  ASSERT_TRUE(std::holds_alternative<ServiceChanged>(done.result));
  EXPECT_EQ(std::get<ServiceChanged>(done.result).places, 2U) << "all but that one";
  EXPECT_EQ(in_tree(tree.node_for(0, provider->node)), std::set{provider->node});
  const auto found = ask_for_long(*asker, FindService{8, std::string(k_service), std::nullopt, 0});
  ASSERT_TRUE(std::holds_alternative<ServiceFound>(found.result));
  EXPECT_EQ(std::get<ServiceFound>(found.result).providers.front().node, provider->node);
  is_silent = false;
  overlay.advance(Duration{120'000});
  EXPECT_EQ(in_tree(tree.node_for(1, provider->node)), std::set{provider->node})
      << "soon, not at the next refresh";
}

TEST_F(ServicesTest, ARemovalThatFailsIsSaidAndGoesOn) {
  // Shows: DISC-12.
  provide(at(1));
  bool cut = true;
  overlay.loses = [&](const Sent& sent) { return cut && sent.from == at(1).node; };
  EXPECT_EQ(error_of(ask_for_long(at(1), UnregisterService{9, std::string(k_service)})),
            CallError::unavailable);
  const auto left = [&] {
    std::size_t places = 0;
    for (unsigned level = 0; level <= 2; ++level)
      places += in_tree(redir::Tree(10).node_for(level, at(1).node)).count(at(1).node);
    return places;
  };
  EXPECT_GT(left(), 0U);
  cut = false;
  overlay.advance(Duration{60'000});
  EXPECT_EQ(left(), 0U);
  EXPECT_TRUE(find(at(3)).empty());
  EXPECT_EQ(error_of(ask(at(1), UnregisterService{9, std::string(k_service)})), CallError::not_found);
}

TEST_F(ServicesTest, AnotherLifetimeIsThatOfAllItsRecords) {
  at(1).services.clear();
  overlay.to_storage(at(1), RegisterService{1, std::string(k_service), 600});
  overlay.to_storage(at(1), RegisterService{2, std::string(k_service), 6000});
  overlay.run();
  ASSERT_EQ(at(1).services.size(), 2U);
  for (const auto& done : at(1).services) EXPECT_TRUE(std::holds_alternative<ServiceChanged>(done.result));
  overlay.kill(at(1));
  overlay.update_views();
  overlay.advance(2 * k_lifetime);
  EXPECT_EQ(find(at(0)), std::vector{at(1).node});
}

TEST_F(ServicesTest, WhoLeavesRegistersNothingAnyMore) {
  provide(at(1));
  ask(at(1), WithdrawServices{10});
  EXPECT_EQ(error_of(ask(at(1), RegisterService{1, std::string(k_service), 600})),
            CallError::failed_precondition);
}

TEST_F(ServicesTest, WithdrawingIsNotKeptBackByThoseWhoWait) {
  for (std::uint64_t i = 0; i < k_max_service_waiters; ++i)
    overlay.to_storage(at(1), RegisterService{i + 1, std::string(k_service), 600});
  at(1).services.clear();
  overlay.to_storage(at(1), WithdrawServices{1000});
  overlay.run();
  ASSERT_FALSE(at(1).services.empty());
  EXPECT_EQ(at(1).services.back().token, 1000U);
  EXPECT_TRUE(find(at(0)).empty());
}

TEST_F(ServicesTest, TheRelayWantsItsServiceWhateverApplicationsSay) {
  const std::string service(k_turn_server_service);
  overlay.to_storage(at(1), AdvertiseRelay{{}});
  overlay.run();
  EXPECT_EQ(error_of(ask(at(1), UnregisterService{9, service})), CallError::not_found);
  EXPECT_GT(provide(at(1), service), 0U);
  EXPECT_TRUE(std::holds_alternative<ServiceChanged>(ask(at(1), UnregisterService{9, service}).result));
  EXPECT_EQ(find(at(0), std::nullopt, service), std::vector{at(1).node});
  overlay.to_storage(at(1), WithdrawRelay{});
  overlay.run();
  EXPECT_TRUE(find(at(0), std::nullopt, service).empty());
}

TEST_F(ServicesTest, NobodyStandsWhereOthersBelong) {
  // Shows: DISC-04, FM-45.
  const auto place = redir::Tree(10).node_for(2, at(1).node);
  wire::RedirServiceProvider record;
  record.destinations = {wire::to_node(at(2).node)};
  record.service = copy_of(view_of(k_service));
  record.level = place.level;
  record.node = place.number;
  PutCall put;
  put.kind = config::k_redir;
  put.key = redir::resource_name_of(k_service, place);
  put.value = wire::encode(record);
  const auto result = overlay.call(at(2), put);
  ASSERT_TRUE(std::holds_alternative<CallFailure>(result));
  EXPECT_EQ(std::get<CallFailure>(result).error, CallError::permission_denied);
  EXPECT_TRUE(std::holds_alternative<PutResult>(overlay.call(at(1), put))) << "its own place";
}

TEST_F(ServicesTest, NamesAndLifetimesHaveBounds) {
  EXPECT_EQ(error_of(ask(at(0), RegisterService{1, "", 600})), CallError::invalid_argument);
  const std::string longest(k_max_service_name_bytes, 'x');
  EXPECT_GT(provide(at(0), longest), 0U);
  EXPECT_EQ(error_of(ask(at(0), RegisterService{1, longest + "x", 600})), CallError::invalid_argument);
  EXPECT_EQ(error_of(ask(at(0), RegisterService{1, "a", k_least_service_lifetime_s - 1})),
            CallError::invalid_argument);
  EXPECT_EQ(error_of(ask(at(0), RegisterService{1, "a", k_most_service_lifetime_s + 1})),
            CallError::invalid_argument);
  EXPECT_GT(provide(at(0), "a", k_least_service_lifetime_s), 0U);
  EXPECT_GT(provide(at(0), "a", k_most_service_lifetime_s), 0U);
}

TEST_F(ServicesTest, OnePeerProvidesSoManyServices) {
  for (std::size_t i = 0; i < k_max_services; ++i) ASSERT_GT(provide(at(0), "s" + std::to_string(i)), 0U);
  EXPECT_EQ(error_of(ask(at(0), RegisterService{1, "one more", 600})), CallError::resource_exhausted);
  EXPECT_GT(provide(at(0), "s1"), 0U) << "one that it provides already";
}

TEST_F(ServicesTest, SoManyLookupsAreUnderWayAtOnce) {
  const auto first =
      resource_id_of(redir::resource_name_of(k_service, redir::Tree(10).node_for(2, at(0).node)));
  Peer& peer = at(0).view->responsible_for(first) ? at(1) : at(0);
  for (std::size_t i = 0; i <= k_max_service_lookups; ++i)
    overlay.to_storage(peer, FindService{i + 1, std::string(k_service), at(0).node, 0});
  overlay.run();
  ASSERT_EQ(peer.services.size(), k_max_service_lookups + 1);
  EXPECT_EQ(std::count_if(peer.services.begin(), peer.services.end(),
                          [](const auto& done) { return error_of(done) == CallError::resource_exhausted; }),
            1);
}

TEST_F(ServicesTest, AnOverlayWithoutRedirHasNone) {
  // Shows: DISC-13.
  Overlay other;
  Peer& peer = other.add("alice@example.org", node_at(0x40));
  other.update_views();
  other.to_storage(peer, RegisterService{1, std::string(k_service), 600});
  other.to_storage(peer, FindService{2, std::string(k_service), {}, 0});
  other.run();
  ASSERT_EQ(peer.services.size(), 2U);
  for (const auto& done : peer.services) EXPECT_EQ(error_of(done), CallError::failed_precondition);
}

}  // namespace
}  // namespace ringway::data::test

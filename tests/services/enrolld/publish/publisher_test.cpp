// The Publisher against peers that are there: real links, and the routing of a real peer behind them.
#include "services/enrolld/publish/publisher.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "services/enrolld/authority/names.hpp"
#include "tests/services/enrolld/publish/publish_world.hpp"

namespace ringway::enrolld::test {
namespace {

constexpr std::chrono::seconds k_patience{20};

class Publishing : public testing::Test {
 protected:
  Publishing() {
    settings_.push.answer_limit = Duration{500};
    settings_.push.max_attempts = 2;
    settings_.push.retry_min = settings_.push.retry_max = Duration{50};
    settings_.push.round_limit = Duration{10'000};
    settings_.connect_timeout = settings_.handshake_timeout = Duration{1'000};
  }

  void start() { start(publisher_credentials(world_.authority.authority())); }
  void start(Publisher::Credentials credentials) {
    publisher_.emplace(settings_, std::move(credentials), [this](const PublishReport& report) {
      const std::lock_guard lock(mutex_);
      reports_.push_back(report);
      changed_.notify_all();
    });
  }
  std::shared_ptr<RunningPeer> peer(std::uint8_t node, std::uint16_t sequence = 7) {
    return RunningPeer::start(pool_, world_, node_id(node), world_.parsed(sequence));
  }
  PublishReport report(std::size_t number = 0) {
    std::unique_lock lock(mutex_);
    const bool there = changed_.wait_for(lock, k_patience, [&] { return reports_.size() > number; });
    EXPECT_TRUE(there) << "no report " << number;
    return there ? reports_[number] : PublishReport{};
  }
  PublishReport publish(SharedBytes document, std::vector<wire::IpAddressPort> addresses) {
    if (!publisher_) start();
    publisher_->publish(std::move(document), std::move(addresses));
    return report(next_report_++);
  }

  World world_;
  net::IoPool pool_{2};
  PublisherSettings settings_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<PublishReport> reports_;
  std::size_t next_report_ = 0;
  std::optional<Publisher> publisher_;
};

TEST_F(Publishing, PeersWithAnOlderDocumentTakeIt) {
  // Shows: CONFIG-28, CONFIG-29.
  const auto one = peer(1), two = peer(2), three = peer(3);
  const auto told = publish(world_.document(8), {one->address(), two->address(), three->address()});
  EXPECT_EQ(told.fault, "");
  EXPECT_EQ(told.sequence, 8);
  EXPECT_EQ(told.peers, 3U);
  ASSERT_EQ(told.addresses.size(), 3U);
  const RunningPeer* const peers[] = {one.get(), two.get(), three.get()};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(told.addresses[i].outcome, PushOutcome::accepted) << told.addresses[i].reason;
    EXPECT_EQ(told.addresses[i].node, peers[i]->node());
    EXPECT_EQ(peers[i]->sequence(), 8);
    EXPECT_TRUE(peers[i]->all_links_gone());
  }
  const auto counters = publisher_->counters();
  EXPECT_EQ(counters.documents, 1U);
  EXPECT_EQ(counters.accepted, 3U);
  EXPECT_EQ(counters.unpublished, 0U);
  EXPECT_EQ(counters.attempts, 3U);
}

TEST_F(Publishing, WhoHasItAlreadyAndWhoHasANewerOne) {
  const auto one = peer(1), two = peer(2, 9);
  const auto told = publish(world_.document(7), {one->address(), two->address()});
  EXPECT_EQ(told.peers, 1U);
  EXPECT_EQ(told.addresses.at(0).outcome, PushOutcome::has_it);
  EXPECT_EQ(told.addresses.at(1).outcome, PushOutcome::has_newer);
  EXPECT_EQ(two->sequence(), 9);
  EXPECT_TRUE(two->all_links_gone());
}

TEST_F(Publishing, TheDocumentsBootstrapNodesGetIt) {
  const auto one = peer(1);
  const auto port = one->address().port;
  const auto told = publish(world_.document(8,
                                            [&](config::Configuration& values) {
                                              values.bootstrap_nodes = {{"127.0.0.1", port}};
                                            }),
                            {one->address()});
  ASSERT_EQ(told.addresses.size(), 1U);  // once
  EXPECT_EQ(told.addresses[0].outcome, PushOutcome::accepted);
}

TEST_F(Publishing, APeerWithSeveralNodeIdsTakesIt) {
  const auto peer = RunningPeer::start(pool_, world_, node_id(1), world_.parsed(7),
                                       {.more_nodes = {node_id(2), node_id(3)}});
  const auto told = publish(world_.document(8), {peer->address()});
  // SEC-32: such a peer is not the one that must attach first; we are, and have one Node-ID.
  EXPECT_EQ(told.peers, 1U) << told.addresses.at(0).reason;
}

TEST_F(Publishing, PeersRefuseADocumentOfSomebodyElse) {
  // Shows: CONFIG-22, CONFIG-29.
  const auto one = peer(1);
  const auto thief = world_.authority.issue("thief@example.org", node_id(0xAA));
  const auto names_thief = [&](config::Configuration& values) {
    values.configuration_signers = {thief->node_id()};
  };
  const auto told = publish(world_.document(8, names_thief, thief), {one->address()});
  EXPECT_EQ(told.peers, 0U);
  EXPECT_EQ(told.addresses.at(0).outcome, PushOutcome::refused);
  EXPECT_EQ(told.addresses.at(0).attempts, 1U);  // nothing that time would change
  EXPECT_EQ(one->sequence(), 7);
  EXPECT_EQ(publisher_->counters().refused, 1U);
  EXPECT_EQ(publisher_->counters().unpublished, 1U);
}

TEST_F(Publishing, WhoIsSilentOrNotThereIsTriedAgainAndTheOthersGetIt) {
  const auto one = peer(1);
  const SilentPeer silent(pool_, world_.authority, node_id(2));
  std::uint16_t free_port = 0;
  {
    const auto gone = peer(3);
    free_port = gone->address().port;
  }
  const auto told = publish(world_.document(8), {silent.address(), loopback(free_port), one->address()});
  EXPECT_EQ(told.peers, 1U);
  EXPECT_EQ(told.addresses.at(0).outcome, PushOutcome::failed);
  EXPECT_EQ(told.addresses.at(0).reason, "no answer");
  EXPECT_EQ(told.addresses.at(0).node, node_id(2));
  EXPECT_EQ(told.addresses.at(0).attempts, 2U);
  EXPECT_EQ(told.addresses.at(1).outcome, PushOutcome::failed);
  EXPECT_EQ(told.addresses.at(1).attempts, 2U);
  EXPECT_EQ(told.addresses.at(2).outcome, PushOutcome::accepted);
}

TEST_F(Publishing, NodesOfAnotherAuthorityAndRevokedOnesAreNotAsked) {
  // Shows: SEC-27, SEC-21.
  const ringway::test::TestAuthority stranger;
  const SilentPeer wrong(pool_, stranger, node_id(2));
  const auto revoked = peer(3);
  const auto told =
      publish(world_.document(8, [](config::Configuration& values) { values.bad_nodes = {node_id(3)}; }),
              {wrong.address(), revoked->address()});
  EXPECT_EQ(told.peers, 0U);
  for (const auto& address : told.addresses) {
    EXPECT_EQ(address.outcome, PushOutcome::failed);
    EXPECT_NE(address.reason.find("not trusted"), std::string::npos) << address.reason;
  }
  EXPECT_EQ(revoked->sequence(), 7);
}

TEST_F(Publishing, PeersDoNotListenToASenderThatIsNotOfTheOverlay) {
  const ringway::test::TestAuthority stranger;
  start(publisher_credentials(stranger.authority()));
  const auto one = peer(1);
  const auto told = publish(world_.document(8), {one->address()});
  EXPECT_EQ(told.peers, 0U);
  EXPECT_EQ(told.addresses.at(0).outcome, PushOutcome::failed);
  EXPECT_EQ(one->sequence(), 7);
}

TEST_F(Publishing, EachDocumentHasItsOwnShortLivedNode) {
  const auto now_ms = static_cast<WallMs>(1'800'000'000'000);
  const auto credentials = publisher_credentials(world_.authority.authority());
  const auto one = credentials(now_ms), two = credentials(now_ms);
  ASSERT_TRUE(one.ok() && two.ok());
  const auto first = security::load_signer(one->private_key_pem, one->certificate_pem).value();
  const auto second = security::load_signer(two->private_key_pem, two->certificate_pem).value();
  EXPECT_NE(first->node_id(), second->node_id());
  EXPECT_NE(one->private_key_pem, two->private_key_pem);
  EXPECT_EQ(first->certificate()->user_name(),
            services::enrollment_server_name(world_.authority.overlay_name()));
  EXPECT_LE(first->certificate()->not_after_ms(), now_ms + 3'600'000);
}

TEST_F(Publishing, WhatCannotBeSentIsReported) {
  EXPECT_NE(publish(SharedBytes(copy_of(view_of("<nothing/>"))), {loopback(1)}).fault, "");
  EXPECT_NE(publish(world_.document(8), {}).fault, "");  // nobody is known
  EXPECT_NE(publish(world_.document(9, [](config::Configuration& values) { values.expiration_ms = 1; }),
                    {loopback(1)})
                .fault,
            "");
  EXPECT_EQ(publisher_->counters().unpublished, 3U);
  EXPECT_EQ(publisher_->counters().documents, 3U);
}

TEST_F(Publishing, ANewerDocumentTakesThePlaceOfTheOneUnderWay) {
  settings_.push.answer_limit = Duration{60'000};
  settings_.push.round_limit = Duration{120'000};
  const SilentPeer silent(pool_, world_.authority, node_id(2));
  const auto one = peer(1);
  start();
  publisher_->publish(world_.document(8), {silent.address()});
  ASSERT_TRUE(silent.was_asked());
  publisher_->publish(world_.document(6), {one->address()});  // older: not sent
  publisher_->publish(world_.document(9), {one->address()});
  EXPECT_EQ(report(0).sequence, 8);
  EXPECT_NE(report(0).fault.find("superseded by sequence 9"), std::string::npos) << report(0).fault;
  EXPECT_EQ(report(1).sequence, 9);
  EXPECT_EQ(report(1).peers, 1U);
  EXPECT_EQ(one->sequence(), 9);
  publisher_->publish(world_.document(7), {one->address()});
  publisher_->publish(world_.document(9), {one->address()});  // the same again is sent
  EXPECT_EQ(report(2).addresses.at(0).outcome, PushOutcome::has_it);
  EXPECT_EQ(publisher_->counters().documents, 5U);
  EXPECT_EQ(publisher_->counters().superseded, 3U);
}

TEST_F(Publishing, StopsAtOnceWhateverIsUnderWay) {
  settings_.push.answer_limit = Duration{60'000};
  const SilentPeer silent(pool_, world_.authority, node_id(2));
  start();
  const auto begun = std::chrono::steady_clock::now();
  publisher_->publish(world_.document(8), {silent.address()});
  ASSERT_TRUE(silent.was_asked());
  publisher_.reset();
  EXPECT_EQ(report(0).fault, "the server stops");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(10));
}

}  // namespace
}  // namespace ringway::enrolld::test

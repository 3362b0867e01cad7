#include "actors/peer_impl.hpp"

#include <gtest/gtest.h>

#include <caf/typed_event_based_actor.hpp>
#include <optional>

#include "tests/actors/actor_world.hpp"

namespace ringway::actors {
namespace {

// A peer whose actors have all ended, as after leave().
struct StoppedPeerTest : testing::Test, ActorWorld {
  StoppedPeerTest() {
    mailboxes->supervisor = system.spawn([](SupervisorActor::pointer) -> SupervisorActor::behavior_type {
      return {[](StartAtom) {},
              [](LeaveAtom, Answer<Stopped>&) {},
              [](LeftAtom) {},
              [](GiveUpAtom) {},
              [](const PeerFailure&) {},
              [](CredentialsOrder&) {},
              [](UsersOrder&) {},
              [](PhonesOrder&) {},
              [](Answer<PeerStatus>&) {},
              [](StopAtom) {}};
    });
    caf::anon_send_exit(mailboxes->supervisor, caf::exit_reason::user_shutdown);
    run();
    std::promise<void> stopped;
    stopped.set_value();
    PeerImpl::Parts parts;
    parts.mailboxes = mailboxes;
    parts.stopped = stopped.get_future();
    parts.identity.user = "u@example.org";
    parts.identity.configuration_sequence = 3;
    peer.emplace(std::move(parts));
  }
  ~StoppedPeerTest() override {
    peer.reset();
    let_go();
  }

  std::optional<PeerImpl> peer;
};

TEST_F(StoppedPeerTest, SaysWhoItWasAndThatItHasLeft) {
  std::optional<PeerStatus> answer;
  peer->status([&](PeerStatus status) { answer = std::move(status); });
  run();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->routing.phase, "left");
  EXPECT_EQ(answer->user, "u@example.org");
  EXPECT_EQ(answer->configuration_sequence, 3);
}

TEST_F(StoppedPeerTest, RefusesTheCredentialsOfUsers) {
  std::optional<std::string> refusal;
  peer->use_users({}, [&](std::optional<std::string> reason) { refusal = std::move(reason); });
  run();
  EXPECT_EQ(refusal, "the peer has stopped");
}

TEST_F(StoppedPeerTest, RefusesTheAccountsOfPhones) {
  std::optional<std::string> refusal;
  peer->use_phones({}, [&](std::optional<std::string> reason) { refusal = std::move(reason); });
  run();
  EXPECT_EQ(refusal, "the peer has stopped");
}

}  // namespace
}  // namespace ringway::actors

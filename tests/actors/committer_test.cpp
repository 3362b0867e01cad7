#include "actors/committer.hpp"

#include <gtest/gtest.h>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include "actors/driver.hpp"
#include "tests/actors/actor_world.hpp"

namespace ringway::actors {
namespace {

struct CommitterTest : testing::Test, ActorWorld {
  CommitterTest() {
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
              [this](StorageBatch& batch) {
                for (auto& input : batch.inputs) committed.push_back(std::get<data::Committed>(input));
              },
              [](TickAtom, std::uint64_t) {},
              [](StatusAtom) { return StorageReport{}; }};
    });
    mailboxes->committer = system.spawn(drive<CommitterDriver>, CommitterSetup{store, mailboxes});
    watcher = system.spawn([this](caf::event_based_actor* self) {
      self->monitor(mailboxes->committer);
      self->set_down_handler(
          [this, self](caf::down_msg& down) { ended = self->system().render(down.reason); });
      return caf::behavior{[](int) {}};
    });
    run();
  }
  ~CommitterTest() override {
    caf::anon_send_exit(watcher, caf::exit_reason::kill);
    let_go();
  }

  void commit(std::vector<std::uint64_t> tokens) {
    CommitBatch batch;
    for (const auto token : tokens) batch.commits.push_back(data::Commit{token, {}});
    caf::anon_send(mailboxes->committer, std::move(batch));
  }
  std::vector<std::uint64_t> tokens() const {
    std::vector<std::uint64_t> out;
    for (const auto& outcome : committed) out.push_back(outcome.token);
    return out;
  }

  std::shared_ptr<CountingStore> store = std::make_shared<CountingStore>();
  caf::actor watcher;
  std::vector<data::Committed> committed;
  std::string ended;
};

TEST_F(CommitterTest, WhatWaitsTogetherIsOneWrite) {
  commit({1, 2});
  commit({3});
  commit({4});
  run();
  EXPECT_EQ(store->groups, std::vector<std::size_t>{4});
  EXPECT_EQ(tokens(), (std::vector<std::uint64_t>{1, 2, 3, 4}));
  for (const auto& outcome : committed) EXPECT_TRUE(outcome.ok);
}

TEST_F(CommitterTest, WhatComesLaterIsAnotherWrite) {
  commit({1});
  run();
  commit({2});
  run();
  EXPECT_EQ(store->groups, (std::vector<std::size_t>{1, 1}));
  EXPECT_EQ(tokens(), (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(CommitterTest, AGroupIsBounded) {
  std::vector<std::uint64_t> many(k_max_commits_per_group + 10);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = i;
  commit(many);
  run();
  EXPECT_EQ(store->groups, (std::vector<std::size_t>{k_max_commits_per_group, 10}));
  EXPECT_EQ(tokens(), many);
}

TEST_F(CommitterTest, AFactIsWrittenWithoutAnAnswer) {
  caf::anon_send(mailboxes->committer, data::PutFact{"configuration", {1}});
  run();
  EXPECT_EQ(store->groups, std::vector<std::size_t>{1});
  EXPECT_TRUE(committed.empty());
}

TEST_F(CommitterTest, AStoreThatFailsEndsIt) {
  store->broken = true;
  commit({1, 2});
  run();
  ASSERT_EQ(tokens(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_FALSE(committed[0].ok);
  EXPECT_EQ(committed[1].reason, "disk full");
  EXPECT_NE(ended.find("disk full"), std::string::npos) << ended;
}

TEST_F(CommitterTest, WritesWhatWaitsBeforeItStops) {
  commit({1});
  caf::anon_send(mailboxes->committer, StopAtom::value);
  run();
  EXPECT_EQ(store->groups, std::vector<std::size_t>{1});
  EXPECT_EQ(tokens(), std::vector<std::uint64_t>{1});
  EXPECT_NE(ended.find("user_shutdown"), std::string::npos) << ended;
}

}  // namespace
}  // namespace ringway::actors

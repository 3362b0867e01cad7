// The overlay's document: how often it comes, how long it may become, and what becomes of one that came late.
#include "services/enrolld/registrar/document_room.hpp"
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* k_alice = "alice@example.org";
constexpr const char* k_bob = "bob@example.org";
constexpr WallMs k_minute_ms = 60'000;

class DocumentTest : public RegistrarTest {
 protected:
  // Made of the newest.
  Adopted adopt(const Bytes& bytes) { return adopt(bytes, copy_of(newest()->document.view())); }
  Adopted adopt(const Bytes& bytes, const Bytes& made_after) {
    const auto adopted = registrar().adopt_document(bytes, caller_, k_now_ms, made_after);
    EXPECT_TRUE(adopted.ok()) << adopted.error().detail;
    return adopted.ok() ? *adopted : Adopted{};
  }
  // Publishes one whose bytes are so many hundredths of what there may be: a tiny overlay's, with operators'
  // own bad-nodes.
  void fill(std::size_t percent, std::uint16_t sequence) {
    const std::size_t most = newest()->document.size() * 2;
    for (std::uint8_t nodes = 0; nodes < 250; ++nodes) {
      const auto bytes = made_elsewhere(sequence, [&](config::Configuration& next) {
        next.max_message_size_bytes = static_cast<std::uint32_t>(most + k_message_overhead_bytes);
        for (std::uint8_t i = 0; i < nodes; ++i) next.bad_nodes.insert(test::node_id(i, 77));
      });
      if (bytes.size() * 100 < most * percent) continue;
      adopt(bytes);
      return;
    }
    FAIL() << "the document does not become so long";
  }
};

TEST_F(DocumentTest, OneDocumentAMinuteComesOfAllThatWasReplaced) {
  const auto alice = enrol(k_alice, test::new_key()).value(), bob = enrol(k_bob, test::new_key()).value();
  ASSERT_TRUE(enrol(k_alice, test::new_key(), k_now_ms, alice.nodes[0]).ok());
  ASSERT_TRUE(enrol(k_bob, test::new_key(), k_now_ms, bob.nodes[0]).ok());
  EXPECT_EQ(newest()->sequence, 7);
  EXPECT_EQ(registrar().gather_document("timer", k_now_ms + k_minute_ms - 1).value(), 7);
  EXPECT_EQ(registrar().gather_document("timer", k_now_ms + k_minute_ms).value(), 8);
  EXPECT_THAT(newest()->bad_nodes, testing::IsSupersetOf({alice.nodes[0], bob.nodes[0], test::node_id(99)}));
  // Another server at the same database has to wait, too.
  const auto again = enrol(k_alice, test::new_key(), k_now_ms + k_minute_ms).value();
  ASSERT_TRUE(enrol(k_alice, test::new_key(), k_now_ms + k_minute_ms, again.nodes[0]).ok());
  const auto other_records = open_records();
  const auto other = make_registrar(*other_records, settings());
  EXPECT_EQ(other->gather_document("timer", k_now_ms + k_minute_ms + 1).value(), 8);
  EXPECT_EQ(other->gather_document("timer", k_now_ms + 2 * k_minute_ms).value(), 9);
  EXPECT_TRUE(newest()->bad_nodes.contains(again.nodes[0]));
}

TEST_F(DocumentTest, WhatAnOperatorRevokesDoesNotWait) {
  // Shows: FM-27.
  const auto alice = enrol(k_alice, test::new_key()).value(), bob = enrol(k_bob, test::new_key()).value();
  ASSERT_TRUE(enrol(k_alice, test::new_key(), k_now_ms, alice.nodes[0]).ok());
  EXPECT_EQ(registrar().revoke_node(bob.nodes[0], "stolen", caller_, k_now_ms + 1).value().sequence, 8);
  EXPECT_THAT(newest()->bad_nodes, testing::IsSupersetOf({alice.nodes[0], bob.nodes[0]}));
}

TEST_F(DocumentTest, TheLastQuarterIsForOperators) {
  // Shows: FM-27.
  const auto alice = enrol(k_alice, test::new_key()).value(), bob = enrol(k_bob, test::new_key()).value();
  fill(76, 9);
  const auto refused = enrol(k_alice, test::new_key(), k_now_ms, alice.nodes[0]);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().refusal, Refusal::unavailable);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("operator"));
  EXPECT_EQ(registrar().tally().of(Event::no_room_to_replace), 1U);
  EXPECT_THAT(records().revoked_nodes(k_now_ms).value(), IsEmpty());
  EXPECT_EQ(registrar().revoke_node(bob.nodes[0], "stolen", caller_, k_now_ms).value().sequence, 10);
  EXPECT_TRUE(newest()->bad_nodes.contains(bob.nodes[0]));
}

TEST_F(DocumentTest, WhatWaitsForTheNextDocumentTakesRoomToo) {
  limits_.nodes_of_device = 1;
  auto alice = enrol(k_alice, test::new_key()).value();
  const auto bob = enrol(k_bob, test::new_key()).value();
  fill(72, 9);
  ASSERT_TRUE(enrol(k_alice, test::new_key(), k_now_ms, alice.nodes[0]).ok());
  for (int i = 0; i < 2; ++i) {
    const auto more = enrol("carol@example.org", test::new_key()).value();
    ASSERT_TRUE(records().revoke_device(more.nodes[0], {"replaced", "", k_now_ms}).ok());
  }
  EXPECT_FALSE(enrol(k_bob, test::new_key(), k_now_ms, bob.nodes[0]).ok());
  EXPECT_EQ(registrar().tally().of(Event::no_room_to_replace), 1U);
}

TEST_F(DocumentTest, OneThatDoesNotFitIntoAMessageIsNotPublished) {
  const auto alice = enrol(k_alice, test::new_key()).value();
  fill(99, 9);
  const auto before = newest()->document.size();
  ASSERT_LE(before, most_document_bytes(*newest()));
  const auto revoked = registrar().revoke_node(alice.nodes[0], "stolen", caller_, k_now_ms);
  ASSERT_FALSE(revoked.ok());
  EXPECT_EQ(revoked.error().refusal, Refusal::unavailable);
  EXPECT_THAT(revoked.error().message, testing::HasSubstr("no room"));
  EXPECT_THAT(revoked.error().detail, testing::HasSubstr("max-message-size"));
  EXPECT_EQ(registrar().tally().of(Event::document_too_long), 1U);
  EXPECT_EQ(newest()->sequence, 9);
  // It is marked all the same, and published when there is room: the server goes on trying.
  adopt(made_elsewhere(10, [](config::Configuration& next) { next.bad_nodes.clear(); }));
  EXPECT_EQ(registrar().gather_document("timer", k_now_ms + k_minute_ms).value(), 11);
  EXPECT_THAT(newest()->bad_nodes, ElementsAre(alice.nodes[0]));
}

TEST_F(DocumentTest, NeitherIsOneMadeElsewhereThatDoesNotFit) {
  registrar();
  const auto longer = made_elsewhere(8, [](config::Configuration& next) {
    next.max_message_size_bytes = 2048;
    next.bad_nodes.insert(test::node_id(5));
  });
  EXPECT_FALSE(registrar().adopt_document(longer, caller_, k_now_ms).ok());
  EXPECT_EQ(registrar().tally().of(Event::document_too_long), 1U);
  EXPECT_EQ(newest()->sequence, 7);
}

TEST_F(DocumentTest, WhomALateDocumentShutsOutIsShutOut) {
  // Shows: FM-27.
  const auto alice = enrol(k_alice, test::new_key()).value();
  const auto late =
      made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); });
  ASSERT_EQ(registrar().revoke_node(alice.nodes[0], "", caller_, k_now_ms).value().sequence, 8);
  const auto adopted = adopt(late);
  EXPECT_TRUE(adopted.superseded);
  EXPECT_THAT(adopted.rescued, ElementsAre(test::node_id(55)));
  EXPECT_EQ(adopted.lost, "");
  EXPECT_EQ(newest()->sequence, 9);
  EXPECT_THAT(newest()->bad_nodes,
              testing::UnorderedElementsAre(test::node_id(55), test::node_id(99), alice.nodes[0]));
  EXPECT_EQ(registrar().tally().of(Event::document_superseded), 1U);
  EXPECT_EQ(registrar().tally().of(Event::document_changes_lost), 0U);
}

TEST_F(DocumentTest, TwoUpdatesInARowLetNobodyInAgain) {
  // Shows: FM-27.
  const auto alice = enrol(k_alice, test::new_key()).value();
  const Bytes folders = copy_of(newest()->document.view());
  // Both are made of the folder's 7; meanwhile the server has published its own 8.
  const auto second =
      made_elsewhere(9, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); });
  ASSERT_EQ(registrar().revoke_node(alice.nodes[0], "", caller_, k_now_ms).value().sequence, 8);
  EXPECT_FALSE(adopt(second, folders).superseded);
  EXPECT_EQ(newest()->sequence, 10);
  EXPECT_THAT(newest()->bad_nodes,
              testing::UnorderedElementsAre(test::node_id(55), test::node_id(99), alice.nodes[0]));
  EXPECT_FALSE(
      adopt(newest()->document.size() > 0 ? copy_of(newest()->document.view()) : Bytes()).superseded);
  EXPECT_EQ(newest()->sequence, 10);
}

TEST_F(DocumentTest, WhatAnotherFolderShutsOutStaysUnlessItIsTakenOut) {
  // Shows: FM-27.
  registrar();
  const Bytes seventh = copy_of(newest()->document.view());
  const auto of_here =
      made_elsewhere(9, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(66)); });
  adopt(made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); }));
  adopt(of_here, seventh);
  EXPECT_THAT(newest()->bad_nodes,
              testing::UnorderedElementsAre(test::node_id(55), test::node_id(66), test::node_id(99)));
  const Bytes tenth = copy_of(newest()->document.view());
  adopt(made_elsewhere(11, [](config::Configuration& next) { next.bad_nodes.erase(test::node_id(55)); }),
        tenth);
  EXPECT_THAT(newest()->bad_nodes, testing::UnorderedElementsAre(test::node_id(66), test::node_id(99)));
  EXPECT_EQ(newest()->sequence, 11);
}

TEST_F(DocumentTest, WhomItAloneShutsOutIsNotCertifiedAgain) {
  const auto key = test::new_key();
  const auto alice = enrol(k_alice, key).value();
  adopt(made_elsewhere(8, [&](config::Configuration& next) { next.bad_nodes.insert(alice.nodes[0]); }));
  const auto page = registrar().list(k_alice, 0, 10).value();
  EXPECT_TRUE(page.shut_out.contains(alice.nodes[0]));
  EXPECT_FALSE(page.accounts.at(0).devices.at(0).revoked_ms);
  const auto again = enrol(k_alice, key);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().refusal, Refusal::bad_csr);
  EXPECT_TRUE(enrol(k_alice, test::new_key()).ok());
  const Bytes eighth = copy_of(newest()->document.view());
  adopt(made_elsewhere(10, [&](config::Configuration& next) { next.bad_nodes.erase(alice.nodes[0]); }),
        eighth);
  EXPECT_TRUE(enrol(k_alice, key).ok()) << "it was taken back";
}

TEST_F(DocumentTest, IsNotSignedForLongerThanTheSignerHolds) {
  // The folder's signer has been renewed, and this server has the certificate before.
  const auto alice = enrol(k_alice, test::new_key()).value();
  const WallMs end_ms = signer_->certificate()->not_after_ms();
  adopt(made_elsewhere(8, [&](config::Configuration& next) { next.expiration_ms = end_ms + 10 * k_day_ms; }));
  EXPECT_EQ(newest()->expiration_ms, end_ms + 10 * k_day_ms);
  ASSERT_TRUE(registrar().revoke_node(alice.nodes[0], "", caller_, k_now_ms).ok());
  EXPECT_EQ(newest()->expiration_ms, end_ms);
}

TEST_F(DocumentTest, ADocumentMadeWhileTheServerWasAwayLetsNobodyInAgain) {
  // Shows: FM-27.
  registrar();
  // Of the folder's 7, or of a later one: a server that has just started does not know.
  const auto folders =
      made_elsewhere(9, [](config::Configuration& next) { next.bad_nodes = {test::node_id(66)}; });
  adopt(made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); }));
  adopt(folders, Bytes());
  EXPECT_EQ(newest()->sequence, 10);
  EXPECT_THAT(newest()->bad_nodes,
              testing::UnorderedElementsAre(test::node_id(55), test::node_id(66), test::node_id(99)));
}

TEST_F(DocumentTest, TheSignerIsNeverShutOut) {
  // An operator has written it into a document; the one after it would be nobody's.
  const auto alice = enrol(k_alice, test::new_key()).value();
  adopt(made_elsewhere(8, [&](config::Configuration& next) { next.bad_nodes.insert(signer_->node_id()); }));
  EXPECT_EQ(newest()->sequence, 9);
  EXPECT_THAT(newest()->bad_nodes, testing::ElementsAre(test::node_id(99)));
  ASSERT_EQ(registrar().revoke_node(alice.nodes[0], "", caller_, k_now_ms).value().sequence, 10);
  EXPECT_THAT(newest()->bad_nodes, testing::UnorderedElementsAre(test::node_id(99), alice.nodes[0]));
}

TEST_F(DocumentTest, WhatElseALateDocumentSaysIsToldAndNotTakenOver) {
  registrar();
  adopt(made_elsewhere(9));
  const auto adopted = adopt(made_elsewhere(9, [](config::Configuration& next) {
    next.bootstrap_nodes.push_back({"192.0.2.7", 6084});
  }));
  EXPECT_TRUE(adopted.superseded);
  EXPECT_THAT(adopted.rescued, IsEmpty());
  EXPECT_EQ(adopted.lost, "bootstrap nodes");
  EXPECT_EQ(newest()->sequence, 9);
  EXPECT_THAT(newest()->bootstrap_nodes, IsEmpty());
  EXPECT_EQ(registrar().tally().of(Event::document_changes_lost), 1U);
}

TEST_F(DocumentTest, ADocumentThatWasPublishedBeforeBringsNothingBack) {
  registrar();
  const auto first = copy_of(newest()->document.view());
  adopt(made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.clear(); }));
  EXPECT_FALSE(adopt(first).superseded);
  EXPECT_THAT(newest()->bad_nodes, IsEmpty());
}

TEST_F(DocumentTest, ALateDocumentDoesNotShutOutWhoseCertificateHasEnded) {
  const auto alice = enrol(k_alice, test::new_key()).value();
  ASSERT_TRUE(registrar().revoke_node(alice.nodes[0], "", caller_, k_now_ms).ok());
  const auto late = made_elsewhere(9, [](config::Configuration& next) { next.turn_density = 2; });
  const WallMs later_ms = alice.not_after_ms + 1;
  ASSERT_EQ(registrar().gather_document("timer", later_ms).value(), 9);
  const auto adopted = registrar().adopt_document(late, caller_, later_ms);
  ASSERT_TRUE(adopted.ok()) << adopted.error().detail;
  EXPECT_THAT(adopted->rescued, IsEmpty());
  EXPECT_THAT(newest()->bad_nodes, ElementsAre(test::node_id(99)));
}

}  // namespace
}  // namespace ringway::enrolld

// A storing peer that lies about what it holds (RFC 6940 §13.5).
#include <algorithm>
#include <memory>

#include "tests/sim/attacks/liars.hpp"

namespace ringway::sim {
namespace {

using wire::MessageCode;

class StoringPeer : public Attacks {
 protected:
  static constexpr PeerNumber k_owner = 2, k_liar = 5, k_reader = 4;
  StoringPeer() : Attacks(8, 702) {}

  const wire::KindModels* kinds() const { return &simulation.configuration()->kinds; }
  // What the liar answers to a Fetch: `change` is done to what it would have said.
  void fetches_lie(std::function<void(wire::FetchAns&)> change) {
    answers_of(k_liar, MessageCode::fetch_ans, [this, change](const wire::Message& honest) {
      auto answer = wire::decode<wire::FetchAns>(honest.contents.body, kinds());
      if (!answer) throw std::runtime_error("the liar's own answer cannot be read");
      change(*answer);
      return wire::encode(*answer);
    });
  }
  static wire::StoredData& first_value(wire::FetchAns& answer) {
    return answer.kind_responses.at(0).values.at(0);
  }
  const std::string key = key_at(k_liar, k_owner);
};

TEST_F(StoringPeer, AChangedValueIsDiscardedAndReadElsewhere) {
  // Shows: STORE-37, FM-07.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "true")));
  fetches_lie([](wire::FetchAns& answer) {
    auto& value = first_value(answer);
    value.value.data.value = SharedBytes(copy_of(view_of("forged")));
    value.value_wire = {};
  });
  for (const PeerNumber reader : simulation.living()) {
    if (reader == k_liar) continue;
    EXPECT_EQ(read(reader, key), "true") << "through peer " << reader;
    EXPECT_EQ(stored(reader).values_discarded, 1U);
    EXPECT_EQ(stored(reader).second_opinions, 1U);
  }
}

TEST_F(StoringPeer, WhenEverybodyLiesNothingIsBelieved) {
  // Shows: STORE-37, FM-07.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "true")));
  const auto forge = [this](const wire::Message& honest) {
    auto answer = wire::decode<wire::FetchAns>(honest.contents.body, kinds());
    for (auto& value : answer->kind_responses.at(0).values) {
      value.value.data.value = SharedBytes(copy_of(view_of("forged")));
      value.value_wire = {};
    }
    return wire::encode(*answer);
  };
  for (const PeerNumber peer : simulation.living())
    if (peer != k_reader) answers_of(peer, MessageCode::fetch_ans, forge);
  const auto holders = simulation.holders_of({resource_id_of(std::string_view(key)), config::k_owner_value});
  ASSERT_EQ(std::count(holders.begin(), holders.end(), k_reader), 0) << "another seed";
  EXPECT_EQ(read(k_reader, key).substr(0, 8),
            "error " + std::to_string(static_cast<int>(data::CallError::data_loss)) + ":");
  EXPECT_EQ(stored(k_reader).values_discarded, 2U);
}

TEST_F(StoringPeer, DeniesInVainWhatWasSeenBefore) {
  // Shows: FM-13, FM-14.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "true")));
  ASSERT_EQ(read(k_reader, key), "true");
  fetches_lie([](wire::FetchAns& answer) { answer.kind_responses.at(0).values.clear(); });
  EXPECT_EQ(read(k_reader, key), "true");
  EXPECT_EQ(stored(k_reader).second_opinions, 1U);
  // What is gone is gone: the writer's own word needs no second one.
  simulation.network().be_honest(k_liar);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(
      simulation.call(k_owner, data::RemoveCall{key, "", std::nullopt})));
  EXPECT_EQ(read(k_reader, key).substr(0, 8), "error 1:");
  EXPECT_EQ(stored(k_reader).second_opinions, 1U);
}

TEST_F(StoringPeer, CannotSignAValueInItsOwnersPlace) {
  // Shows: STORE-37, FM-06, FM-07.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "true")));
  const auto own = simulation.peer(k_liar).identity().signer;
  const ResourceId resource = resource_id_of(std::string_view(key));
  fetches_lie([&](wire::FetchAns& answer) {
    auto& value = first_value(answer);
    value.value.data.value = SharedBytes(copy_of(view_of("forged")));
    wire::Writer written;
    wire::write(written, value.value);
    value.value_wire = SharedBytes(written.take());
    value.signature =
        own->sign(security::value_signature_input(resource, config::k_owner_value, value.storage_time_ms,
                                                  wire::DataModel::dictionary, value.value_wire));
  });
  EXPECT_NE(read(k_reader, key), "forged");
  EXPECT_EQ(stored(k_reader).values_discarded, 1U);
}

TEST_F(StoringPeer, AnOldValueIsFlaggedToWhoHasSeenTheNewer) {
  // Shows: STORE-38, FM-09.
  RINGWAY_SEED(simulation);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "old")));
  const auto kept = std::make_shared<std::optional<wire::FetchAns>>();
  fetches_lie([kept](wire::FetchAns& answer) { *kept = answer; });
  ASSERT_EQ(read(k_reader, key), "old");
  ASSERT_TRUE(kept->has_value());
  const wire::FetchAns old = **kept;
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "new")));
  ASSERT_EQ(read(k_reader, key), "new");
  ASSERT_EQ(stored(k_reader).rollbacks, 0U);

  fetches_lie([&old](wire::FetchAns& answer) { answer = old; });
  const auto result = get(k_reader, key);
  const auto* got = std::get_if<data::GetResult>(&result);
  ASSERT_NE(got, nullptr) << describe(result);
  EXPECT_EQ(text_of(got->entries.at(0).value), "old");
  EXPECT_TRUE(got->entries.at(0).rolled_back);
  EXPECT_EQ(stored(k_reader).rollbacks, 1U);
}

TEST_F(StoringPeer, ARemovedValueDoesNotComeBackWhileItCouldHaveLived) {
  // Shows: STORE-25, STORE-14, FM-08, FM-10.
  RINGWAY_SEED(simulation);
  // An attacker keeps the Store that went through its hands.
  const auto stores = captured_from(k_owner, MessageCode::store_req);
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(put(k_owner, key, "regretted", 3600)));
  ASSERT_FALSE(stores->empty());
  const SharedBytes kept = stores->back();
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(
      simulation.call(k_owner, data::RemoveCall{key, "", std::nullopt})));
  simulation.network().be_honest(k_owner);
  simulation.run_for(Duration{3'500'000});  // nearly as long as it was to live
  const auto refused = stored(k_liar).stores_refused;
  send(k_reader, k_liar, with_header(kept, [&](auto& header) {
         header.configuration_sequence = simulation.configuration()->sequence;
       }));
  EXPECT_EQ(stored(k_liar).stores_refused, refused + 1);
  EXPECT_EQ(read(k_reader, key).substr(0, 8), "error 1:");
}

}  // namespace
}  // namespace ringway::sim

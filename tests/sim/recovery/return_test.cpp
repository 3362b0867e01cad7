// Peers that come back after a long time, with an old disk or out of a long isolation: what they hold was
// changed and removed meanwhile, and must not be served as if it were current.
#include <algorithm>
#include <memory>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t k_year_s = 365 * 86400;
constexpr std::size_t k_peers = 8;
constexpr std::size_t k_values = 30;

Bytes text(const std::string& words) { return copy_of(view_of(words)); }

// A ring with values of three kinds: those that nobody changes, those that are changed, those that are
// removed while one peer is away.
class Return : public ::testing::TestWithParam<std::uint64_t> {
 protected:
  static SimulationSettings quiet(std::uint64_t seed) {
    auto settings = settings_of(seed);
    // A month goes by: less to do in it.
    settings.configure = [](config::Configuration& values) {
      values.chord_update_interval = 12h;
      values.chord_ping_interval = 48h;
    };
    return settings;
  }
  enum class Fate { stays, changes, goes };
  static Fate fate_of(std::size_t number) { return static_cast<Fate>(number % 3); }

  void SetUp() override {
    ASSERT_TRUE(simulation_.grow(k_peers));
    ASSERT_TRUE(forms_ring(simulation_));
    const auto ring = simulation_.living();
    away_ = ring[3];
    writer_ = ring[6];
    for (std::size_t i = 0; i < k_values; ++i) {
      current_[name_of_value(i)] = text("first");
      put(name_of_value(i), text("first"), lifetime_s_);
    }
    simulation_.run_for(2s);
    ASSERT_EQ(acknowledged_, k_values);
  }

  void call(data::Call what) {
    simulation_.peer(writer_).submit({std::move(what)}, [this](const auto& results) {
      if (std::holds_alternative<data::PutResult>(results.at(0)))
        ++acknowledged_;
      else
        ADD_FAILURE() << describe(results.at(0));
    });
  }
  void put(const std::string& name, const Bytes& value, std::uint32_t lifetime_s) {
    data::PutCall what;
    what.key = name;
    what.value = value;
    what.lifetime_s = lifetime_s;
    call(what);
  }
  void change_things(std::uint32_t lifetime_s) {
    acknowledged_ = 0;
    for (std::size_t i = 0; i < k_values; ++i) {
      auto& value = current_[name_of_value(i)];
      if (fate_of(i) == Fate::changes) put(name_of_value(i), value = text("second"), lifetime_s);
      if (fate_of(i) == Fate::goes) {
        value.clear();
        call(data::RemoveCall{name_of_value(i), "", std::nullopt});
      }
    }
    simulation_.run_for(30s);
    ASSERT_EQ(acknowledged_, k_values * 2 / 3);
  }
  void everything_expires() {
    for (auto& [name, value] : current_) value.clear();
  }

  // Reads everything through this peer; an answer must be the present value, no answer is none.
  void read_all(PeerNumber peer) {
    for (const auto& [name, value] : current_) {
      simulation_.peer(peer).submit(
          {data::GetCall{name, std::nullopt}}, [this, peer, name = name, value = value](const auto& results) {
            const auto* got = std::get_if<data::GetResult>(&results.at(0));
            if (got == nullptr) {
              const auto& failure = std::get<data::CallFailure>(results.at(0));
              if (failure.error == data::CallError::not_found) ++(value.empty() ? good_ : missing_);
              return;
            }
            const bool right = got->entries.empty() == value.empty() &&
                               (value.empty() || got->entries.front().value == value);
            ++(right ? good_ : got->entries.empty() ? missing_ : old_);
          });
    }
  }
  // Reads through these peers again and again, for some seconds after the peer has come back.
  void watch_return(const std::vector<PeerNumber>& readers) {
    for (int i = 0; i < 50; ++i) {
      for (const PeerNumber peer : readers) read_all(peer);
      simulation_.run_for(i < 40 ? Duration{50} : Duration{2'000});
    }
    simulation_.run_for(20s);
    EXPECT_EQ(old_, 0U) << "old values were served";
    EXPECT_EQ(missing_, 0U) << "values were not there";
    good_ = 0;
    for (const PeerNumber peer : simulation_.living()) read_all(peer);
    simulation_.run_for(20s);
    EXPECT_EQ(good_, k_values * simulation_.living().size());
    EXPECT_EQ(old_ + missing_, 0U);
  }
  PeerNumber other() const {
    const auto ring = simulation_.living();
    return ring[0] == away_ ? ring[1] : ring[0];
  }

  Simulation simulation_{quiet(GetParam())};
  std::uint32_t lifetime_s_ = k_year_s;
  PeerNumber away_ = 0, writer_ = 0;
  std::map<std::string, Bytes> current_;  // empty: nothing is there any more
  std::size_t acknowledged_ = 0;
  std::size_t good_ = 0, old_ = 0, missing_ = 0;  // answers
};

TEST_P(Return, AfterAnHourNothingOldIsServed) {
  RINGWAY_SEED(simulation_);
  simulation_.kill(away_, Death::silent);
  simulation_.run_for(2min);
  change_things(k_year_s);
  simulation_.run_for(1h);
  simulation_.restart(away_, false, other());
  watch_return({away_, other()});
}

TEST_P(Return, AfterAMonthNothingOldIsServed) {
  RINGWAY_SEED(simulation_);
  simulation_.kill(away_, Death::silent);
  simulation_.run_for(2min);
  change_things(k_year_s);
  simulation_.run_for(30 * 24h);
  simulation_.restart(away_, false, other());
  watch_return({away_, other()});
}

TEST_P(Return, AnOldValueDoesNotRiseAgainWhenItsRemovalHasExpired) {
  // A removal outlives what it removes, wherever that is.
  RINGWAY_SEED(simulation_);
  lifetime_s_ = 2 * 86400;
  for (std::size_t i = 0; i < k_values; ++i) put(name_of_value(i), text("first"), lifetime_s_);
  simulation_.run_for(10s);
  simulation_.kill(away_, Death::silent);
  simulation_.run_for(2min);
  change_things(lifetime_s_);
  simulation_.run_for(47h);  // most of its lifetime has gone by
  simulation_.restart(away_, false, other());
  watch_return({away_, other()});
  simulation_.kill(away_, Death::silent);
  simulation_.run_for(30 * 24h);
  everything_expires();
  simulation_.restart(away_, false, other());
  watch_return({away_, other()});
}

TEST_P(Return, OutOfAnHourAloneItJoinsAgainBeforeItAnswers) {
  // Shows: TOPO-29.
  RINGWAY_SEED(simulation_);
  simulation_.network().partition({{away_, 1}});
  simulation_.run_for(2min);
  ASSERT_TRUE(simulation_.peer(away_).status().view->alone());
  change_things(k_year_s);
  simulation_.run_for(1h);
  simulation_.network().heal();
  EXPECT_TRUE(simulation_.run_until([&] { return !simulation_.peer(away_).status().view->joined; }, 60s))
      << "it goes on answering with what it has";
  watch_return({away_, other()});
  EXPECT_TRUE(simulation_.is_one_ring(3)) << simulation_.ring_fault(3);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Return, ::testing::Values(1, 2));

}  // namespace
}  // namespace ringway::sim

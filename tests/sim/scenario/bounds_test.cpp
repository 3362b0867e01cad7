// The law tables-bounded: every table of a peer is looked at, shows what is in it, and may not outgrow its
// bound.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "sim/check/ring_check.hpp"

namespace ringway::sim {
namespace {

class Bounds : public testing::Test {
 protected:
  static SimulationSettings settings() {
    SimulationSettings settings;
    settings.seed = 11;
    settings.cryptography = Cryptography::stand_in;
    return settings;
  }
  // Most that any peer had in each table, looked at all the time.
  void watch_tables_for(Duration duration) {
    const auto end = simulation.now().mono + duration;
    while (simulation.now().mono < end) {
      simulation.run_for(Duration{5});
      for (const PeerNumber peer : simulation.living())
        for (const TableSize& table : tables_of(simulation.peer(peer)))
          most[table.name] = std::max(most[table.name], table.size);
    }
  }
  void put(PeerNumber peer, const std::string& key, bool keep = false) {
    data::PutCall call;
    call.key = key;
    call.value = copy_of(view_of("value"));
    call.keep = keep;
    simulation.peer(peer).submit({std::move(call)}, [](auto) {});
  }
  void get(PeerNumber peer, const std::string& key, data::Consistency consistency) {
    simulation.peer(peer).submit({data::GetCall{key, std::nullopt, consistency}}, [](auto) {});
  }

  Simulation simulation{settings()};
  std::map<std::string, std::size_t> most;
};

TEST_F(Bounds, EachTableThatIsTooFullIsFound) {
  ASSERT_TRUE(simulation.grow(2));
  auto tables = tables_of(simulation.peer(0));
  ASSERT_EQ(bounds_fault(tables), "");
  std::set<std::string> names;
  for (TableSize& table : tables) {
    EXPECT_TRUE(names.insert(table.name).second) << table.name << " is there twice";
    ASSERT_GT(table.bound, 0U) << table.name;
    const auto size = std::exchange(table.size, table.bound);
    EXPECT_EQ(bounds_fault(tables), "");
    table.size = table.bound + 1;
    EXPECT_NE(bounds_fault(tables).find(table.name), std::string::npos);
    table.size = size;
  }
}

TEST_F(Bounds, TablesShowWhatIsInThem) {
  ASSERT_TRUE(simulation.grow(8));
  for (int i = 0; i < 40; ++i) put(i % 8, "shared/key-" + std::to_string(i), i % 4 == 0);
  watch_tables_for(Duration{1'000});
  for (int i = 0; i < 8; ++i)
    simulation.peer(i).watch(
        {"shared/key-" + std::to_string(i), std::nullopt}, [](auto) {}, true);
  watch_tables_for(Duration{500});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 8; ++i) put(i, "shared/key-" + std::to_string(i));
    for (int i = 0; i < 8; ++i)
      get(i, "shared/key-" + std::to_string(3 * i),
          i % 2 == 0 ? data::Consistency::quorum : data::Consistency::disjoint);
    watch_tables_for(Duration{500});
  }
  simulation.start(simulation.add_peer());
  watch_tables_for(Duration{2'000});
  simulation.kill(simulation.living().front());
  simulation.run_for(Duration{29'000});
  watch_tables_for(Duration{3'000});
  for (const char* name : {"links",
                           "transactions",
                           "requests of others",
                           "answers remembered",
                           "bytes of answers remembered",
                           "bytes that wait for their signature check",
                           "channels",
                           "channels that are asked for",
                           "channels that others have asked for",
                           "addresses of peers that were linked to",
                           "requests that wait",
                           "decoded Kinds",
                           "bytes of decoded Kinds",
                           "watched resources",
                           "subscriptions of one node",
                           "calls",
                           "careful reads",
                           "holders remembered",
                           "items whose times are remembered",
                           "written values",
                           "kept values",
                           "watchers that are notified",
                           "bytes of notices",
                           "notices for one watcher",
                           "bytes of notices for one watcher",
                           "watches",
                           "watched keys",
                           "bytes of watched values",
                           "events that wait for an application",
                           "nodes whose notices are counted",
                           "looks at watched keys",
                           "values that wait for their copies",
                           "copies in the background",
                           "peers that were handed their range",
                           "earlier views of the ring",
                           "ranges to compare",
                           "comparisons",
                           "parts of a comparison",
                           "questions of a neighbour",
                           "channels of replication",
                           "channels of replication that are awaited",
                           "certificates found good",
                           "signatures found good"})
    EXPECT_GT(most[name], 0U) << name;
}

}  // namespace
}  // namespace ringway::sim

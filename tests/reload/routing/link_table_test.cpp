// The table of links: by link and by node, while links come and go in any order.
#include "reload/routing/link_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ringway::routing {
namespace {

NodeId node(std::uint8_t number) {
  NodeId id;
  id.bytes[15] = number;
  return id;
}

LinkTable::Link link(std::uint64_t number, const NodeId& to) {
  LinkTable::Link link;
  link.id = {number};
  link.node = to;
  return link;
}

TEST(LinkTable, TheBestLinkIsAttachedThenHealthyThenNewest) {
  LinkTable table;
  table.add(link(1, node(7)));
  table.add(link(2, node(7)));
  EXPECT_EQ(table.to(node(7))->id.number, 2U);
  table.find({2})->suspected = true;
  EXPECT_EQ(table.to(node(7))->id.number, 1U);
  table.find({2})->attached = true;
  EXPECT_EQ(table.to(node(7))->id.number, 2U);
  EXPECT_TRUE(table.attached_to(node(7)));
  EXPECT_EQ(table.to(node(8)), nullptr);
}

TEST(LinkTable, TheAddressAtTheOtherEndIsKept) {
  wire::IpAddressPort address;
  address.type = wire::AddressType::ipv4;
  address.address = {192, 0, 2, 1};
  address.port = 6084;
  LinkTable table;
  auto made = link(1, node(7));
  made.remote = address;
  table.add(std::move(made));
  EXPECT_EQ(table.find({1})->remote.full(), address);
}

TEST(LinkTable, WhenItWasHeardIsKeptOfTheAccessLinksOfOthersAlone) {
  LinkTable table;
  auto theirs = link(1, node(7)), ours = link(2, node(8));
  theirs.incoming = true;
  table.heard(table.add(std::move(theirs)), MonoTime{5});
  table.heard(table.add(std::move(ours)), MonoTime{6});
  EXPECT_EQ(table.heard_at(*table.find({1})), MonoTime{5});
  EXPECT_EQ(table.heard_at(*table.find({2})), MonoTime{});
  table.heard(*table.find({1}), MonoTime{9});
  EXPECT_EQ(table.heard_at(*table.find({1})), MonoTime{9});
  table.attach(*table.find({1}));
  table.heard(*table.find({1}), MonoTime{12});
  EXPECT_EQ(table.heard_at(*table.find({1})), MonoTime{});
  EXPECT_TRUE(table.attached_to(node(7)));
}

TEST(LinkTable, WhenItWasHeardGoesWithTheLink) {
  LinkTable table;
  auto theirs = link(1, node(7));
  theirs.incoming = true;
  const LinkTable::Link copy = theirs;
  table.heard(table.add(std::move(theirs)), MonoTime{5});
  table.remove({1});
  EXPECT_EQ(table.heard_at(copy), MonoTime{});
}

TEST(LinkTable, TheOtherNodesOfACertificateStayAsLongAsTheLink) {
  LinkTable table;
  table.add(link(1, node(7)), {node(6), node(7), node(8)});
  table.add(link(2, node(9)), {node(9)});
  EXPECT_EQ(table.further_nodes({1}), (std::vector<NodeId>{node(6), node(8)}));
  EXPECT_TRUE(table.further_nodes({2}).empty());
  table.remove({1});
  EXPECT_TRUE(table.further_nodes({1}).empty());
}

// Against a table that is obviously right.
TEST(LinkTable, FindsWhatIsThereWhateverCameAndWent) {
  std::mt19937 random(1);
  LinkTable table;
  std::map<std::uint64_t, NodeId> wanted;
  std::uint64_t last = 0;
  for (int step = 0; step < 2000; ++step) {
    if (wanted.empty() || random() % 5 < 3) {
      const NodeId to = node(static_cast<std::uint8_t>(random() % 20));
      EXPECT_EQ(table.add(link(++last, to)).id.number, last);
      wanted[last] = to;
    } else {
      const auto gone = std::next(wanted.begin(), static_cast<std::ptrdiff_t>(random() % wanted.size()));
      ASSERT_TRUE(table.remove({gone->first}));
      EXPECT_FALSE(table.remove({gone->first}));
      wanted.erase(gone);
    }
    ASSERT_EQ(table.size(), wanted.size());
    for (std::uint8_t number = 0; number < 20; ++number) {
      std::vector<std::uint64_t> ids;
      for (const auto& [id, to] : wanted)
        if (to == node(number)) ids.push_back(id);
      std::vector<std::uint64_t> found;
      for (const auto* one : table.all_to(node(number))) found.push_back(one->id.number);
      ASSERT_EQ(found, ids);
    }
  }
}

}  // namespace
}  // namespace ringway::routing

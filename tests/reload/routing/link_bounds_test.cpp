// How many links there may be, and of whom: the bounds of the Connection Table.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/reload/routing/lone_peer.hpp"

namespace ringway::routing::test {
namespace {

using namespace std::chrono_literals;
using ringway::test::node_id;
using wire::ErrorCode;
using wire::MessageCode;

constexpr std::size_t k_max_links = 40;  // of which 5 are reserved and 10 may be access links

class LinkBounds : public ::testing::Test {
 protected:
  LinkBounds() {
    LonePeer::Setup setup;
    setup.settings = [](RoutingSettings& settings) { settings.max_links = k_max_links; };
    peer_.emplace(setup);
    // The peer is 0x40; four neighbours on each side: the ring's far side is of no use to it.
    for (const int at : {0x3C, 0x3D, 0x3E, 0x3F, 0x41, 0x42, 0x43, 0x44})
      neighbors_.push_back(peer_->neighbor(node_id(static_cast<std::uint8_t>(at))));
  }
  bool closed(const Remote& remote) const {
    return std::any_of(peer_->closed.begin(), peer_->closed.end(),
                       [&](const CloseLink& one) { return one.link == remote.link; });
  }
  // The link is gone, as after each CloseLink.
  void go(const Remote& remote) { peer_->input(LinkDown{remote.link, 0, "closed"}); }

  std::optional<LonePeer> peer_;
  std::vector<Remote> neighbors_;
};

TEST_F(LinkBounds, ANodeMayHaveSoManyLinks) {
  std::vector<Remote> links;
  for (int i = 0; i < 4; ++i) links.push_back(peer_->connect(node_id(0x90)));
  EXPECT_TRUE(peer_->closed.empty());
  const Remote fifth = peer_->connect(node_id(0x90));
  EXPECT_TRUE(closed(links[0]));  // the oldest makes room
  EXPECT_FALSE(closed(fifth));
  EXPECT_EQ(peer_->closed.size(), 1U);
}

TEST_F(LinkBounds, BootstrappingNodesShareAQuarterOfTheLinks) {
  std::vector<Remote> links;
  for (std::uint8_t i = 0; i < k_max_links / 4; ++i) {
    links.push_back(peer_->connect(node_id(0x90, i)));
    peer_->advance(100ms);
  }
  EXPECT_TRUE(peer_->closed.empty());
  // The first of them speaks: the second is now the one that has been silent for longest.
  peer_->ping(links[0], peer_->header_to({wire::to_node(peer_->id())}));
  const Remote next = peer_->connect(node_id(0xA0));
  EXPECT_EQ(peer_->closed.size(), 1U);
  EXPECT_TRUE(closed(links[1]));
  EXPECT_FALSE(closed(next));
}

TEST_F(LinkBounds, ASuspectedLinkGivesWayToTheOneThatReplacesIt) {
  for (const int id : {0x20, 0x90}) {  // on either side of 0x40: neither direction keeps the old one
    const Remote old = peer_->client(node_id(static_cast<std::uint8_t>(id)));
    peer_->input(LinkSuspected{old.link, true});
    const Remote fresh = peer_->client(old.id);
    EXPECT_TRUE(closed(old)) << id;
    EXPECT_FALSE(closed(fresh)) << id;
  }
}

TEST_F(LinkBounds, TheAcceptingSideClosesSilentAccessLinks) {
  const Remote joining = peer_->connect(node_id(0x90));
  peer_->advance(59s);
  EXPECT_FALSE(closed(joining));
  peer_->ping(joining, peer_->header_to({wire::to_node(peer_->id())}));
  peer_->advance(59s);
  EXPECT_FALSE(closed(joining));
  peer_->advance(2s);
  EXPECT_TRUE(closed(joining));
  for (const auto& neighbor : neighbors_) EXPECT_FALSE(closed(neighbor));
  // Only once, even if the link takes its time to go.
  peer_->advance(120s);
  EXPECT_EQ(std::count_if(peer_->closed.begin(), peer_->closed.end(),
                          [&](const CloseLink& one) { return one.link == joining.link; }),
            1);
}

TEST_F(LinkBounds, TheLastLinksAreForNeighbors) {
  std::uint8_t number = 0;
  const auto attach = [&](const Remote& over, std::uint8_t first_byte) {
    const Remote author{node_id(first_byte, ++number),
                        peer_->authority().issue("n@example.org", node_id(first_byte, number)), over.link};
    auto header = peer_->header_to({wire::to_node(peer_->id())});
    header.via_list = {wire::to_node(author.id)};
    wire::AttachBody body;
    body.role = "passive";
    wire::IceCandidate candidate;
    candidate.link = wire::OverlayLinkType::tls_tcp_fh_no_ice;
    candidate.type = wire::CandidateType::host;
    candidate.foundation = {'1'};
    link::parse_address("192.0.2.1:6084", candidate.address);
    body.candidates = {candidate};
    const auto sent =
        peer_->receive(over, LonePeer::message(author, header, MessageCode::attach_req, wire::encode(body)));
    EXPECT_EQ(sent.size(), 1U);
    if (sent.empty() || sent[0].code() != MessageCode::attach_ans) return false;
    peer_->input(LinkUp{{1000U + number}, peer_->opened.back().attempt, author.signer->certificate(), {}});
    return true;
  };
  std::size_t links = peer_->status().links.size();
  for (; links < k_max_links - k_max_links / 8; ++links) EXPECT_TRUE(attach(neighbors_[0], 0x90)) << links;
  EXPECT_FALSE(attach(neighbors_[0], 0x90));
  for (; links < k_max_links; ++links)
    EXPECT_TRUE(attach(neighbors_[0], links % 2 == 0 ? 0x40 : 0x43)) << links;  // nearer than a neighbour
  EXPECT_FALSE(attach(neighbors_[0], 0x40));
  EXPECT_EQ(peer_->status().links.size(), k_max_links);
}

}  // namespace
}  // namespace ringway::routing::test

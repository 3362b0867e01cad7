#include "sip-usage/proxy/tokens.hpp"

#include <gtest/gtest.h>

#include "sip-usage/message/uri.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::flow;

const Tokens& tokens() {
  static const Tokens made(Bytes(32, 1));
  return made;
}

// RFC 5626 §5.2: the flow can be recovered from the token.
TEST(TokensTest, WhatIsWrittenIsRead) {
  const auto path = tokens().read(tokens().make(PathToken{flow(3, "TCP")}), "any call");
  ASSERT_TRUE(std::holds_alternative<PathToken>(path));
  EXPECT_EQ(std::get<PathToken>(path).flow.id, 3u);
  EXPECT_EQ(std::get<PathToken>(path).flow, flow(3, "TCP"));

  NetworkFlow without_port = flow(4);
  without_port.here.port.reset();
  const auto dialog = tokens().read(tokens().make(DialogToken{without_port}, "call"), "call");
  ASSERT_TRUE(std::holds_alternative<DialogToken>(dialog));
  EXPECT_EQ(std::get<DialogToken>(dialog).flow, without_port);

  const std::optional<Hop> hops[] = {std::nullopt, ServerHop{"TLS", "trunk.example", 5061, "trunk.example"},
                                     test::device(7).hop, UriHop{test::uri("sip:ring.example;gr=BBBB")},
                                     CallerHop{flow(5, "TCP")}};
  for (const auto& hop : hops) {
    const auto relay =
        tokens().read(tokens().make(RelayToken{Side::outside, Side::overlay, hop}, "call"), "call");
    ASSERT_TRUE(std::holds_alternative<RelayToken>(relay));
    EXPECT_EQ(std::get<RelayToken>(relay).side, Side::outside);
    EXPECT_EQ(std::get<RelayToken>(relay).other, Side::overlay);
    EXPECT_EQ(std::get<RelayToken>(relay).to, hop);
  }
}

// RFC 5626 §5.2: it cannot be modified by attackers. Each digit matters.
TEST(TokensTest, ChangedTokensAreFalse) {
  for (const auto& token : {tokens().make(PathToken{flow(3)}), tokens().make(DialogToken{flow(3)}, "call"),
                            tokens().make(RelayToken{Side::phone, Side::overlay}, "call")}) {
    for (std::size_t at = 8; at < token.size(); ++at) {
      auto changed = token;
      changed[at] = changed[at] == '0' ? '1' : '0';
      EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(changed, "call"))) << at;
    }
    for (std::size_t size = 8; size < token.size(); ++size)
      EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(token.substr(0, size), "call"))) << size;
    EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(token + "00", "call")));
    EXPECT_TRUE(std::holds_alternative<FalseToken>(Tokens(Bytes(32, 2)).read(token, "call")));
  }
}

// RFC 3261 §16.6 step 4: good for its dialog only. One kind is none of another.
TEST(TokensTest, OfOneCallOnly) {
  const auto dialog = tokens().make(DialogToken{flow(3)}, "call");
  EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(dialog, "other call")));
  auto as_path = dialog;
  as_path.replace(0, 8, "rw-path-");
  EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(as_path, "")));
  EXPECT_TRUE(std::holds_alternative<FalseToken>(tokens().read(as_path, "call")));
}

TEST(TokensTest, OtherUsersAreNoTokens) {
  for (const auto* user : {"", "alice", "rw", "rw-pat", "RW-PATH-00"})
    EXPECT_TRUE(std::holds_alternative<NoToken>(tokens().read(user, "call"))) << user;
}

// In a URI they need no escapes.
TEST(TokensTest, AreUserParts) {
  const auto token = tokens().make(DialogToken{flow(3, "WSS")}, "call");
  EXPECT_EQ(escaped_user(token), token);
}

TEST(TokensTest, LongestHop) {
  const auto said = [](std::size_t size) {
    const Hop hop = ServerHop{"TLS", std::string(size, 'x'), 5061};
    const auto read = tokens().read(tokens().make(RelayToken{Side::outside, Side::phone, hop}, ""), "");
    return std::get<RelayToken>(read).to.has_value();
  };
  const std::size_t others = 1 + 1 + 3 + 2 + 2 + 2;
  EXPECT_TRUE(said(k_max_relay_hop_bytes - others));
  EXPECT_FALSE(said(k_max_relay_hop_bytes - others + 1));
}

// A flow's texts at their bound.
TEST(TokensTest, LongestFlow) {
  NetworkFlow longest = flow(1);
  longest.remote.assign(k_max_flow_text_bytes, 'x');
  longest.here.host.assign(k_max_flow_text_bytes, 'h');
  const auto read = tokens().read(tokens().make(PathToken{longest}), "");
  ASSERT_TRUE(std::holds_alternative<PathToken>(read));
  EXPECT_EQ(std::get<PathToken>(read).flow, longest);
}

}  // namespace
}  // namespace ringway::sip::proxy

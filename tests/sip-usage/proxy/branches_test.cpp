#include "sip-usage/proxy/branches.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::request;

class BranchesTest : public testing::Test {
 protected:
  // The request as it is when it comes back: with our Via, and otherwise as it came.
  Message after_us(Message message) const {
    Via via{"UDP", "192.0.2.1", 5060, {}};
    via.parameters.add({"branch", branches_.make(branches_.asked_for(message), 1)});
    message.vias.insert(message.vias.begin(), via);
    message.vias.insert(message.vias.begin(),
                        Via{"UDP", "p2.example", std::nullopt, {{"branch", "z9hG4bKx"}}});
    return message;
  }

  Branches branches_{Bytes(32, 3)};
};

// RFC 5393 §4.2.2: nothing has changed, so it is a loop; something has, so it is a spiral.
TEST_F(BranchesTest, LoopsAndSpirals) {
  const auto message = request("INVITE", "sip:bob@ring.example", {"Route: <sip:192.0.2.1;lr>"});
  EXPECT_FALSE(branches_.is_looping(message));
  EXPECT_TRUE(branches_.is_looping(after_us(message)));

  auto other_uri = after_us(message);
  other_uri.request_uri().user = "carol";
  EXPECT_FALSE(branches_.is_looping(other_uri));
  auto other_route = after_us(message);
  other_route.routes.clear();
  EXPECT_FALSE(branches_.is_looping(other_route));
  auto with_credentials = after_us(message);
  with_credentials.add_field("Proxy-Authorization", "Digest x");
  EXPECT_TRUE(branches_.is_looping(with_credentials)) << "they do not come back";
  auto next_transaction = after_us(message);
  ++next_transaction.cseq.number;
  EXPECT_FALSE(branches_.is_looping(next_transaction)) << "RFC 5393 §4.2.4";
}

// §16.6 step 8: unique, a token with the cookie; the same for CANCEL and ACK.
TEST_F(BranchesTest, Form) {
  const auto asked = branches_.asked_for(request("INVITE"));
  EXPECT_EQ(asked, branches_.asked_for(request("CANCEL")));
  const auto branch = branches_.make(asked, 1);
  EXPECT_NE(branch, branches_.make(asked, 2));
  EXPECT_EQ(branch.substr(0, k_magic_cookie.size()), k_magic_cookie);
  EXPECT_EQ(branch.find_first_not_of("0123456789abcdef", k_magic_cookie.size()), std::string::npos);
}

// What others write is theirs: another's hash that happens to be equal, shorter and longer branches.
TEST_F(BranchesTest, ViasOfOthers) {
  const auto looped = after_us(request("INVITE"));
  EXPECT_FALSE(Branches(Bytes(32, 4)).is_looping(looped));
  for (const std::string change : {"", "0", "z9hG4bK", "z9hG4bK0123456789abcdef"}) {
    auto message = looped;
    message.vias[1].parameters.set("branch", change);
    EXPECT_FALSE(branches_.is_looping(message)) << change;
  }
  auto without = looped;
  without.vias[1].parameters.remove("branch");
  EXPECT_FALSE(branches_.is_looping(without));
}

// §16.11: repetitions get the same branch, other transactions another one.
TEST_F(BranchesTest, Stateless) {
  const auto ack = request("ACK");
  EXPECT_EQ(branches_.make_stateless(ack), branches_.make_stateless(request("ACK")));
  auto other = ack;
  other.vias[0].parameters.set("branch", "z9hG4bKother");
  EXPECT_NE(branches_.make_stateless(ack), branches_.make_stateless(other));
}

}  // namespace
}  // namespace ringway::sip::proxy

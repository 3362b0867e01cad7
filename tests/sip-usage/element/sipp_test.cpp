// The scenarios that SIPp brings (uac, uas), message by message: they know nothing of Record-Route, of
// accounts or of domains, and have to work through two peers as they are.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::Phone;
using test::World;

class SippTest : public testing::Test {
 protected:
  SippTest()
      : world_({{"alice"}, {"service"}}, true),
        uac_(world_.phone("sipp", 0, "UDP", true)),
        uas_(world_.phone("service", 1, "UDP", true)) {
    world_.send(uas_, world_.request(uas_, "REGISTER", "sip:service@example.org"));
    EXPECT_TRUE(uas_.response(200));
  }
  Message uac_sends(const std::string& method, unsigned cseq, const std::string& peer_tag,
                    const std::string& uri = "sip:service@192.0.2.1:5060") {
    const std::string here = uac_.address + ":4000";
    return sip::test::message(
        {method + ' ' + uri + " SIP/2.0", "Via: SIP/2.0/UDP " + here + ";branch=z9hG4bK-1-" + method,
         "From: sipp <sip:sipp@" + here + ">;tag=1SIPpTag001",
         "To: service <sip:service@192.0.2.1:5060>" + peer_tag, "Call-ID: 1-1@" + uac_.address,
         "CSeq: " + std::to_string(cseq) + ' ' + method, "Contact: sip:sipp@" + here, "Max-Forwards: 70",
         "Subject: Performance Test", "Content-Length: 0"});
  }
  // The UAS repeats Via, From, To, Call-ID and CSeq, and no Record-Route.
  void uas_answers(const Message& request, unsigned status) {
    auto response = make_response(request, status, "1SIPpTag011");
    response.record_routes.clear();
    response.contacts = {*NameAddr::parse("<sip:" + uas_.address + ":4000;transport=UDP>")};
    world_.send(uas_, response);
  }
  std::string ring_and_answer() {
    world_.send(uac_, uac_sends("INVITE", 1, ""));
    const auto invite = uas_.request("INVITE");
    EXPECT_TRUE(invite);
    if (!invite) return "";
    uas_answers(*invite, 180);
    EXPECT_TRUE(uac_.response(180));
    uas_answers(*invite, 200);
    const auto ok = uac_.response(200);
    EXPECT_TRUE(ok);
    return ok ? ";tag=" + std::string(ok->to.tag()) : "";
  }

  World world_;
  Phone& uac_;
  Phone& uas_;
};

TEST_F(SippTest, AckAndByeGoToTheRequestUri) {
  const auto tag = ring_and_answer();
  world_.send(uac_, uac_sends("ACK", 1, tag));
  const auto ack = uas_.request("ACK");
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->request_uri().host, uas_.address);
  world_.send(uac_, uac_sends("BYE", 2, tag));
  const auto bye = uas_.request("BYE");
  ASSERT_TRUE(bye);
  uas_answers(*bye, 200);
  EXPECT_TRUE(uac_.response(200));
  for (const auto& peer : world_.peers)
    for (const auto& table : peer->tables())
      if (std::string(table.name).find("dialogs") != std::string::npos) {
        EXPECT_EQ(table.size, 0u);
      }
}

TEST_F(SippTest, AckGoesToTheContact) {
  const auto tag = ring_and_answer();
  world_.send(uac_, uac_sends("ACK", 1, tag, "sip:" + uas_.address + ":4000;transport=UDP"));
  EXPECT_TRUE(uas_.request("ACK"));
}

// What comes from elsewhere with the same Call-ID and tags is nothing of this dialog.
TEST_F(SippTest, NobodyElseHangsUp) {
  const auto tag = ring_and_answer();
  Phone& eve = world_.stranger("eve", 0, "UDP");
  auto bye = uac_sends("BYE", 2, tag);
  bye.vias.front().host = eve.address;
  world_.send(eve, bye);
  EXPECT_FALSE(uas_.request("BYE"));
}

// Without trust in the machine it is a stranger, and reaches only who is here.
TEST(SippAloneTest, IsAStrangerElsewhere) {
  World world({{"alice"}, {"service"}}, false);
  Phone& uas = world.phone("service", 1, "UDP", true);
  EXPECT_EQ(world.register_phone(uas), 200u);
  Phone& uac = world.phone("sipp", 0, "UDP", true);
  uac.domain = uac.address;
  world.send(uac, world.request(uac, "INVITE", "sip:service@192.0.2.1:5060"));
  EXPECT_TRUE(uac.response(404));
}

}  // namespace
}  // namespace ringway::sip::element

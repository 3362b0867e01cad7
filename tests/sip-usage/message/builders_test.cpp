#include "sip-usage/message/builders.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip {
namespace {

using test::invite_lines;
using test::message;

Message invite(const std::vector<std::string>& more = {}) {
  auto lines = invite_lines();
  lines.insert(lines.end(), more.begin(), more.end());
  return message(lines);
}

TEST(Builders, Response) {
  const Message request = invite({"Record-Route: <sip:p1;lr>", "Timestamp: 54", "Via: SIP/2.0/TCP other"});
  const Message ok = make_response(request, 200, "tag1");
  EXPECT_EQ(ok.status(), 200u);
  EXPECT_EQ(ok.reason(), "OK");
  EXPECT_EQ(ok.vias.size(), 2u);
  EXPECT_EQ(ok.to.tag(), "tag1");
  EXPECT_EQ(ok.from.tag(), "1928301774");
  EXPECT_EQ(ok.cseq, request.cseq);
  EXPECT_EQ(ok.record_routes.size(), 1u);
  EXPECT_TRUE(ok.contacts.empty());
  EXPECT_TRUE(make_response(request, 404, "tag1").record_routes.empty());
  const Message trying = make_response(request, 100, "tag1");
  EXPECT_EQ(trying.to.tag(), "");
  EXPECT_EQ(*trying.field("Timestamp"), "54");
  EXPECT_EQ(make_response(ok, 404, "other").to.tag(), "tag1") << "a tag that is there stays";
}

// §17.1.1.3.
TEST(Builders, AckOfAFailure) {
  const Message request =
      invite({"Route: <sip:p1;lr>", "Route: <sip:p2;lr>", "Via: SIP/2.0/TCP other", "Require: x"});
  const Message ack = make_ack(request, make_response(request, 486, "tag1"));
  EXPECT_EQ(ack.method(), "ACK");
  EXPECT_EQ(ack.cseq, (CSeq{314159, "ACK"}));
  ASSERT_EQ(ack.vias.size(), 1u);
  EXPECT_EQ(ack.vias[0].branch(), "z9hG4bK776asdhds");
  EXPECT_EQ(ack.to.tag(), "tag1");
  EXPECT_EQ(ack.routes.size(), 2u);
  EXPECT_EQ(ack.request_uri().print(), "sip:bob@biloxi.com");
  EXPECT_EQ(ack.call_id, request.call_id);
  EXPECT_TRUE(ack.fields.empty());
}

// §9.1.
TEST(Builders, Cancel) {
  const Message request = invite({"Route: <sip:p1;lr>", "Proxy-Require: x", "Via: SIP/2.0/TCP other"});
  const Message cancel = make_cancel(request);
  EXPECT_EQ(cancel.cseq, (CSeq{314159, "CANCEL"}));
  ASSERT_EQ(cancel.vias.size(), 1u);
  EXPECT_EQ(cancel.vias[0].branch(), "z9hG4bK776asdhds");
  EXPECT_EQ(cancel.to.tag(), "");
  EXPECT_EQ(cancel.routes.size(), 1u);
  EXPECT_TRUE(cancel.fields.empty()) << "no Require nor Proxy-Require";
}

TEST(Builders, ProxiedCopy) {
  const Message request = invite({"Record-Route: <sip:old;lr>", "X-Odd: ;;,,;"});
  const auto own = Via::parse("SIP/2.0/TLS me.example.org;branch=z9hG4bKown");
  const auto rr = NameAddr::parse("<sip:me.example.org;lr>");
  const Message copy = make_proxied_copy(request, *Uri::parse("sip:bob@192.0.2.4"), *own, *rr);
  EXPECT_EQ(copy.request_uri().print(), "sip:bob@192.0.2.4");
  EXPECT_EQ(copy.max_forwards, 69);
  ASSERT_EQ(copy.vias.size(), 2u);
  EXPECT_EQ(copy.vias[0].branch(), "z9hG4bKown");
  ASSERT_EQ(copy.record_routes.size(), 2u);
  EXPECT_EQ(copy.record_routes[0].uri.host, "me.example.org");
  EXPECT_EQ(*copy.field("X-Odd"), ";;,,;");
  Message none = request;
  none.max_forwards.reset();
  EXPECT_EQ(make_proxied_copy(none, request.request_uri(), *own, std::nullopt).max_forwards, 70);
}

TEST(Builders, ResponseGoesToTheNextVia) {
  const auto ok = make_response(invite({"Via: SIP/2.0/TCP other;branch=z9hG4bKo"}), 200, "t");
  const auto next = without_top_via(ok);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->vias.at(0).host, "other");
  EXPECT_FALSE(without_top_via(*next)) << "it ends here";
  EXPECT_FALSE(without_top_via(make_response(invite({"Via: SIP/2.0/UDP 255.255.255.255"}), 200, "t")));
  EXPECT_FALSE(without_top_via(make_response(invite({"Via: SIP/2.0/UDP h;received=224.0.0.1"}), 200, "t")));
}

TEST(Builders, NoValueEndsItsLine) {
  Message request = invite();
  request.set_field("Subject", "a\r\nEvil: b");
  request.set_field("subject", "c\r\nEvil: d");
  const auto again = test::parse(request.print());
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(*again->field("Subject"), "c  Evil: d");
  EXPECT_EQ(again->field("Evil"), nullptr);
}

TEST(RefuseEarly, AsAProxy) {
  const Abilities proxy{true, {"sip", "tel"}, {"known"}, {}};
  EXPECT_FALSE(refuse_early(invite(), proxy, "t"));
  Message request = invite({"Proxy-Require: one, Known", "Proxy-Require: two", "Require: three"});
  auto answer = refuse_early(request, proxy, "t");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status(), 420u);
  EXPECT_EQ(*answer->field("Unsupported"), "one, two");
  request = invite();
  request.max_forwards = std::uint8_t{0};
  EXPECT_EQ(refuse_early(request, proxy, "t")->status(), 483u);
  request.max_forwards = std::uint8_t{1};
  request.request_uri() = *Uri::parse("sips:a@b");
  EXPECT_EQ(refuse_early(request, proxy, "t")->status(), 416u);
  std::get<RequestLine>(request.start).method = "ACK";
  EXPECT_FALSE(refuse_early(request, proxy, "t")) << "an ACK is never answered";
}

TEST(RefuseEarly, AsAnEndpoint) {
  const Abilities endpoint{false, {"sip"}, {}, {"REGISTER", "OPTIONS"}};
  const auto not_allowed = refuse_early(invite(), endpoint, "t");
  EXPECT_EQ(not_allowed->status(), 405u);
  EXPECT_EQ(*not_allowed->field("Allow"), "REGISTER, OPTIONS");
  Message options = invite({"Require: three", "Proxy-Require: one"});
  options.max_forwards = std::uint8_t{0};
  std::get<RequestLine>(options.start).method = "OPTIONS";
  EXPECT_EQ(*refuse_early(options, endpoint, "t")->field("Unsupported"), "three");
  options.set_field("Require", "\"open, x");
  EXPECT_EQ(*refuse_early(options, endpoint, "t")->field("Unsupported"), "\"open, x")
      << "what cannot be read is not passed over";
  options.remove_field("Require");
  EXPECT_FALSE(refuse_early(options, endpoint, "t"))
      << "Max-Forwards is for those who forward (RFC 4475 §3.3.11)";
  std::get<RequestLine>(options.start).method = "NEWMETHOD";
  EXPECT_EQ(refuse_early(options, endpoint, "t")->status(), 501u);
}

}  // namespace
}  // namespace ringway::sip

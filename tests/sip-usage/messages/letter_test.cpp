// What of a MESSAGE is kept, and the request that comes of it.
#include "sip-usage/messages/letter.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/messages/stage.hpp"

namespace ringway::sip::messages::test {
namespace {

using ringway::test::k_now_ms;
using ringway::test::node_id;

Letter letter(const std::string& fields = {}) {
  auto out = *letter_of(text_message("hello", "bob", fields), k_now_ms);
  out.sender = "alice@overlay.example.org";
  out.sender_node = node_id(0xA1);
  out.recipient = "bob@overlay.example.org";
  out.id = 77;
  return out;
}

TEST(Letter, SomeMessagesAreNotForKeeping) {
  struct Row {
    const char* fields;
    bool is_kept;
  };
  for (const Row& row : std::vector<Row>{{"", true},
                                         {"Expires: 60\r\n", true},
                                         {"Expires: 0\r\n", false},
                                         {"Privacy: none\r\n", true},
                                         {"Privacy: id\r\n", false},
                                         {"Require: recipient-list-message\r\n", false},
                                         {"Subject: lunch\r\n", true}})
    EXPECT_EQ(is_for_keeping(text_message("x", "bob", row.fields)), row.is_kept) << row.fields;
  Message in_call = text_message("x");
  in_call.to.parameters.set("tag", "2");
  EXPECT_FALSE(is_for_keeping(in_call));
  Message typing = text_message("<isComposing/>");
  typing.set_field("Content-Type", "Application/im-isComposing+xml;charset=utf-8");
  EXPECT_FALSE(is_for_keeping(typing));
  Message secured = text_message("x");
  std::get<RequestLine>(secured.start).uri.scheme = "sips";
  EXPECT_FALSE(is_for_keeping(secured)) << "what is shown later might go in clear";
  Message other = text_message("x");
  std::get<RequestLine>(other.start).method = "INFO";
  EXPECT_FALSE(is_for_keeping(other));
}

TEST(Letter, OnlyAbsenceKeepsMessages) {
  for (const unsigned status : {404U, 408U, 430U, 480U, 503U, 504U})
    EXPECT_TRUE(means_absence(status)) << status;
  for (const unsigned status : {200U, 202U, 301U, 403U, 415U, 486U, 500U, 600U, 603U})
    EXPECT_FALSE(means_absence(status)) << status;
}

TEST(Letter, HasATimeOfItsOwn) {
  const WallMs longest = static_cast<WallMs>(k_longest_wait.count());
  EXPECT_EQ(letter().sent_ms, k_now_ms);
  EXPECT_EQ(letter().until_ms, k_now_ms + longest);
  EXPECT_EQ(letter("Expires: 60\r\n").until_ms, k_now_ms + 60'000);
  EXPECT_EQ(letter("Expires: 4000000000\r\n").until_ms, k_now_ms + longest);
}

TEST(Letter, HasBounds) {
  EXPECT_TRUE(letter_of(text_message(std::string(k_max_body_bytes, 'x')), k_now_ms));
  EXPECT_FALSE(letter_of(text_message(std::string(k_max_body_bytes + 1, 'x')), k_now_ms));
  const auto subject = [](std::size_t size) { return "Subject: " + std::string(size, 'x') + "\r\n"; };
  EXPECT_TRUE(letter_of(text_message("x", "bob", subject(k_max_letter_field_bytes)), k_now_ms));
  EXPECT_FALSE(letter_of(text_message("x", "bob", subject(k_max_letter_field_bytes + 1)), k_now_ms));
  std::string many;
  for (std::size_t i = 1; i < k_max_letter_fields; ++i) many += "In-Reply-To: a@b\r\n";  // and Content-Type
  EXPECT_TRUE(letter_of(text_message("x", "bob", many), k_now_ms));
  EXPECT_FALSE(letter_of(text_message("x", "bob", many + "In-Reply-To: a@b\r\n"), k_now_ms));
}

TEST(Letter, ComesBack) {
  const Letter one = letter("Subject: lunch\r\nUser-Agent: phone\r\n");
  const Bytes written = wire::encode(one);
  const auto read = wire::decode<Letter>(SharedBytes(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(wire::encode(*read), written);
  EXPECT_EQ(read->body, "hello");
  EXPECT_EQ(read->fields, (std::vector<HeaderField>{{"Content-Type", "text/plain"}, {"Subject", "lunch"}}));
  for (std::size_t size = 0; size < written.size(); ++size)
    EXPECT_FALSE(wire::decode<Letter>(
        SharedBytes(Bytes(written.begin(), written.begin() + static_cast<std::ptrdiff_t>(size)))));
}

TEST(Letter, IsARequestThatPhonesCanRead) {
  auto request = *message_of(letter("Subject: lunch\r\nExpires: 60\r\n"), aor("bob"));
  request.vias.push_back(text_message("x").vias.front());
  const auto read = parse_message(view_of(request.print()), Framing::stream);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->method(), "MESSAGE");
  EXPECT_EQ(read->request_uri().print(), "sip:bob@overlay.example.org");
  EXPECT_EQ(read->from.uri.print(), "sip:alice@overlay.example.org");
  EXPECT_FALSE(read->from.tag().empty());
  EXPECT_EQ(read->to.uri.print(), "sip:bob@overlay.example.org");
  EXPECT_TRUE(read->to.tag().empty());
  EXPECT_TRUE(read->contacts.empty()) << "RFC 3428 §4";
  EXPECT_EQ(*read->field("Date"), "Fri, 15 Jan 2027 08:00:00 GMT");
  EXPECT_EQ(*read->field("Expires"), "60");
  EXPECT_EQ(*read->field("Subject"), "lunch");
  EXPECT_EQ(*read->field("Content-Type"), "text/plain");
  EXPECT_EQ(read->body, "hello");
}

TEST(Letter, ComesWithTheSameCallIdEachTime) {
  Letter other = letter();
  EXPECT_EQ(message_of(letter(), aor("bob"))->call_id, message_of(letter(), aor("bob"))->call_id);
  ++other.id;
  EXPECT_NE(message_of(letter(), aor("bob"))->call_id, message_of(other, aor("bob"))->call_id);
}

// Whoever can put a message into the mailbox can write any letter.
TEST(Letter, WritesNoLinesOfItsOwn) {
  const std::vector<HeaderField> bad{{"Subject", "x\r\nRoute: <sip:evil.example>"},
                                     {"Subject", "x\ny"},
                                     {"Subject", std::string("x\0y", 3)},
                                     {"Route", "<sip:evil.example>"},
                                     {"Date", "yesterday"},
                                     {"Subject", std::string(k_max_letter_field_bytes + 1, 'x')}};
  for (const HeaderField& each : bad) {
    Letter one = letter();
    one.fields.push_back(each);
    EXPECT_FALSE(wire::decode<Letter>(SharedBytes(wire::encode(one)))) << each.name << each.value;
  }
  Letter long_one = letter();
  long_one.body = std::string(k_max_body_bytes + 1, 'x');
  EXPECT_FALSE(wire::decode<Letter>(SharedBytes(wire::encode(long_one))));
  Letter in_no_characters = letter();
  in_no_characters.fields.push_back({"Subject", "\xff\xff"});
  EXPECT_FALSE(message_of(in_no_characters, aor("bob")));
  Letter nobodys = letter();
  nobodys.sender = "alice>\r\nRoute: x@overlay.example.org";
  EXPECT_FALSE(message_of(nobodys, aor("bob")));
}

}  // namespace
}  // namespace ringway::sip::messages::test

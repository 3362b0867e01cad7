#include "services/enrolld/proofs/mail_texts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringway::enrolld {
namespace {

using testing::HasSubstr;
using testing::Not;

Confirmation confirmation() {
  return {"overlay.example.org", "alice@example.org", Secret("https://enroll.example.org/confirm/0a/t"),
          Secret("12345678"), 30};
}

TEST(MailTexts, BothFormsSayTheSame) {
  const auto mail = confirmation_mail(confirmation());
  ASSERT_TRUE(mail.ok());
  EXPECT_EQ(mail->subject.encoded(), "Confirm alice@example.org");
  for (const auto form : {mail->plain.reveal(), mail->html.reveal()}) {
    const std::string text(form);
    for (const char* part :
         {"overlay.example.org", "alice@example.org", "https://enroll.example.org/confirm/0a/t", "1234 5678",
          "30 minutes", "do nothing"}) {
      EXPECT_THAT(text, HasSubstr(part));
    }
    EXPECT_THAT(text, Not(HasSubstr("{")));
  }
  const std::string html(mail->html.reveal());
  EXPECT_THAT(html, HasSubstr("<a href=\"https://enroll.example.org/confirm/0a/t\">"));
  for (const char* loads : {"<img", "<script", "<link", "@import", "url("})
    EXPECT_THAT(html, Not(HasSubstr(loads)));
}

TEST(MailTexts, NamesAreNoHtml) {
  auto hostile = confirmation();
  hostile.user_name = "<b>&\"'@example.org";
  const auto mail = confirmation_mail(hostile);
  ASSERT_TRUE(mail.ok());
  EXPECT_THAT(std::string(mail->html.reveal()), HasSubstr("<b>&lt;b&gt;&amp;&quot;&#39;@example.org</b>"));
}

TEST(MailTexts, NamesAreNoMessages) {
  for (const std::string& name : {std::string("Buy now! http://evil.example @x"), std::string("a@b\r\n"),
                                  std::string("a\0@b", 4), std::string(), std::string(300, 'a')}) {
    auto hostile = confirmation();
    hostile.user_name = name;
    EXPECT_FALSE(confirmation_mail(hostile).ok()) << name;
  }
}

TEST(MailTexts, ALongNameLeavesTheSubjectShort) {
  auto long_name = confirmation();
  long_name.user_name = std::string(64, 'a') + "@" + std::string(60, 'b') + ".example";
  const auto mail = confirmation_mail(long_name);
  ASSERT_TRUE(mail.ok());
  EXPECT_EQ(mail->subject.encoded(), "Confirm your name");
  EXPECT_THAT(std::string(mail->plain.reveal()), HasSubstr(long_name.user_name));
}

}  // namespace
}  // namespace ringway::enrolld

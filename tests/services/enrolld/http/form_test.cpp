#include "services/enrolld/http/form.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ringway::enrolld_http {
namespace {

constexpr const char* k_type = "multipart/form-data; boundary=\"--x y\"";

std::string part(const std::string& headers, const std::string& content) {
  return "----x y\r\n" + headers + "\r\n\r\n" + content + "\r\n";
}
std::string field(const std::string& name, const std::string& content) {
  return part("Content-Disposition: form-data; name=\"" + name + "\"", content);
}
const std::string k_end = "----x y--\r\n";

TEST(Multipart, ReadsFieldsAndTheirTypes) {
  const auto form =
      parse_multipart(k_type, field("username", "alice@example.org") +
                                  part("Content-Disposition: form-data; name=csr; filename=\"a.p10\"\r\n"
                                       "content-type: Application/PKCS10; x=y",
                                       "DER") +
                                  field("empty", "") + k_end);
  ASSERT_TRUE(form.ok()) << form.error().reason;
  EXPECT_EQ(form->size(), 3U);
  EXPECT_EQ(form->text("username"), "alice@example.org");
  EXPECT_EQ(form->find("username")->content_type, "");
  EXPECT_EQ(form->text("csr"), "DER");
  EXPECT_EQ(form->find("csr")->content_type, "application/pkcs10");
  ASSERT_NE(form->find("empty"), nullptr);
  EXPECT_EQ(form->text("empty"), "");
  EXPECT_EQ(form->find("password"), nullptr);
}

TEST(Multipart, KeepsEveryByte) {
  std::mt19937 random(7);  // NOLINT(bugprone-random-generator-seed): the same bytes each time
  for (int round = 0; round < 300; ++round) {
    std::string content;
    const std::size_t size = random() % 200;
    for (std::size_t i = 0; i < size; ++i)
      content += round % 2 == 0 ? static_cast<char>(random()) : "\r\n-\0\x1a. F"[random() % 8];
    const auto form = parse_multipart(k_type, field("csr", content) + k_end);
    ASSERT_TRUE(form.ok()) << form.error().reason;
    ASSERT_EQ(form->text("csr"), content) << round;
  }
}

TEST(Multipart, DecodesTransferEncodings) {
  const auto form = parse_multipart(
      k_type,
      part("Content-Disposition: form-data; name=csr\r\nContent-Transfer-Encoding: base64", "AAEC") + k_end);
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->text("csr"), std::string("\0\1\2", 3));
}

TEST(Multipart, AFieldThatIsThereTwiceIsNone) {
  const auto form = parse_multipart(k_type, field("username", "alice") + field("username", "bob") + k_end);
  ASSERT_TRUE(form.ok());
  EXPECT_TRUE(form->repeats("username"));
  EXPECT_EQ(form->find("username"), nullptr);
  EXPECT_EQ(form->text("username"), "");
}

TEST(Multipart, RefusesWhatIsNoForm) {
  const std::string good = field("a", "b") + k_end;
  ASSERT_TRUE(parse_multipart(k_type, good).ok());
  EXPECT_FALSE(parse_multipart("multipart/mixed; boundary=\"--x y\"", good).ok());
  EXPECT_FALSE(parse_multipart("multipart/form-data", good).ok());
  EXPECT_FALSE(parse_multipart("multipart/form-data; boundary=other", good).ok());
  EXPECT_FALSE(parse_multipart(std::string(k_type) + "\r\nX: y", good).ok());
  EXPECT_FALSE(parse_multipart(k_type, "").ok());
  EXPECT_FALSE(parse_multipart(k_type, field("a", "b")).ok()) << "cut off";
  EXPECT_FALSE(parse_multipart(k_type, part("Content-Type: text/plain", "b") + k_end).ok());
  EXPECT_FALSE(parse_multipart(k_type, part("Content-Disposition: form-data", "b") + k_end).ok());
  EXPECT_FALSE(parse_multipart(k_type, part("Content-Disposition: inline; name=a", "b") + k_end).ok());
  EXPECT_FALSE(parse_multipart(k_type, part("Content-Disposition: form-data; name=a\r\n"
                                            "Content-Type: message/rfc822",
                                            "Subject: x\r\n\r\nb") +
                                           k_end)
                   .ok());
}

TEST(Multipart, RefusesTooManyFieldsAndDeepOnes) {
  std::string many;
  for (std::size_t i = 0; i <= k_max_form_fields; ++i) many += field("a" + std::to_string(i), "b");
  EXPECT_FALSE(parse_multipart(k_type, many + k_end).ok());
  std::string deep;  // as many levels as go into the largest body
  for (int level = 0; deep.size() < 65'000; ++level) {
    const std::string n = std::to_string(level);
    deep += "Content-Type: multipart/mixed; boundary=" + n + "\r\n\r\n--" + n + "\r\n";
  }
  EXPECT_FALSE(parse_multipart(k_type, "----x y\r\n" + deep).ok());
}

TEST(UrlEncoded, ReadsFields) {
  const auto form = parse_url_encoded("user=alice%40example.org&code=12+34%2B&&empty=&bare");
  ASSERT_TRUE(form.ok());
  EXPECT_EQ(form->text("user"), "alice@example.org");
  EXPECT_EQ(form->text("code"), "12 34+");
  EXPECT_NE(form->find("empty"), nullptr);
  EXPECT_NE(form->find("bare"), nullptr);
  EXPECT_EQ(form->size(), 4U);
}

TEST(UrlEncoded, RefusesNulAndTooMany) {
  EXPECT_FALSE(parse_url_encoded("a=%00").ok());
  std::string many;
  for (std::size_t i = 0; i <= k_max_form_fields; ++i) many += "a=b&";
  EXPECT_FALSE(parse_url_encoded(many).ok());
}

TEST(FormOfRequest, ReadsTheBodyNeverTheQuery) {
  Request request;
  request.query = "code=1";
  request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = "code=2";
  EXPECT_EQ(parse_form(request)->text("code"), "2");
  request.headers = {{"Content-Type", k_type}};
  request.body = field("code", "3") + k_end;
  EXPECT_EQ(parse_form(request)->text("code"), "3");
  request.headers = {{"Content-Type", "text/plain"}};
  EXPECT_FALSE(parse_form(request).ok());
}

}  // namespace
}  // namespace ringway::enrolld_http

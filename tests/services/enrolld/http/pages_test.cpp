#include "services/enrolld/http/pages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringway::enrolld_http {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* k_attack = "<script>alert(\"1\")</script>&'";

TEST(Pages, TextFromStrangersStaysText) {
  const Page pages[] = {
      confirm_page(k_attack, k_attack, {k_attack, {{k_attack, k_attack}}, "", "", k_attack}),
      code_page(k_attack, k_attack, {k_attack, {}, k_attack, k_attack, k_attack}, k_attack),
      done_page(k_attack, k_attack),
      failed_page(403, k_attack),
  };
  for (const Page& page : pages) {
    const Response response = render(page);
    EXPECT_THAT(response.body, Not(HasSubstr("<script"))) << page.title;
    EXPECT_THAT(response.body, Not(HasSubstr("\"1\""))) << page.title;
    EXPECT_THAT(response.body, HasSubstr("&lt;script&gt;")) << page.title;
  }
}

TEST(Pages, OpeningTheLinkConfirmsNothing) {
  const Response response =
      render(confirm_page("example.org", "alice@example.org", {"/confirm", {{"code", "42"}}, "", "", "Yes"}));
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(response.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("<form method=\"post\" action=\"/confirm\">"));
  EXPECT_THAT(response.body, HasSubstr("<input type=\"hidden\" name=\"code\" value=\"42\">"));
  EXPECT_THAT(response.body, HasSubstr("alice@example.org"));
}

TEST(Pages, LoadNothingAndRunNothing) {
  const Response response = render(failed_page(404, "The link is too old."));
  EXPECT_EQ(response.status, 404U);
  const auto policy = find_header(response.headers, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("default-src 'none'; style-src 'sha256-"));
  EXPECT_THAT(policy, HasSubstr("form-action 'self'"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(response.body, Not(HasSubstr("http")));
}

}  // namespace
}  // namespace ringway::enrolld_http

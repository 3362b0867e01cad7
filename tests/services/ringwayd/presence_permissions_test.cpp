// The file that says who may see whom.
#include "services/ringwayd/presence_permissions.hpp"

#include <gmock/gmock.h>

namespace ringway::services {
namespace {

using sip::presence::Permission;
using ::testing::HasSubstr;

const std::string k_overlay = "example.org";

sip::Aor aor(const std::string& name) { return *sip::Aor::of_user_name(name); }

TEST(PresencePermissionsTest, ListsAndWords) {
  const auto read = parse_presence_permissions(
      R"({ // who sees whom
           "bob": ["alice", "carol@example.com"],
           "dave@example.com": "nobody", "erin": "everyone", "frank": [], "grace": "world",
           "*": "nobody" })",
      k_overlay);
  ASSERT_TRUE(read) << read.error().reason;
  EXPECT_EQ(read->of_users.at(aor("bob@example.org")),
            (Permission{Permission::Who::listed, {aor("alice@example.org"), aor("carol@example.com")}}));
  EXPECT_EQ(read->of_users.at(aor("dave@example.com")), (Permission{Permission::Who::nobody, {}}));
  EXPECT_EQ(read->of_users.at(aor("erin@example.org")), Permission());
  EXPECT_EQ(read->of_users.at(aor("frank@example.org")), (Permission{Permission::Who::listed, {}}));
  EXPECT_EQ(read->of_others, (Permission{Permission::Who::nobody, {}}));
  EXPECT_EQ(read->of_users.at(aor("grace@example.org")), (Permission{Permission::Who::everyone, {}, true}));
  EXPECT_EQ(read->of_users.size(), 5U);
  EXPECT_FALSE(parse_presence_permissions("{}", k_overlay)->of_others);
}

TEST(PresencePermissionsTest, WhatIsWrongIsTold) {
  std::string many;
  for (std::size_t each = 0; each <= sip::presence::k_max_readers; ++each)
    many += (each == 0 ? "\"u" : ", \"u") + std::to_string(each) + '"';
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"", "parse error"},
           {"[]", "no JSON object"},
           {R"({"bob": "all"})", "bob: neither"},
           {R"({"bob": [1]})", "something else than users"},
           {R"({"b ob": "nobody"})", "no name of a user"},
           {R"({"bob": ["b ob"]})", "no name of a user"},
           {R"({"bob": ["alice"], "bob": "everyone"})", "'bob' is there twice"},
           {R"({"bob": ["alice"], "bob@example.org": "everyone"})", "is there twice"},
           {"{\"bob\": [" + many + "]}", "more than 31"}}) {
    const auto read = parse_presence_permissions(text, k_overlay);
    ASSERT_FALSE(read) << text;
    EXPECT_THAT(read.error().reason, HasSubstr(word));
  }
}

}  // namespace
}  // namespace ringway::services

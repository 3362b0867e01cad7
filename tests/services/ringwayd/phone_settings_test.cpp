#include "services/ringwayd/phone_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string k_overlay = "overlay.example.org";
const std::string k_md5 = "0123456789abcdef0123456789abcdef";
const std::string k_sha256 = k_md5 + k_md5;

std::string line(const std::string& name, const std::string& hash) {
  return name + ':' + k_overlay + ':' + hash + '\n';
}

TEST(PhonePasswordsTest, LinesAsHtdigestWritesThem) {
  // htdigest -c file overlay.example.org alice, with the password "secret".
  const auto passwords =
      parse_phone_passwords("# phones\n\n" + line("alice", "dcac2e3c0d7571bb0ed0c4ee0c2e1bbd") +
                                line("alice", k_sha256) + line("bob@example.com", k_md5),
                            k_overlay);
  ASSERT_TRUE(passwords) << passwords.error().reason;
  ASSERT_EQ(passwords->size(), 3U);
  EXPECT_EQ((*passwords)[0].user.name(), "alice@overlay.example.org");
  EXPECT_EQ((*passwords)[0].name, "alice");
  EXPECT_EQ((*passwords)[0].hash.algorithm(), sip::registrar::Algorithm::md5);
  EXPECT_EQ((*passwords)[1].hash.algorithm(), sip::registrar::Algorithm::sha256);
  EXPECT_EQ((*passwords)[2].user.name(), "bob@example.com");
}

TEST(PhonePasswordsTest, WhatIsWrongIsToldWithItsLine) {
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"alice\n", "name:realm:hash"},
           {":" + k_md5 + "\n", "name:realm:hash"},
           {"alice:another.org:" + k_md5, "overlay.example.org"},
           {line("alice", "12"), "32 nor 64"},
           {line("alice", std::string(32, 'x')), "32 nor 64"},
           {line("a b", k_md5), "no name"},
           {"#\n" + line("alice", k_md5) + line("alice", k_md5), "line 3"},
           {line("alice", k_md5) + line("alice@overlay.example.org", k_sha256), "second password"},
           {std::string(1025, 'a') + "\n", "too long"}}) {
    const auto passwords = parse_phone_passwords(text, k_overlay);
    ASSERT_FALSE(passwords) << text;
    EXPECT_THAT(passwords.error().reason, HasSubstr(word));
  }
}

class LoadPhonesTest : public testing::Test {
 protected:
  LoadPhonesTest() {
    settings.sip_addresses = {*parse_phone_listen("udp:127.0.0.1:5060")}, settings.sip_listen = {"x"};
  }
  Result<PhonesOfPeer> load(const std::string& passwords) {
    settings.sip_passwords = folder.file("passwords", passwords);
    ::chmod(settings.sip_passwords.c_str(), 0600);
    return load_phones(settings, 0, k_overlay, {"alice@overlay.example.org", "bob@overlay.example.org"});
  }
  static std::vector<std::string> names(const PhonesOfPeer& phones) {
    std::vector<std::string> out;
    for (const auto& account : phones.settings->accounts) out.push_back(account.user_name);
    return out;
  }
  TemporaryFolder folder;
  Settings settings;
};

TEST_F(LoadPhonesTest, UsersMayBeHidden) {
  // Shows: SIP-24.
  EXPECT_FALSE(load(line("alice", k_md5))->settings->hides_users);
  settings.sip_through_intermediate = true;
  EXPECT_TRUE(load(line("alice", k_md5))->settings->hides_users);
}

TEST_F(LoadPhonesTest, UsersWithAPasswordAndCredentials) {
  const auto phones = load(line("bob", k_md5) + line("carol", k_md5));
  ASSERT_TRUE(phones) << phones.error().reason;
  EXPECT_THAT(names(*phones), ElementsAre("bob"));
  EXPECT_THAT(phones->warnings, ElementsAre(HasSubstr("carol"), HasSubstr("alice")));
}

TEST_F(LoadPhonesTest, OnThisMachineAlsoUsersWithoutOne) {
  settings.sip_trust_loopback = true;
  const auto phones = load(line("bob", k_md5));
  ASSERT_TRUE(phones);
  EXPECT_THAT(names(*phones), ElementsAre("alice@overlay.example.org", "bob"));
  EXPECT_TRUE(phones->warnings.empty());
}

TEST_F(LoadPhonesTest, SomebodyMustBeAbleToRegister) {
  const auto phones = load("");
  ASSERT_FALSE(phones);
  EXPECT_THAT(phones.error().reason, HasSubstr("--sip-trust-loopback"));
}

TEST_F(LoadPhonesTest, APasswordFileThatOthersCanReadIsWarnedOf) {
  settings.sip_passwords = folder.file("open", line("alice", k_md5) + line("bob", k_md5));
  ::chmod(settings.sip_passwords.c_str(), 0644);
  const auto phones =
      load_phones(settings, 0, k_overlay, {"alice@overlay.example.org", "bob@overlay.example.org"});
  ASSERT_TRUE(phones);
  EXPECT_THAT(phones->warnings, ElementsAre(HasSubstr("can be read by others")));
}

TEST_F(LoadPhonesTest, WhoMaySeeWhom) {
  using sip::presence::Permission;
  settings.sip_trust_loopback = true;
  settings.sip_presence = folder.file("presence", R"({"bob": ["alice"], "*": "nobody", "zoe": "everyone"})");
  const auto phones = load("");
  ASSERT_TRUE(phones) << phones.error().reason;
  EXPECT_THAT(phones->warnings, ElementsAre(HasSubstr("zoe@overlay.example.org")));
  const auto& all = phones->settings->presence_permissions;
  ASSERT_EQ(all.size(), 2U);
  const auto alice = *sip::Aor::of_user_name("alice@overlay.example.org");
  EXPECT_EQ(all.at(alice).who, Permission::Who::nobody);
  EXPECT_EQ(all.at(*sip::Aor::of_user_name("bob@overlay.example.org")),
            (Permission{Permission::Who::listed, {alice}}));
  settings.sip_presence = folder.file("wrong", "{");
  EXPECT_THAT(load("").error().reason, HasSubstr("--sip-presence"));
}

TEST_F(LoadPhonesTest, NoneAreServedUnlessItIsSaid) {
  settings.sip_listen.clear();
  EXPECT_EQ(load("")->settings, nullptr);
}

TEST(PhoneListenTest, IsWrittenAsItIsRead) {
  for (const std::string text : {"udp:127.0.0.1:5060", "wss:[::1]:443"})
    EXPECT_THAT(to_texts({*parse_phone_listen(text)}), ElementsAre(text));
}

}  // namespace
}  // namespace ringway::services

// SIGHUP, but for the signal: what a peer is given, and the line of the log.
#include "services/ringwayd/phone_reload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "services/ringwayd/phone_settings.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string k_hash = "0123456789abcdef0123456789abcdef";
const std::string k_kept = "stay as they were";

class PhoneReloadTest : public testing::Test {
 protected:
  PhoneReloadTest() {
    settings_.sip_addresses = {*parse_phone_listen("udp:127.0.0.1:5060")}, settings_.sip_listen = {"x"};
    settings_.sip_passwords = folder_.file("passwords");
    peer_->on_phones = [this](const std::vector<sip::registrar::Account>& accounts) {
      ++asked_;
      given_.clear();
      for (const auto& account : accounts) given_.push_back(account.user_name);
      return refusal_;
    };
  }
  // Answers the lines of the log.
  std::string reload(const std::string& passwords) {
    folder_.file("passwords", passwords);
    ::chmod(settings_.sip_passwords.c_str(), 0600);
    testing::internal::CaptureStderr();
    {
      EventLog log("info", false);
      reload_phones(settings_, {"peer-0", 0, "overlay.example.org", users_}, peer_, log);
    }
    return testing::internal::GetCapturedStderr();
  }
  static std::string line(const std::string& name) { return name + ":overlay.example.org:" + k_hash + "\n"; }

  TemporaryFolder folder_;
  Settings settings_;
  std::vector<std::string> users_{"alice@overlay.example.org", "bob@overlay.example.org"};
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::optional<std::string> refusal_;
  std::vector<std::string> given_;
  int asked_ = 0;
};

TEST_F(PhoneReloadTest, ThePeerGetsWhoIsInTheFileNow) {
  EXPECT_THAT(reload(line("alice") + line("bob")), AllOf(HasSubstr("read again"), HasSubstr("2")));
  EXPECT_THAT(given_, ElementsAre("alice", "bob"));
  EXPECT_THAT(reload(line("bob")), AllOf(HasSubstr("read again"), HasSubstr("alice@overlay.example.org")));
  EXPECT_THAT(given_, ElementsAre("bob"));
}

// It is read at the start only.
TEST_F(PhoneReloadTest, TheFileOfPresenceKeepsNoPasswordBack) {
  settings_.sip_presence = folder_.file("presence.json", "nonsense");
  EXPECT_THAT(reload(line("bob")), HasSubstr("read again"));
  EXPECT_THAT(given_, ElementsAre("bob"));
}

TEST_F(PhoneReloadTest, ABadFileIsToldInOneLineAndThePeerIsNotAsked) {
  for (const std::string& bad : {line("alice") + "nonsense\n", line("carol"), std::string()}) {
    const auto said = reload(bad);
    EXPECT_THAT(said, AllOf(HasSubstr(k_kept), HasSubstr("--sip-"), Not(HasSubstr(k_hash))));
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
  EXPECT_EQ(asked_, 0);
}

TEST_F(PhoneReloadTest, WhatThePeerRefusesIsToldInOneLine) {
  refusal_ = "cannot read sip.pem";
  const auto said = reload(line("bob"));
  EXPECT_THAT(said, AllOf(HasSubstr(k_kept), HasSubstr("sip.pem")));
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
}

TEST_F(PhoneReloadTest, APeerWithoutPhonesIsNotAsked) {
  settings_.sip_listen.clear();
  EXPECT_THAT(reload(line("alice")), HasSubstr("no phones"));
  EXPECT_EQ(asked_, 0);
}

}  // namespace
}  // namespace ringway::services

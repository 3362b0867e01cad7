// What the flags and files of a relay are made into, and what is wrong with them.
#include "services/ringwayd/relay_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <sstream>

#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string k_overlay = "overlay.example.org";
const std::string k_secret = "0123456789abcdef";

stun::IpAddress ip(const std::string& text) { return stun::address_of(text, 0)->ip; }

class RelaySettingsTest : public testing::Test {
 protected:
  std::optional<Settings> parse(const std::vector<std::string>& more) {
    std::vector<const char*> words{"ringwayd", "--credentials", "c", "--listen", "127.0.0.1:0"};
    for (const auto& word : more) words.push_back(word.c_str());
    err_.str("");
    return parse_settings(static_cast<int>(words.size()), words.data(), out_, err_, exit_code_);
  }
  std::optional<Settings> parse_relay(std::vector<std::string> more) {
    more.insert(more.end(), {"--role", "relay", "--relay-static-user", users_});
    return parse(more);
  }
  void expect_refused(const std::vector<std::string>& more, const std::string& word) {
    EXPECT_FALSE(parse_relay(more)) << word;
    EXPECT_EQ(exit_code_, k_daemon_usage);
    const auto told = err_.str();
    EXPECT_THAT(told, HasSubstr(word));
    EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 1) << told;
  }
  std::string secret_file(const std::string& name, const std::string& text) {
    auto file = folder_.file(name, text);
    ::chmod(file.c_str(), 0600);
    return file;
  }

  TemporaryFolder folder_;
  std::string users_ = secret_file("users", "alice:secret\n");
  std::ostringstream out_, err_;
  int exit_code_ = -1;
};

TEST_F(RelaySettingsTest, WhereAndFromWhereItRelays) {
  const auto settings =
      parse_relay({"--relay-listen", "udp:192.0.2.1:3478,tcp:192.0.2.2:3478,udp:[2001:db8::1]:0",
                   "--relay-external-address", "203.0.113.1", "--relay-ports", "50000-50099",
                   "--relay-max-allocations", "7", "--relay-per-user", "3", "--relay-bandwidth", "1000",
                   "--relay-drain-s", "1.5", "--relay-threads", "2", "--relay-advertise"});
  ASSERT_TRUE(settings) << err_.str();
  const auto loaded = load_relay(*settings, 1, k_overlay);
  ASSERT_TRUE(loaded) << loaded.error().reason;
  const auto& sockets = loaded->settings->sockets;
  ASSERT_THAT(sockets.udp, SizeIs(2));
  EXPECT_EQ(stun::to_text(sockets.udp[0]), "192.0.2.1:3479") << "of the second peer";
  EXPECT_EQ(stun::to_text(sockets.udp[1]), "[2001:db8::1]:0");
  ASSERT_THAT(sockets.tcp, SizeIs(1));
  ASSERT_THAT(sockets.relayed_from, SizeIs(2));
  EXPECT_EQ(sockets.relayed_from[0].local, ip("192.0.2.1"));
  EXPECT_EQ(sockets.relayed_from[0].external, ip("203.0.113.1"));
  EXPECT_EQ(sockets.relayed_from[1].external, ip("2001:db8::1"));
  EXPECT_EQ(sockets.first_port, 50'000);
  EXPECT_EQ(sockets.last_port, 50'099);
  EXPECT_EQ(sockets.bytes_per_s_of_allocation, 1000U);
  EXPECT_EQ(sockets.threads, 2U);
  EXPECT_EQ(loaded->settings->control.max_allocations, 7U);
  EXPECT_EQ(loaded->settings->control.max_allocations_of_user, 3U);
  EXPECT_EQ(loaded->settings->control.realm, k_overlay);
  EXPECT_EQ(loaded->settings->drain_time, Duration{1'500});
  EXPECT_TRUE(loaded->settings->is_advertised);
  EXPECT_EQ(loaded->settings->secrets.users.users.at("alice"), "secret");
}

TEST_F(RelaySettingsTest, WithoutTheRoleNothingIsRelayed) {
  const auto settings = parse({});
  ASSERT_TRUE(settings) << err_.str();
  const auto loaded = load_relay(*settings, 0, k_overlay);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->settings, nullptr);
}

TEST_F(RelaySettingsTest, WhomItRelaysTo) {
  // Shows: TURN-11, FM-36.
  const auto settings = parse_relay({"--relay-listen", "udp:192.0.2.1:0", "--relay-allow-peer",
                                     "10.1.0.0/16,192.168.7.7", "--relay-deny-peer", "198.51.100.0/24"});
  ASSERT_TRUE(settings) << err_.str();
  const auto& policy = settings->relay.policy;
  EXPECT_TRUE(policy.permits(ip("10.1.2.3")));
  EXPECT_TRUE(policy.permits(ip("192.168.7.7")));
  EXPECT_TRUE(policy.permits(ip("8.8.8.8")));
  EXPECT_FALSE(policy.permits(ip("10.2.2.3"))) << "as without flags";
  EXPECT_FALSE(policy.permits(ip("127.0.0.1")));
  EXPECT_FALSE(policy.permits(ip("198.51.100.9")));
}

TEST_F(RelaySettingsTest, WhatIsWrongIsToldInOneLine) {
  const std::vector<std::string> at{"--relay-listen", "udp:192.0.2.1:0"};
  const auto with = [&at](const std::string& flag, const std::string& value) {
    auto out = at;
    out.insert(out.end(), {flag, value});
    return out;
  };
  expect_refused({}, "needs --relay-listen");
  expect_refused({"--relay-listen", "ws:192.0.2.1:1"}, "udp:, tcp: and tls:");
  expect_refused({"--relay-listen", "192.0.2.1:1"}, "--relay-listen");
  expect_refused({"--relay-listen", "tls:192.0.2.1:1"}, "--relay-cert");
  expect_refused({"--relay-listen", "udp:0.0.0.0:1"}, "--relay-address");
  expect_refused({"--relay-listen", "tcp:192.0.2.1:1", "--relay-advertise"}, "udp:");
  expect_refused({"--relay-listen", "udp:192.0.2.1:1", "--relay-address", "192.0.2.2", "--relay-advertise"},
                 "udp:");
  expect_refused({"--relay-listen", "udp:192.0.2.1:65535", "--peers", "2"}, "beyond 65535");
  expect_refused({"--relay-listen", "udp:192.0.2.1:3478,udp:192.0.2.1:3479", "--peers", "2"}, "one address");
  expect_refused(with("--relay-address", "0.0.0.0"), "one address");
  expect_refused(with("--relay-address", "192.0.2.1,192.0.2.2"), "a second one of IPv4");
  expect_refused(with("--relay-external-address", "2001:db8::1"), "no address of IPv6");
  expect_refused(with("--relay-external-address", "here"), "is no address");
  expect_refused(with("--relay-external-address", "192.0.2.5,192.0.2.6"), "a second one of IPv4");
  for (const auto* ports : {"5000", "5000-", "-5000", "6000-5000", "0-10", "1-70000", "1-2x"})
    expect_refused(with("--relay-ports", ports), "no range");
  expect_refused(with("--relay-allow-peer", "10.0.0.1/8"), "--relay-allow-peer");
  expect_refused(with("--relay-deny-peer", "ten"), "--relay-deny-peer");
  expect_refused(with("--relay-cert", "c"), "go together");
  auto in_vain = with("--relay-allow-peer", "10.0.0.0/8");
  in_vain.insert(in_vain.end(), {"--relay-deny-peer", "10.1.0.0/16"});
  expect_refused(in_vain, "denies nothing");
  std::string many = "10.0.0.0/8";
  for (int count = 1; count < 257; ++count) many += ",10.0.0.0/8";
  expect_refused(with("--relay-allow-peer", many), "more than 256");
}

TEST_F(RelaySettingsTest, TheRoleAndItsSettingsGoTogether) {
  EXPECT_FALSE(parse({"--relay-listen", "udp:192.0.2.1:0"}));
  EXPECT_THAT(err_.str(), HasSubstr("--role relay"));
  EXPECT_FALSE(parse({"--role", "relay", "--relay-listen", "udp:192.0.2.1:0"}));
  EXPECT_THAT(err_.str(), HasSubstr("nobody could use it"));
  EXPECT_FALSE(parse({"--role", "king"}));
}

TEST(RelayUsersTest, LinesOfNameAndPassword) {
  const auto users = parse_relay_users("# users\r\n\nalice:se:cret\r\nbob:b\n");
  ASSERT_TRUE(users) << users.error().reason;
  EXPECT_EQ(users->at("alice"), "se:cret");
  EXPECT_EQ(users->at("bob"), "b");
  for (const auto& [text, word] :
       std::vector<std::pair<std::string, std::string>>{{"", "no user"},
                                                        {"alice\n", "name:password"},
                                                        {":x\n", "name:password"},
                                                        {"alice:\n", "name:password"},
                                                        {"a:1\n#\na:2\n", "line 3: a second password of a"},
                                                        {std::string(509, 'a') + ":x\n", "name is too long"},
                                                        {"a:" + std::string(1023, 'x') + "\n", "too long"}}) {
    const auto wrong = parse_relay_users(text);
    ASSERT_FALSE(wrong) << text;
    EXPECT_THAT(wrong.error().reason, HasSubstr(word));
  }
  std::string many;
  for (std::size_t count = 0; count < k_max_relay_users; ++count) many += std::to_string(count) + ":x\n";
  EXPECT_TRUE(parse_relay_users(many));
  EXPECT_FALSE(parse_relay_users(many + "more:x\n"));
}

TEST(RelaySecretsTest, OneInALine) {
  const auto secrets = parse_relay_secrets(k_secret + "\n# the one before\n" + k_secret + "x\n");
  ASSERT_TRUE(secrets) << secrets.error().reason;
  EXPECT_THAT(*secrets, ElementsAre(k_secret, k_secret + "x"));
  EXPECT_FALSE(parse_relay_secrets("#\n"));
  EXPECT_THAT(parse_relay_secrets("short\n").error().reason, HasSubstr("line 1"));
  std::string many;
  for (std::size_t count = 0; count < relay::k_max_secrets; ++count) many += k_secret + '\n';
  EXPECT_TRUE(parse_relay_secrets(many));
  EXPECT_FALSE(parse_relay_secrets(many + k_secret));
}

class RelayReloadTest : public RelaySettingsTest {
 protected:
  RelayReloadTest() {
    options_.role = "relay";
    options_.static_users = users_;
    peer_->on_relay_secrets = [this](const actors::RelaySecrets& secrets) {
      given_ = secrets.users.users;
      return refusal_;
    };
  }
  std::string reload() {
    testing::internal::CaptureStderr();
    {
      EventLog log("info", false);
      reload_relay(options_, "peer-0", peer_, log);
    }
    return testing::internal::GetCapturedStderr();
  }

  RelayOptions options_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::optional<std::string> refusal_;
  std::map<std::string, std::string> given_;
};

TEST_F(RelayReloadTest, ThePeerGetsWhoIsInTheFileNow) {
  secret_file("users", "bob:hidden\n");
  EXPECT_THAT(reload(), HasSubstr("read again"));
  EXPECT_EQ(given_, (std::map<std::string, std::string>{{"bob", "hidden"}}));
}

TEST_F(RelayReloadTest, WhatCannotBeReadChangesNothing) {
  secret_file("users", "nonsense\n");
  EXPECT_THAT(reload(), AllOf(HasSubstr("stay as they were"), HasSubstr("line 1")));
  EXPECT_TRUE(given_.empty());
  secret_file("users", "bob:hidden\n");
  refusal_ = "not now";
  EXPECT_THAT(reload(), AllOf(HasSubstr("stay as they were"), HasSubstr("not now")));
}

TEST_F(RelayReloadTest, WhoCanReadASecretIsToldOf) {
  ::chmod(users_.c_str(), 0644);
  EXPECT_THAT(reload(), HasSubstr("can be read by others"));
}

TEST_F(RelaySettingsTest, ACertificateHasItsKey) {
  test::TestAuthority authority;
  const auto one = authority.credentials("relay@example.org", test::node_id(1)),
             two = authority.credentials("relay@example.org", test::node_id(2));
  RelayOptions options;
  options.role = "relay";
  options.certificate = secret_file("one.crt", one.certificate_pem);
  options.key = secret_file("one.key", one.private_key_pem);
  EXPECT_TRUE(load_relay_secrets(options));
  options.key = secret_file("two.key", two.private_key_pem);
  const auto wrong = load_relay_secrets(options);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().reason, HasSubstr("--relay-cert"));
}

}  // namespace
}  // namespace ringway::services

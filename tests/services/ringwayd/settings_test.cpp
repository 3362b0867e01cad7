#include "services/ringwayd/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::services {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsTest : public testing::Test {
 protected:
  void TearDown() override {
    for (const char* variable : {"RINGWAY_BOOTSTRAP", "RINGWAY_MAX_LINKS"}) ::unsetenv(variable);
  }
  std::optional<Settings> parse(std::vector<std::string> words) {
    words.insert(words.begin(), "ringwayd");
    std::vector<const char*> arguments;
    for (const auto& word : words) arguments.push_back(word.c_str());
    err_.str("");
    return parse_settings(static_cast<int>(arguments.size()), arguments.data(), out_, err_, exit_code_);
  }
  std::optional<Settings> parse_alice(std::vector<std::string> words) {
    words.insert(words.end(), {"--credentials", "alice", "--listen", "127.0.0.1:0"});
    return parse(std::move(words));
  }
  void expect_refused(std::vector<std::string> words, const std::string& word) {
    EXPECT_FALSE(parse(std::move(words)));
    EXPECT_EQ(exit_code_, k_daemon_usage);
    EXPECT_THAT(err_.str(), HasSubstr(word));
  }

  std::ostringstream out_, err_;
  int exit_code_ = -1;
};

TEST_F(SettingsTest, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  const TemporaryFolder folder;
  const std::string file = folder.file(
      "ringwayd.toml", "max-links = 10\nio-threads = 10\npeers = 10\nbootstrap = [\"192.0.2.1:1\"]\n");
  ::setenv("RINGWAY_MAX_LINKS", "20", 1);
  ::setenv("RINGWAY_BOOTSTRAP", "192.0.2.2:1,192.0.2.3:1", 1);
  const auto settings = parse_alice({"--config", file, "--peers", "30"});
  ASSERT_TRUE(settings) << err_.str();
  EXPECT_EQ(settings->io_threads, 10U);
  EXPECT_EQ(settings->max_links, 20U);
  EXPECT_EQ(settings->peers, 30U);
  EXPECT_THAT(settings->bootstrap, ElementsAre("192.0.2.2:1", "192.0.2.3:1"));
}

TEST_F(SettingsTest, PhonesAreServedWhereItIsSaid) {
  const auto settings =
      parse_alice({"--peers", "2", "--sip-listen", "udp:0.0.0.0:5060,tls:[::1]:0", "--sip-cert", "c",
                   "--sip-key", "k", "--sip-trust-loopback", "--sip-peer-listen", "192.0.2.1:5071"});
  ASSERT_TRUE(settings) << err_.str();
  const auto second = settings->sip_listen_of(1);
  ASSERT_EQ(second.size(), 2U);
  EXPECT_EQ(second[0].transport, net::phones::Transport::udp);
  EXPECT_EQ(second[0].at.port, 5061);
  EXPECT_EQ(second[1].transport, net::phones::Transport::tls);
  EXPECT_EQ(second[1].at.port, 0);
  EXPECT_EQ(settings->sip_peer_listen_of(1).port, 5072);
  EXPECT_TRUE(parse_alice({})->sip_listen_of(0).empty());
  EXPECT_EQ(parse_alice({})->sip_peer_listen_of(0).type, wire::AddressType::invalid);
}

TEST_F(SettingsTest, ATrunkIsAnAddressOrAName) {
  const auto settings = parse_alice(
      {"--sip-listen", "udp:127.0.0.1:5060", "--sip-trunk",
       "tls:sip.provider.example,tcp:sip.provider.example:5070,udp:192.0.2.7:5060,tls:[2001:db8::7]:5061",
       "--sip-trunk-domain", "provider.example", "--sip-trunk-caller", "*", "--sip-dns", "192.0.2.53:53"});
  ASSERT_TRUE(settings) << err_.str();
  const auto& servers = settings->sip_trunk_servers;
  ASSERT_EQ(servers.size(), 4U);
  EXPECT_EQ(servers[0].transport, net::phones::Transport::tls);
  EXPECT_EQ(servers[0].host, "sip.provider.example");
  EXPECT_EQ(servers[0].port, 0);
  EXPECT_EQ(servers[1].host, "sip.provider.example");
  EXPECT_EQ(servers[1].port, 5070);
  EXPECT_EQ(servers[2].host, "192.0.2.7");
  EXPECT_EQ(servers[3].host, "2001:db8::7");
  EXPECT_EQ(servers[3].port, 5061);
}

TEST_F(SettingsTest, WhatIsSaidOfPhonesFitsTogether) {
  const std::vector<std::string> alice{"--credentials", "alice", "--listen", "127.0.0.1:0"};
  std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{"--sip-trust-loopback"}, "--sip-listen"},
      {{"--sip-peer-listen", "127.0.0.1:5071"}, "--sip-listen"},
      {{"--sip-ca", "ca.pem"}, "--sip-listen"},
      {{"--sip-dns", "192.0.2.53:53"}, "--sip-listen"},
      {{"--sip-trunk-domain", "provider.example"}, "--sip-listen"},
      {{"--sip-trunk-caller", "*"}, "--sip-listen"},
      {{"--sip-gateway", "3d221b998f7e9986af1e67ab8208d5e7"}, "--sip-listen"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-gateway", "alice"}, "--sip-gateway: not a Node-ID"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-peer-listen", "here"}, "--sip-peer-listen"},
      {{"--sip-listen", "sctp:127.0.0.1:5060"}, "sctp"},
      {{"--sip-listen", "udp"}, "udp"},
      {{"--sip-listen", "udp:phone.example.org:5060"}, "--sip-listen"},
      {{"--sip-listen", "wss:127.0.0.1:443"}, "--sip-cert"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-key", "k"}, "go together"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-dns", "192.0.2.53:53"}, "--sip-dns is for"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-outside-lookup", "dns-first"},
       "is for --sip-call-outside"},
      {{"--sip-listen", "udp:127.0.0.1:5060", "--sip-call-outside", "--sip-outside-lookup", "dns"},
       "--sip-outside-lookup"},
  };
  for (const std::string trunk : {"tls:192.0.2.7", "tls:2001:db8::7", "wss:sip.example:443", "sip.example",
                                  "tcp:", "tcp:sip.example:", "tcp:sip.example:0", "tcp:sip.example:70000",
                                  "tcp:sip.example:5060x", "tcp:a b"})
    cases.push_back({{"--sip-listen", "udp:127.0.0.1:5060", "--sip-trunk", trunk, "--sip-trunk-domain", "d",
                      "--sip-trunk-caller", "*"},
                     "--sip-trunk: "});
  for (auto [words, word] : cases) {
    words.insert(words.end(), alice.begin(), alice.end());
    expect_refused(words, word);
  }
}

TEST_F(SettingsTest, NumbersHaveBounds) {
  expect_refused({"--credentials", "alice", "--max-links", "7"}, "max-links");
  expect_refused({"--credentials", "alice", "--configuration-poll-s", "0.5"}, "configuration-poll-s");
  EXPECT_TRUE(parse_alice({"--max-links", "8", "--configuration-poll-s", "1"})) << err_.str();
}

TEST_F(SettingsTest, OneIdentityIsNeeded) {
  expect_refused({}, "one of --credentials and --self-signed-user");
  expect_refused({"--credentials", "alice", "--self-signed-user", "alice"}, "one of --credentials");
  expect_refused({"--self-signed-user", "alice"}, "needs the overlay's --config-document");
}

TEST_F(SettingsTest, TheApiIsOpenToNobodyByAccident) {
  const std::vector<std::string> open{"--credentials", "alice", "--api-listen", "192.0.2.1:80"};
  const auto with = [&open](const std::vector<std::string>& more) {
    auto words = open;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_refused(open, "--api-listen needs --api-cert");
  expect_refused(with({"--api-insecure"}), "loopback addresses only");
  expect_refused(with({"--api-cert", "a"}), "go together");
  expect_refused({"--credentials", "alice", "--api-socket-mode", "0999"}, "no file permissions");
}

}  // namespace
}  // namespace ringway::services

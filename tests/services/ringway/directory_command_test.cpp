// register, unregister and resolve as a shell sees them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "reload/config/kinds.hpp"
#include "services/api/server.hpp"
#include "sip-usage/registration/sip_registration.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/ringway/command_line.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;

const NodeId k_node = test::node_id(0x11);

class DirectoryCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("RINGWAY_API");
    peer_->present.node = k_node;
    peer_->present.user = "alice@overlay.example.org";
    peer_->present.overlay = "overlay.example.org";
    peer_->answer = [this](const data::Call& call) -> data::CallResult {
      calls_.push_back(call);
      if (!std::holds_alternative<data::GetCall>(call)) {
        data::PutResult written;
        written.copies = 2;
        written.copies_wanted = 3;
        return written;
      }
      if (std::get<data::GetCall>(call).key != "bob@overlay.example.org")
        return data::CallFailure{data::CallError::not_found, "nothing is stored there", 0};
      data::Entry entry;
      entry.value = wire::encode(sip::registration_of_node(k_node, "(sip.schemes=SIPS)"));
      entry.writer_node = k_node;
      entry.lifetime_s = 62;
      return data::GetResult{1, {entry}, 0};
    };
    ApiSettings settings;
    settings.user = "alice@overlay.example.org";
    settings.socket_path = folder_.file("api.sock");
    auto started = ApiServer::start(settings, peer_, [](const std::function<void()>& done) { done(); });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
  }
  Ran call(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--api", "unix:" + folder_.file("api.sock")});
    return run_with(std::move(arguments), "");
  }

  TemporaryFolder folder_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::vector<data::Call> calls_;
  std::unique_ptr<ApiServer> server_;
};

TEST_F(DirectoryCommands, RegisterAndUnregister) {
  const auto registered = call({"register", "--lifetime", "10m", "--keep", "-c", "(sip.schemes=SIP)"});
  EXPECT_EQ(registered.code, 0) << registered.err;
  EXPECT_THAT(registered.out, HasSubstr("registered alice@overlay.example.org: 2 copies of 3 wanted"));
  EXPECT_THAT(registered.out, HasSubstr("sip:alice@overlay.example.org;gr="));
  const auto& put = std::get<data::PutCall>(calls_.at(0));
  EXPECT_EQ(put.lifetime_s, 600U);
  EXPECT_TRUE(put.keep);
  const auto forwarded = call({"register", "--forward-to", "sip:sam@overlay.example.org", "--json"}).json();
  EXPECT_EQ(forwarded["address"], "alice@overlay.example.org");
  EXPECT_EQ(forwarded["gruu"], "");
  EXPECT_EQ(call({"unregister"}).out, "not registered any more: alice@overlay.example.org\n");
  EXPECT_EQ(call({"unregister", "--json"}).json()["copies"], 2);
  EXPECT_EQ(call({"register", "--forward-to", "nobody"}).code, 2);
  EXPECT_EQ(call({"register", "--as", "bob@overlay.example.org"}).code, 5);
}

TEST_F(DirectoryCommands, CallLog) {
  EXPECT_EQ(call({"call-log"}).code, 5);  // no phones here
  const auto alice = *sip::Aor::of_user_name("alice@overlay.example.org");
  peer_->logged_calls = std::vector<sip::CallRecord>{
      {3, alice, true, "sip:bob@overlay.example.org", 1'000'000, 1'010'000, 1'192'000, 200},
      {2, alice, false, "sip:eve@example.com", 900'000, {}, 905'000, 486},
      {1, alice, true, "sip:bob@overlay.example.org", 800'000, {}, {}, 0},
      {0,
       alice,
       true,
       "sip:carol@overlay.example.org",
       700'000,
       701'000,
       {},
       200,
       sip::Caller::own_user,
       true}};
  const auto text = call({"call-log", "-n", "7"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(peer_->asked_calls, std::pair(std::string("alice@overlay.example.org"), std::size_t{7}));
  EXPECT_THAT(text.out, HasSubstr("  to    sip:bob@overlay.example.org, answered, 3m 2s\n"));
  EXPECT_THAT(text.out, HasSubstr("  from  sip:eve@example.com, not answered: 486\n"));
  EXPECT_THAT(text.out, HasSubstr("  to    sip:bob@overlay.example.org, ringing\n"));
  EXPECT_THAT(text.out, HasSubstr("  to    sip:carol@overlay.example.org, answered, its end is not known\n"));
  const auto json = call({"call-log", "--json"}).json();
  ASSERT_EQ(json["calls"].size(), 4U);
  EXPECT_EQ(json["calls"][2]["end_unknown"], false);
  EXPECT_EQ(json["calls"][3]["end_unknown"], true);
  EXPECT_EQ(json["calls"][0]["answered_ms"], 1'010'000);
  EXPECT_EQ(json["calls"][1]["outgoing"], false);
  EXPECT_EQ(json["calls"][2]["ended_ms"], 0);
  EXPECT_EQ(call({"call-log", "-n", "1001"}).code, 2);
  EXPECT_EQ(call({"call-log", "--as", "bob@overlay.example.org"}).code, 5);  // without a policy
}

TEST_F(DirectoryCommands, Message) {
  EXPECT_EQ(call({"message", "bob@overlay.example.org", "hello"}).code, 5);  // no phones here
  peer_->message_result = actors::MessageOutcome{200, {}};
  EXPECT_EQ(call({"message", "bob@overlay.example.org", "hello"}).out, "delivered\n");
  const auto& sent = peer_->sent_messages.back();
  EXPECT_EQ(sent.sender, "alice@overlay.example.org");
  EXPECT_EQ(sent.recipient, "sip:bob@overlay.example.org");
  EXPECT_EQ(sent.content_type, "text/plain");
  EXPECT_EQ(sent.body, "hello");
  EXPECT_EQ(sent.expires_s, std::nullopt);
  peer_->message_result = actors::MessageOutcome{202, {}};
  const auto json =
      call({"message", "sips:bob@overlay.example.org", "-l", "1h", "--type", "text/html", "<b>", "--json"})
          .json();
  EXPECT_EQ(json["outcome"], "kept");
  EXPECT_EQ(json["status"], 202);
  EXPECT_EQ(peer_->sent_messages.back().recipient, "sips:bob@overlay.example.org");
  EXPECT_EQ(peer_->sent_messages.back().expires_s, 3600U);
  EXPECT_THAT(call({"message", "bob@overlay.example.org", "hello"}).out,
              HasSubstr("kept: it is shown when bob@"));
  struct Row {
    actors::MessageOutcome outcome;
    int code;
  };
  for (const Row& row : std::vector<Row>{{{404, {}}, 3},
                                         {{403, {}}, 5},
                                         {{480, 60U}, 4},
                                         {{480, 3600U}, 5},
                                         {{413, {}}, 5},
                                         {{603, {}}, 5},
                                         {{416, {}}, 2}}) {
    peer_->message_result = row.outcome;
    EXPECT_EQ(call({"message", "bob@overlay.example.org", "hello"}).code, row.code) << row.outcome.status;
  }
  peer_->message_result = actors::MessageOutcome{200, {}};
  EXPECT_EQ(call({"message", "bob@overlay.example.org", "x", "--type", "a\nRoute: b"}).code, 2);
  EXPECT_EQ(call({"message", "bob@overlay.example.org", std::string(4096, 'x')}).code, 0);
  EXPECT_EQ(call({"message", "bob@overlay.example.org", std::string(4097, 'x')}).code, 5);
  EXPECT_EQ(call({"message", "bob@overlay.example.org", "x", "--as", "bob@overlay.example.org"}).code, 5);
  const auto piped = run_with(
      {"--api", "unix:" + folder_.file("api.sock"), "message", "bob@overlay.example.org"}, "from a pipe");
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(peer_->sent_messages.back().body, "from a pipe");
}

TEST_F(DirectoryCommands, Mailbox) {
  EXPECT_EQ(call({"mailbox"}).code, 5);  // no phones here
  sip::messages::MailboxContents contents;
  contents.messages = {{{k_node, 17}, "bob@overlay.example.org", 1'000, 2'000, "text/plain", "one\x1b[2J"}};
  contents.waiting = 4;
  contents.unopened = 1;
  contents.taken_away = 1;
  peer_->mailbox_result = contents;
  const auto text = call({"mailbox", "-n", "7"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(peer_->asked_mailbox, std::pair(std::string("alice@overlay.example.org"), std::size_t{7}));
  EXPECT_THAT(text.out, HasSubstr("1970-01-01T00:00:01Z  bob@overlay.example.org: one"));
  EXPECT_EQ(text.out.find('\x1b'), std::string::npos);
  EXPECT_THAT(text.err, HasSubstr("1 more can only be opened by another device"));
  EXPECT_THAT(text.err, HasSubstr("there are 2 newer ones"));
  EXPECT_TRUE(peer_->taken_away.empty());
  const auto json = call({"mailbox", "--json", "--take-away"}).json();
  ASSERT_EQ(json["messages"].size(), 1U);
  EXPECT_EQ(json["messages"][0]["id"], k_node.hex() + "-17");
  EXPECT_EQ(json["messages"][0]["until_ms"], 2'000);
  EXPECT_EQ(json["taken_away"], 1);
  ASSERT_EQ(peer_->taken_away.size(), 1U);
  EXPECT_EQ(peer_->taken_away[0], (sip::messages::MessageName{k_node, 17}));
  EXPECT_EQ(call({"mailbox", "-n", "101"}).code, 2);
  EXPECT_EQ(call({"mailbox", "--as", "bob@overlay.example.org"}).code, 5);  // without a policy
}

TEST_F(DirectoryCommands, Resolve) {
  const auto text = call({"resolve", "sip:bob@overlay.example.org"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.out, k_node.hex() + "  bob@overlay.example.org, sips only, expires in 1m 2s\n");
  const auto json = call({"resolve", "bob@overlay.example.org", "--json"}).json();
  ASSERT_EQ(json["devices"].size(), 1U);
  EXPECT_EQ(json["devices"][0]["node"], k_node.hex());
  EXPECT_EQ(json["devices"][0]["scheme"], "sips");
  EXPECT_EQ(json["devices"][0]["expires_s"], 62);
  EXPECT_EQ(call({"resolve", json["devices"][0]["gruu"]}).out, k_node.hex() + "  bob@overlay.example.org\n");
  EXPECT_EQ(call({"resolve", "nobody@overlay.example.org"}).code, 3);
  EXPECT_EQ(call({"resolve", "http://overlay.example.org"}).code, 2);
  EXPECT_EQ(call({"resolve"}).code, 2);
}

class PresenceCommand : public DirectoryCommands {
 protected:
  // What is printed of these events.
  Ran watch(const std::vector<sip::presence::Sight>& sights, std::vector<std::string> arguments) {
    std::thread peer([&] {
      for (const auto& sight : sights) EXPECT_TRUE(peer_->give_sight(sight));
    });
    arguments.insert(arguments.begin(),
                     {"presence", "sip:bob@overlay.example.org", "-n", std::to_string(sights.size())});
    auto ran = call(std::move(arguments));
    peer.join();
    return ran;
  }
  const sip::Aor bob_ = *sip::Aor::of_user_name("bob@overlay.example.org");
  const std::shared_ptr<const std::string> document_ = std::make_shared<const std::string>("<presence/>");
};

TEST_F(PresenceCommand, ShowsWhetherAUserCanBeReached) {
  const auto ran = watch(
      {{bob_, document_, true, false}, {bob_, document_, false, false}, {bob_, nullptr, false, false}}, {});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out,
            "bob@overlay.example.org: reachable\nbob@overlay.example.org: not reachable\n"
            "bob@overlay.example.org: not for you to see\n");
  EXPECT_EQ(peer_->watched_users.front().first, "sip:bob@overlay.example.org");
}

TEST_F(PresenceCommand, ShowsTheDocument) {
  EXPECT_EQ(watch({{bob_, document_, true, false}}, {"-v"}).out,
            "bob@overlay.example.org: reachable\n<presence/>\n");
}

TEST_F(PresenceCommand, InJsonToo) {
  EXPECT_EQ(watch({{bob_, document_, true, false}}, {"--json"}).json()["document"], "<presence/>");
}

}  // namespace
}  // namespace ringway::services

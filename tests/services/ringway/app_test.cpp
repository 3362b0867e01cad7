// The command line as a whole: arguments in, text or JSON and an exit code out, with a fake peer behind a
// real socket.
#include "services/ringway/app.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "reload/wire/frame.hpp"
#include "services/api/server.hpp"
#include "tests/services/api/fake_peer.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/ringway/command_line.hpp"
#include "tests/support/signed_message.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ::unsetenv("RINGWAY_API");
    ApiSettings settings;
    settings.socket_path = folder_.file("api.sock");
    settings.add_to_status = [this](v1::StatusResponse& status) {
      for (const auto& node : namesakes_) status.add_namesakes(node);
    };
    auto started = ApiServer::start(settings, peer_, [](const std::function<void()>& done) { done(); });
    ASSERT_TRUE(started) << started.error().reason;
    server_ = std::move(*started);
  }
  Ran call(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"--api", "unix:" + folder_.file("api.sock")});
    return run_with(std::move(arguments), input);
  }

  TemporaryFolder folder_;
  std::shared_ptr<FakePeer> peer_ = std::make_shared<FakePeer>();
  std::vector<std::string> namesakes_;
  std::unique_ptr<ApiServer> server_;
};

data::Entry entry_of(std::string name, std::string_view value, std::string writer) {
  data::Entry entry;
  entry.entry = std::move(name);
  entry.value = copy_of(view_of(value));
  entry.writer = std::move(writer);
  entry.writer_node = test::node_id(0x11);
  entry.storage_time_ms = 1'700'000'000'000;
  entry.lifetime_s = 3700;
  return entry;
}

TEST_F(AppTest, TheSocketIsItsOwnersOnly) {
  const auto permissions = std::filesystem::status(folder_.file("api.sock")).permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(AppTest, PutTakesItsValueFromArgumentFileOrInput) {
  std::vector<data::PutCall> calls;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    calls.push_back(std::get<data::PutCall>(call));
    data::PutResult result;
    result.generation = 4;
    result.copies = 3;
    result.copies_wanted = 3;
    return result;
  };
  const auto argument = call({"put", "shared/a", "one", "--lifetime", "2h", "--generation", "3"});
  EXPECT_EQ(argument.code, 0) << argument.err;
  EXPECT_EQ(argument.out, "stored: generation 4, 3 copies\n");
  EXPECT_EQ(call({"put", "shared/a", "--file", folder_.file("value", "two")}).code, 0);
  EXPECT_EQ(call({"put", "a@b/c", "--entry", "e"}, std::string("th\0ree", 6)).code, 0);

  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(text_of(calls[0].value), "one");
  EXPECT_EQ(calls[0].lifetime_s, 7200U);
  EXPECT_EQ(calls[0].expected_generation, 3U);
  EXPECT_EQ(text_of(calls[1].value), "two");
  EXPECT_EQ(calls[2].value.size(), 6U);
  EXPECT_EQ(calls[2].entry, "e");
  EXPECT_EQ(call({"put", "shared/a", "one", "--file", folder_.file("value")}).code, 2);
  EXPECT_EQ(call({"put", "shared/a", "--file", folder_.file("missing")}).code, 2);
}

TEST_F(AppTest, AnEmptyFileIsAnEmptyValue) {
  std::size_t calls = 0;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    EXPECT_TRUE(std::get<data::PutCall>(call).value.empty());
    ++calls;
    return data::PutResult{};
  };
  EXPECT_EQ(call({"put", "shared/a", "--file", folder_.file("empty", "")}).code, 0);
  EXPECT_EQ(calls, 1U);
}

TEST_F(AppTest, KeysAndEntriesAreUtf8) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    ADD_FAILURE() << "the peer was asked";
    return data::CallFailure{data::CallError::internal, "", 0};
  };
  const std::string bad = "shared/\xFF";
  const std::vector<std::vector<std::string>> lines{{"put", bad, "v"}, {"put", "a@b/c", "v", "--entry", bad},
                                                    {"get", bad},      {"get", "a@b/c", "--entry", bad},
                                                    {"rm", bad},       {"rm", "a@b/c", "--entry", bad},
                                                    {"stat", bad},     {"ping", "--key", bad},
                                                    {"ping", bad},     {"ping", "--resource", bad}};
  for (const auto& line : lines) {
    const auto refused = call(line);
    EXPECT_EQ(refused.code, 2) << line[0];
    EXPECT_THAT(refused.err, HasSubstr("shared/\\xff is not UTF-8")) << line[0];
  }
}

TEST_F(AppTest, PutSaysWhenThereAreTooFewCopies) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::PutResult result;
    result.generation = 1;
    result.copies = 1;
    result.copies_wanted = 3;
    return result;
  };
  EXPECT_THAT(call({"put", "shared/a", "one"}).out, HasSubstr("1 copy of 3 wanted"));
  const auto json = call({"put", "shared/a", "one", "--json"}).json();
  EXPECT_EQ(json.at("copies"), 1);
  EXPECT_EQ(json.at("copies_wanted"), 3);
}

TEST_F(AppTest, GetPrintsTheBytesAsTheyAre) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::GetResult result;
    result.generation = 2;
    result.entries = {entry_of("", std::string_view("a\0b\xFF", 4), "alice@example.org")};
    return result;
  };
  const auto plain = call({"get", "shared/a", "--verbose"});
  EXPECT_EQ(plain.out, std::string("a\0b\xFF", 4));
  EXPECT_THAT(plain.err, HasSubstr("generation 2, written by alice@example.org"));
  const auto file = call({"get", "shared/a", "--output", folder_.file("out")});
  EXPECT_EQ(file.code, 0);
  std::ifstream in(folder_.file("out"), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), std::string("a\0b\xFF", 4));
  const auto entry = call({"get", "shared/a", "--json"}).json().at("entries").at(0);
  EXPECT_EQ(entry.at("value_base64"), "YQBi/w==");
  EXPECT_FALSE(entry.contains("value"));
}

TEST_F(AppTest, GetListsSeveralEntriesAndPicksAWriter) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::GetResult result;
    result.entries = {entry_of("", "one", "alice@example.org"), entry_of("", "t\x1Bwo", "bob@example.org")};
    result.discarded = 2;
    return result;
  };
  const auto list = call({"get", "shared/a"});
  EXPECT_EQ(list.out,
            "alice@example.org: one\nbob@example.org: t\\x1bwo\n");  // nothing that moves a terminal
  EXPECT_THAT(list.err, HasSubstr("2 values were left out"));
  EXPECT_EQ(call({"get", "shared/a", "--writer", "alice@example.org"}).out, "one");
  EXPECT_EQ(call({"get", "shared/a", "--writer", "carol@example.org"}).code, 3);
  EXPECT_EQ(call({"get", "shared/a", "--output", folder_.file("x")}).code, 2);
  EXPECT_EQ(call({"get", "shared/a", "--json"}).json().at("entries").size(), 2U);
}

TEST_F(AppTest, GetSaysWhatIsOlderThanBefore) {
  // Shows: STORE-38.
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::GetResult result;
    result.entries = {entry_of("home", "one", "alice@example.org"),
                      entry_of("work", "two", "alice@example.org")};
    result.entries[1].rolled_back = true;
    return result;
  };
  const auto list = call({"get", "a@b/c"});
  EXPECT_EQ(list.code, 0);
  EXPECT_EQ(list.out, "home: one\nwork: two\n");
  EXPECT_THAT(list.err, ::testing::StartsWith("ringway: older than what this peer has read before: work ("));
  const auto entries = call({"get", "a@b/c", "--json"}).json().at("entries");
  EXPECT_EQ(entries.at(0).at("rolled_back"), false);
  EXPECT_EQ(entries.at(1).at("rolled_back"), true);
}

TEST_F(AppTest, FailuresHaveTheirExitCodes) {
  const std::vector<std::pair<data::CallError, int>> codes{
      {data::CallError::invalid_argument, 2},   {data::CallError::not_found, 3},
      {data::CallError::unavailable, 4},        {data::CallError::deadline_exceeded, 4},
      {data::CallError::permission_denied, 5},  {data::CallError::aborted, 5},
      {data::CallError::resource_exhausted, 5}, {data::CallError::failed_precondition, 5},
      {data::CallError::data_loss, 1},          {data::CallError::internal, 1}};
  for (const auto& [error, code] : codes) {
    peer_->answer = [failure = error](const data::Call&) -> data::CallResult {
      return data::CallFailure{failure, "because", 6};
    };
    const auto text = call({"rm", "shared/a"});
    EXPECT_EQ(text.code, code);
    EXPECT_EQ(text.err, "ringway: because\n");
    const auto json = call({"--json", "rm", "shared/a"});
    EXPECT_EQ(json.code, code);
    EXPECT_EQ(json.json().at("error").at("message"), "because");
    EXPECT_EQ(json.json().at("error").contains("generation"), error == data::CallError::aborted);
  }
}

TEST_F(AppTest, StatShowsSizes) {
  peer_->answer = [](const data::Call&) -> data::CallResult {
    data::StatResult result;
    result.generation = 5;
    result.entries = {{"home", k_no_node, 12, 1'700'000'000'000, 59}};
    return result;
  };
  EXPECT_EQ(call({"stat", "a@b/c"}).out,
            "a@b/c: generation 5\n  home: 12 bytes, written 2023-11-14T22:13:20Z, expires in 59s\n");
  const auto json = call({"stat", "a@b/c", "--json"}).json();
  EXPECT_EQ(json.at("entries").at(0).at("size_bytes"), 12);
  EXPECT_FALSE(json.at("entries").at(0).contains("writer_node"));
}

TEST_F(AppTest, RingDrawsWhatThePeerSees) {
  auto view = std::make_shared<topology::RingView>();
  view->joined = true;
  view->predecessors = {test::node_id(0x00)};
  view->successors = {test::node_id(0x80)};
  peer_->present.node = test::node_id(0x40);
  peer_->present.overlay = "overlay.example.org";
  peer_->present.routing.view = view;
  peer_->present.routing.phase = "joined";
  const auto text = call({"ring"});
  EXPECT_EQ(text.code, 0);
  // At the top, at three o'clock, at the bottom.
  std::istringstream lines(text.out);
  std::string title, blank, top;
  std::getline(lines, title);
  std::getline(lines, blank);
  std::getline(lines, top);
  EXPECT_THAT(title, HasSubstr("overlay.example.org: this peer is joined"));
  EXPECT_EQ(top.find('p'), 2U + 13U);
  EXPECT_THAT(text.out, HasSubstr("@\n"));
  EXPECT_THAT(text.out, HasSubstr("successor 1    " + test::node_id(0x80).hex()));
  const auto json = call({"ring", "--json"}).json();
  EXPECT_EQ(json.at("joined"), true);
  EXPECT_EQ(json.at("successors"), nlohmann::json::array({test::node_id(0x80).hex()}));
  EXPECT_EQ(json.at("predecessors"), nlohmann::json::array({test::node_id(0x00).hex()}));
}

TEST_F(AppTest, StatusShowsCounters) {
  peer_->present.node = test::node_id(0x40);
  peer_->present.routing.phase = "joined";
  peer_->present.routing.forwarded = 99;
  peer_->present.uptime_s = 3661;
  EXPECT_THAT(call({"status"}).out, HasSubstr("joined, up 1h 1m"));
  EXPECT_THAT(call({"status"}).out, HasSubstr("forwarded 99"));
  const auto json = call({"status", "--json"}).json();
  EXPECT_EQ(json.at("routing").at("forwarded"), 99);
  EXPECT_EQ(json.at("node"), test::node_id(0x40).hex());
}

TEST_F(AppTest, ACommandThatThereIsNotIsNamed) {
  for (const auto& words : std::vector<std::vector<std::string>>{{"stauts"}, {"stauts", "--timeout", "1"}}) {
    const auto mistyped = call(words);
    EXPECT_EQ(mistyped.code, 2);
    EXPECT_EQ(mistyped.err, "ringway: there is no command 'stauts'; see ringway --help\n");
  }
  EXPECT_THAT(call({"stauts", "--json"}).json().at("error").at("message").get<std::string>(),
              HasSubstr("'stauts'"));
  const auto wrong_option = call({"status", "--nothing"});
  EXPECT_EQ(wrong_option.code, 2);
  EXPECT_THAT(wrong_option.err, Not(HasSubstr("there is no command")));
}

TEST_F(AppTest, StatusSaysWhatAPeerMayLackThatHasFoundNobody) {
  peer_->present.routing.phase = "joined";
  EXPECT_THAT(call({"status"}).out, Not(HasSubstr("--first-peer")));
  peer_->present.routing.phase = "connecting";
  EXPECT_THAT(call({"status"}).out, HasSubstr("if this is the overlay's first peer: --first-peer\n"));
  peer_->present.users_unverified = true;
  EXPECT_THAT(call({"status"}).out, Not(HasSubstr("--first-peer"))) << "any peer begins the ring there";
}

TEST_F(AppTest, StatusSaysWhenTheFirstFurtherUsersCertificateEnds) {
  EXPECT_THAT(call({"status"}).out, Not(HasSubstr("further users until")));
  peer_->present.storage.further_users = 2;
  peer_->present.storage.further_users_until_ms = 1'700'000'000'000;
  EXPECT_THAT(call({"status"}).out, HasSubstr("further users 2"));
  EXPECT_THAT(call({"status"}).out, HasSubstr("further users until 2023-11-14T22:13:20Z"));
  EXPECT_EQ(call({"status", "--json"}).json().at("storage").at("further_users_until_ms"), 1'700'000'000'000);
}

TEST_F(AppTest, StatusShowsWhoHasTheSameName) {
  peer_->present.users_unverified = true;
  EXPECT_THAT(call({"status"}).out, Not(HasSubstr("namesake")));
  EXPECT_EQ(call({"status", "--json"}).json().at("namesakes"), nlohmann::json::array());
  namesakes_ = {test::node_id(0x41).hex()};
  EXPECT_THAT(call({"status"}).out, HasSubstr(namesakes_.front() + " has this user name, too\n"));
  EXPECT_EQ(call({"status", "--json"}).json().at("namesakes"), nlohmann::json(namesakes_));
}

TEST_F(AppTest, StatusSaysWhenTheDocumentExpires) {
  peer_->present.overlay = "overlay.example.org";
  peer_->present.configuration_sequence = 3;
  EXPECT_THAT(call({"status"}).out, HasSubstr("overlay.example.org, configuration 3\n"));
  EXPECT_EQ(call({"status", "--json"}).json().at("configuration_expires_ms"), 0);
  peer_->present.configuration_expires_ms = 1'700'000'000'000;
  EXPECT_THAT(call({"status"}).out, HasSubstr("configuration 3 until 2023-11-14T22:13:20Z\n"));
  EXPECT_EQ(call({"status", "--json"}).json().at("configuration_expires_ms"), 1'700'000'000'000);
}

TEST_F(AppTest, PingNeedsExactlyOneDestination) {
  peer_->ping_outcome.ok = true;
  peer_->ping_outcome.round_trip_ms = 1.25;
  EXPECT_EQ(call({"ping"}).code, 2);
  EXPECT_EQ(call({"ping", test::node_id(1).hex(), "--key", "shared/a"}).code, 2);
  EXPECT_EQ(call({"ping", "12"}).code, 2);
  EXPECT_THAT(call({"ping", test::node_id(1).hex()}).out, HasSubstr("answered in 1.25 ms"));
  EXPECT_EQ(call({"ping", "--key", "shared/a", "--json"}).json().at("round_trip_ms"), 1.25);
}

TEST_F(AppTest, LeaveLeaves) { EXPECT_EQ(call({"leave"}).code, 0); }

TEST_F(AppTest, TheApiMayComeFromTheEnvironment) {
  ::setenv("RINGWAY_API", ("unix:" + folder_.file("api.sock")).c_str(), 1);
  EXPECT_EQ(run_with({"status"}).code, 0);
  ::unsetenv("RINGWAY_API");
}

// Both programs may be started from one environment.
TEST(CommandLineTest, TheServersPairInTheEnvironmentIsNotTheClients) {
  const test::TestAuthority authority;
  const TemporaryFolder folder;
  const std::vector<std::string> line{"--api", "127.0.0.1:1", "--api-ca",
                                      folder.file("ca.pem", authority.root_pem()), "status"};
  for (const auto& [name, code] : {std::pair{"RINGWAY_API_CERT", 4}, std::pair{"RINGWAY_API_KEY", 4},
                                   std::pair{"RINGWAY_CLIENT_CERT", 2}, std::pair{"RINGWAY_CLIENT_KEY", 2}}) {
    ::setenv(name, folder.file("missing.pem").c_str(), 1);
    EXPECT_EQ(run_with(line).code, code) << name;
    ::unsetenv(name);
  }
}

TEST(CommandLineTest, NoPeerThereIsUnreachable) {
  const TemporaryFolder folder;
  const auto nobody = run_with({"--api", "unix:" + folder.file("none.sock"), "get", "shared/a"});
  EXPECT_EQ(nobody.code, 4) << nobody.err;
  EXPECT_FALSE(nobody.err.empty());
}

TEST(CommandLineTest, WrongUsageIsTwo) {
  EXPECT_EQ(run_with({}).code, 2);
  EXPECT_EQ(run_with({"fetch"}).code, 2);
  EXPECT_EQ(run_with({"get"}).code, 2);
  EXPECT_EQ(run_with({"put", "shared/a", "b", "--lifetime", "soon"}).code, 2);
  EXPECT_EQ(run_with({"--api", "192.0.2.1:7084", "status"}).code, 2);  // plain text over the network
  EXPECT_EQ(run_with({"--api", "127.0.0.1:1", "--api-ca", "missing.pem", "status"}).code, 2);
  EXPECT_EQ(run_with({"--help"}).code, 0);
  EXPECT_THAT(run_with({"--version"}).out, HasSubstr("ringway "));
}

TEST(CommandLineTest, WrongUsageIsJsonWhenJsonIsAskedFor) {
  const std::vector<std::vector<std::string>> lines{{"--json"},
                                                    {"--json", "put"},
                                                    {"--json", "get", "k", "--bogus"},
                                                    {"--json", "--timeout", "0", "status"},
                                                    {"fetch", "--json"},
                                                    {"stat", "shared/\xFF", "--json"}};
  for (const auto& line : lines) {
    const auto wrong = run_with(line);
    EXPECT_EQ(wrong.code, 2) << line.back();
    EXPECT_EQ(wrong.err, "") << line.back();
    const auto document = nlohmann::json::parse(wrong.out, nullptr, false);
    ASSERT_TRUE(document.is_object()) << line.back() << ": " << wrong.out;
    EXPECT_EQ(document.at("error").at("code"), "INVALID_ARGUMENT");
    EXPECT_NE(document.at("error").at("message"), "");
  }
  EXPECT_THAT(run_with({"--json", "--help"}).out, HasSubstr("Usage"));
  const auto value = run_with({"get", "--", "a", "--json"});  // two keys, one too many
  EXPECT_EQ(value.code, 2);
  EXPECT_EQ(value.out, "");
}

// A folder can be opened, but not read.
TEST(CommandLineTest, InputThatCannotBeReadIsNoEndOfInput) {
  const TemporaryFolder folder;
  const std::vector<std::vector<std::string>> lines{
      {"put", "shared/a"}, {"put", "shared/a", "--file", "-"}, {"decode"}, {"decode", "--frame", "-"}};
  for (const auto& line : lines) {
    std::ifstream unreadable(folder.file(""), std::ios::binary);
    ASSERT_TRUE(unreadable.is_open());
    const auto failed = run_reading(unreadable, line);
    EXPECT_EQ(failed.code, 1) << line[0];
    EXPECT_EQ(failed.out, "") << line[0];
    EXPECT_EQ(failed.err, "ringway: cannot read standard input: Is a directory\n") << line[0];
  }
  const auto file = run_with({"put", "shared/a", "--file", folder.file("")});
  EXPECT_EQ(file.code, 1);
  EXPECT_THAT(file.err, HasSubstr("Is a directory"));
  const auto frames = run_with({"decode", "--frame", folder.file("")});
  EXPECT_EQ(frames.code, 1);
  EXPECT_THAT(frames.err, HasSubstr("Is a directory"));
}

TEST(CompletionTest, NamesEveryCommandAndOption) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = run_with({"completion", shell});
    EXPECT_EQ(script.code, 0);
    for (const char* word : {"put", "get", "rm", "stat", "status", "ring", "ping", "decode", "completion"}) {
      EXPECT_THAT(script.out, HasSubstr(word)) << shell;
    }
    for (const char* option : {"lifetime", "generation", "frame", "verify", "api-ca", "resource"}) {
      EXPECT_THAT(script.out, HasSubstr(option)) << shell;
    }
  }
  EXPECT_EQ(run_with({"completion", "tcsh"}).code, 2);
}

TEST(CompletionTest, BashCompletesWithIt) {
  const TemporaryFolder folder;
  const auto script = folder.file("completion", run_with({"completion", "bash"}).out);
  const auto complete = [&](const std::string& words, int index) {
    const auto result = folder.file("words");
    const std::string command = "bash -c 'source " + script + "; COMP_WORDS=(" + words +
                                "); COMP_CWORD=" + std::to_string(index) +
                                "; _ringway; echo ${COMPREPLY[*]}' > " + result;
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::ifstream in(result);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  EXPECT_EQ(complete("ringway sta", 1), "stat status\n");
  EXPECT_EQ(complete("ringway put --life", 2), "--lifetime\n");
  EXPECT_EQ(complete("ringway --json completion z", 3), "zsh\n");
}

TEST(DecodeCommandTest, OneLineOfJsonForEachMessage) {
  const test::TestAuthority authority;
  const auto alice = authority.issue("alice@overlay.example.org", test::node_id(0xA1));
  const auto message =
      test::encoded(test::signed_message(*alice, wire::MessageCode::ping_req, wire::encode(wire::PingReq{})));
  const std::string input = to_hex(message) + "\n\nzz\n" + to_hex(message) + "\n";
  const auto decoded = run_with({"decode"}, input);
  EXPECT_EQ(decoded.code, 0) << decoded.err;
  std::istringstream lines(decoded.out);
  std::vector<nlohmann::json> parsed;
  for (std::string line; std::getline(lines, line);) parsed.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(parsed.size(), 3U);
  EXPECT_EQ(parsed[0].at("message_contents").at("message_name"), "ping_req");
  EXPECT_EQ(parsed[1].at("offset"), 0);
  EXPECT_TRUE(parsed[1].contains("error"));
  EXPECT_EQ(parsed[0], parsed[2]);
  EXPECT_FALSE(parsed[0].contains("verified"));
}

TEST(DecodeCommandTest, VerifyTakesRootsAndATime) {
  const test::TestAuthority authority;
  const TemporaryFolder folder;
  const auto root = folder.file("root.pem", authority.root_pem());
  const auto alice = authority.issue("alice@overlay.example.org", test::node_id(0xA1));
  const std::string input = to_hex(test::encoded(test::signed_message(*alice, wire::MessageCode::ping_req,
                                                                      wire::encode(wire::PingReq{})))) +
                            "\n";
  const auto verified = [&](const std::string& at) {
    return run_with({"decode", "--verify", "--ca", root, "--at", at}, input)
        .json()
        .at("verified")
        .get<bool>();
  };
  EXPECT_TRUE(verified("2027-01-15T08:00:00Z"));
  EXPECT_FALSE(verified("2097-01-15T08:00:00Z"));
  // The certificate starts at 2017-07-14T02:40:00Z.
  EXPECT_TRUE(verified("2017-07-14T03:41:00+01:00"));
  EXPECT_FALSE(verified("2017-07-14T03:39:00+01:00"));
  EXPECT_EQ(run_with({"decode", "--verify"}, input).code, 2);
  EXPECT_EQ(run_with({"decode", "--verify", "--ca", folder.file("none.pem", "nothing")}, input).code, 2);
  EXPECT_EQ(run_with({"decode", "--verify", "--ca", root, "--at", "yesterday"}, input).code, 2);
  EXPECT_EQ(run_with({"decode", "--resource", "12"}, input).code, 2);
}

TEST(DecodeCommandTest, FramesComeFromAFile) {
  const test::TestAuthority authority;
  const TemporaryFolder folder;
  const auto alice = authority.issue("alice@overlay.example.org", test::node_id(0xA1));
  const auto message =
      test::encoded(test::signed_message(*alice, wire::MessageCode::ping_req, wire::encode(wire::PingReq{})));
  Bytes frame = wire::data_frame_prefix(3, message.size());
  append(frame, message);
  const auto path = folder.file("frames", std::string(text_of(frame)));
  EXPECT_EQ(run_with({"decode", "--frame", path}).json().at("sequence"), 3);
  EXPECT_EQ(run_with({"decode", "--frame", "-"}, std::string(text_of(frame))).json().at("sequence"), 3);
  EXPECT_EQ(run_with({"decode", "--frame", folder.file("missing")}).code, 2);
}

TEST_F(AppTest, WatchPrintsEachEventAndWhyItEnds) {
  std::thread peer([this] {
    data::WatchUpdate update;
    update.state.generation = 3;
    update.state.entries.push_back(entry_of("home", "one", "alice@example.org"));
    EXPECT_TRUE(peer_->give(update));
    update.state.entries.clear();
    update.compacted = true;
    EXPECT_TRUE(peer_->give(update));
    EXPECT_TRUE(peer_->give(data::CallFailure{data::CallError::unavailable, "the peer has stopped", 0}));
  });
  const auto ran = call({"watch", "alice@example.org/card", "--entry", "home", "--resume", "abc"});
  peer.join();
  EXPECT_EQ(ran.code, 4);
  EXPECT_EQ(ran.out,
            "generation 3\nhome: one\n"
            "generation 3 (after changes that are not shown one by one)\n  nothing is stored there\n");
  EXPECT_THAT(ran.err, HasSubstr("the peer has stopped"));
  ASSERT_EQ(peer_->watched.size(), 1U);
  EXPECT_EQ(peer_->watched[0].entry, "home");
  EXPECT_EQ(peer_->watched[0].resume_token, "abc");
}

TEST_F(AppTest, WatchEndsAfterSoManyEventsAndPrintsALineOfJsonForEach) {
  std::thread peer([this] {
    data::WatchUpdate update;
    update.resume_token = "next";
    EXPECT_TRUE(peer_->give(update));
  });
  const auto ran = call({"--json", "watch", "shared/news", "--count", "1"});
  peer.join();
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.json()["resume_token"], "next");
  EXPECT_EQ(ran.json()["compacted"], false);
  EXPECT_TRUE(ran.json()["entries"].empty());
}

TEST_F(AppTest, PutMayBeKept) {
  std::vector<bool> kept;
  peer_->answer = [&](const data::Call& call) -> data::CallResult {
    kept.push_back(std::get<data::PutCall>(call).keep);
    return data::PutResult{};
  };
  EXPECT_EQ(call({"put", "shared/a", "one", "--keep"}).code, 0);
  EXPECT_EQ(call({"put", "shared/a", "one"}).code, 0);
  EXPECT_EQ(kept, (std::vector<bool>{true, false}));
}

}  // namespace
}  // namespace ringway::services

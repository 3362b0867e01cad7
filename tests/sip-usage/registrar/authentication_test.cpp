// RFC 3261 §22, RFC 7616, RFC 8760: who may register.
#include "sip-usage/registrar/authentication.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::Answer;
using test::authorization;
using test::source_of;

struct Door {
  explicit Door(std::vector<Account> accounts = test::accounts({"alice", "bob"}))
      : authenticator(settings, std::move(accounts), Bytes(32, 9)) {}

  std::vector<Challenge> challenge(bool stale = false) {
    Message response = make(401);
    authenticator.challenge(now, asker, stale, response);
    return challenges(response, asker == Asker::proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
  }
  std::string nonce() { return challenge().front().nonce; }
  static Message make(unsigned status) {
    Message out = test::message_of({});
    out.start = StatusLine{status, ""};
    return out;
  }
  // "alice", "401", "401 stale", or the status of a refusal.
  std::string says(const std::vector<std::string>& lines, const std::string& sender = "192.0.2.1") {
    test::Request request;
    request.more = lines;
    const auto verdict = authenticator.check(now, asker, test::message_of(request), source_of(1, sender));
    if (const auto* one = std::get_if<Admitted>(&verdict)) return std::string(one->aor.user());
    if (const auto* one = std::get_if<Challenged>(&verdict)) return one->stale ? "401 stale" : "401";
    return std::to_string(std::get<Rejection>(verdict).status);
  }
  std::string says(Answer answer, const std::string& sender = "192.0.2.1") {
    return says(std::vector{authorization(answer)}, sender);
  }

  Settings settings = test::settings();
  Authenticator authenticator;
  MonoTime now{1'000};
  Asker asker = Asker::registrar;
};

TEST(Authentication, ChallengesWithTheStrongestFirst) {
  // Shows: SIP-27.
  Door door;
  EXPECT_EQ(door.says(std::vector<std::string>{}), "401");
  const auto asked = door.challenge();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].algorithm, "SHA-256") << "RFC 8760 §2.3";
  EXPECT_EQ(asked[1].algorithm, "MD5");
  for (const Challenge& each : asked) {
    EXPECT_EQ(each.realm, "example.org");
    EXPECT_EQ(each.qop, "auth");
    EXPECT_FALSE(each.stale);
  }
  EXPECT_TRUE(door.challenge(true).front().stale);
}

TEST(Authentication, TakesTheRightPasswordByEachAlgorithm) {
  Door door;
  for (const Algorithm algorithm : {Algorithm::md5, Algorithm::sha256}) {
    EXPECT_EQ(door.says({.algorithm = algorithm, .nonce = door.nonce()}), "alice");
    EXPECT_EQ(
        door.says({.user = "bob", .password = "bob-secret", .algorithm = algorithm, .nonce = door.nonce()}),
        "bob");
    EXPECT_EQ(door.says({.password = "guess", .algorithm = algorithm, .nonce = door.nonce()}), "401");
  }
  EXPECT_EQ(door.says({.user = "carol", .password = "carol-secret", .nonce = door.nonce()}), "401");
  EXPECT_EQ(door.says({.user = "", .password = "", .nonce = door.nonce()}), "401") << "nobody's key";
  EXPECT_EQ(door.authenticator.counters().failed, 4U);
}

TEST(Authentication, OffersOnlyWhatEveryUserHas) {
  auto accounts = test::accounts({"alice", "bob"});
  accounts[1].keys.pop_back();
  Door door(std::move(accounts));
  ASSERT_EQ(door.challenge().size(), 1U);
  EXPECT_EQ(door.challenge().front().algorithm, "MD5");
  EXPECT_EQ(door.says({.algorithm = Algorithm::sha256, .nonce = door.nonce()}), "401");
  EXPECT_EQ(door.authenticator.counters().failed, 0U) << "as if nothing had been said";
}

TEST(Authentication, NothingWorksTwice) {
  Door door;
  const std::string nonce = door.nonce();
  EXPECT_EQ(door.says({.nonce = nonce}), "alice");
  EXPECT_EQ(door.says({.nonce = nonce}), "401 stale") << "played again";
  EXPECT_EQ(door.says({.nonce = nonce, .count = "00000002"}), "alice");
  EXPECT_EQ(door.says({.nonce = nonce, .count = "00000001"}), "401 stale");
  EXPECT_EQ(door.authenticator.counters().failed, 0U);
}

TEST(Authentication, OldNoncesAreStale) {
  Door door;
  const std::string nonce = door.nonce();
  door.now = door.now + (door.settings.nonce_life - Duration{1});
  EXPECT_EQ(door.says({.nonce = nonce}), "alice");
  door.now = door.now + Duration{1};
  EXPECT_EQ(door.says({.nonce = nonce, .count = "00000002"}), "401 stale");
  EXPECT_EQ(door.says({.password = "guess", .nonce = nonce, .count = "00000003"}), "401")
      << "RFC 7616 §3.3: stale only for the right password";
  EXPECT_EQ(door.says({.nonce = "of before the last start"}), "401 stale");
}

TEST(Authentication, WantsAllOfQop) {
  Door door;
  EXPECT_EQ(door.says({.nonce = door.nonce(), .qop = ""}), "400");
  EXPECT_EQ(door.says({.nonce = door.nonce(), .qop = "auth-int"}), "400");
  for (const char* count : {"", "1", "00000000", "0000000g", "000000001"})
    EXPECT_EQ(door.says({.nonce = door.nonce(), .count = count}), "400") << count;
  EXPECT_EQ(door.says({.nonce = door.nonce(), .uri = "sip:elsewhere.org"}), "400") << "RFC 8760 §2.6";
  EXPECT_EQ(door.says({.nonce = door.nonce(), .uri = "sip:EXAMPLE.org;transport=tcp"}), "alice");
}

// SIPp's digest-uri is the address that it sends to, whatever its Request-URI is.
TEST(Authentication, TheUriMayNameThePeerInAnotherWay) {
  Settings settings = test::settings();
  settings.is_own = [](const Uri& uri) { return uri.host == "192.0.2.9" || uri.host == "example.org"; };
  Authenticator authenticator(settings, test::accounts({"alice"}), Bytes(32, 9));
  const auto says = [&](const std::string& digest_uri, const std::string& request_uri) {
    const MonoTime now{1'000};
    Message challenged = Door::make(401);
    authenticator.challenge(now, Asker::registrar, false, challenged);
    const auto nonce = challenges(challenged, "WWW-Authenticate").front().nonce;
    test::Request request;
    request.more = {authorization({.nonce = nonce, .uri = digest_uri})};
    Message message = test::message_of(request);
    message.request_uri() = *Uri::parse(request_uri);
    const auto verdict = authenticator.check(now, Asker::registrar, message, source_of(1));
    return std::holds_alternative<Admitted>(verdict) ? 200U : std::get<Rejection>(verdict).status;
  };
  EXPECT_EQ(says("sip:192.0.2.9:5060", "sip:example.org"), 200U);
  EXPECT_EQ(says("sip:example.org", "sip:192.0.2.9:5060"), 200U);
  EXPECT_EQ(says("sip:192.0.2.8:5060", "sip:example.org"), 400U);
  EXPECT_EQ(says("sip:192.0.2.9:5060", "sip:elsewhere.org"), 400U);
  EXPECT_EQ(says("tel:+15550100", "sip:example.org"), 400U);
}

TEST(Authentication, PassesOverCredentialsForOthers) {
  Door door;
  EXPECT_EQ(door.says({.nonce = door.nonce(), .realm = "other.org"}), "401");
  EXPECT_EQ(door.says({authorization({.nonce = door.nonce(), .realm = "other.org"}),
                       "Authorization: Basic YWxpY2U6c2VjcmV0", authorization({.nonce = door.nonce()})}),
            "alice");
}

TEST(Authentication, AProxyAsksInItsOwnFields) {
  Door door;
  door.asker = Asker::proxy;
  const std::string nonce = door.nonce();
  ASSERT_FALSE(nonce.empty());
  EXPECT_EQ(door.says({.nonce = nonce}), "401") << "that is for another";
  const std::string elsewhere = "Proxy-" + authorization({.nonce = nonce, .uri = "sip:bob@elsewhere.org"});
  EXPECT_EQ(door.says(std::vector{elsewhere}), "alice") << "calls go to other domains";
}

TEST(Authentication, GuessersAreStoppedForAMinute) {
  Door door;
  for (std::size_t n = 0; n < k_max_failures_of_name; ++n)
    EXPECT_EQ(door.says({.password = "guess", .nonce = door.nonce()}), "401");
  EXPECT_EQ(door.says({.nonce = door.nonce()}), "403") << "even if it is right now";
  EXPECT_EQ(door.says({.nonce = door.nonce()}, "192.0.2.2"), "alice");
  EXPECT_EQ(door.says({.user = "bob", .password = "bob-secret", .nonce = door.nonce()}), "bob");
  door.now = door.now + k_failure_window;
  EXPECT_EQ(door.says({.nonce = door.nonce()}), "alice");
}

}  // namespace
}  // namespace ringway::sip::registrar

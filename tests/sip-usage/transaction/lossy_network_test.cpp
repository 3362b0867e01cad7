// Two tables with a network between them that loses, repeats and reorders. Whatever it does, both ends have
// ended within 64*T1 of the last that happened, and each user has heard what the machines promise.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "sip-usage/transaction/transaction_table.hpp"
#include "tests/sip-usage/transaction/steps.hpp"

namespace ringway::sip {
namespace {

using test::request;

struct Weather {
  unsigned lost_percent = 0, repeated_percent = 0;
  std::int64_t slowest_ms = 0;
  unsigned lost_at = 0;  // the n-th message is lost besides; 0 for none
};

// A client that asks once, a server that says `provisional` (0 for none) after 50 ms and `final` 300 ms
// later.
class Conversation {
 public:
  Conversation(std::string method, unsigned provisional, unsigned final_status, Transport transport,
               Weather weather, unsigned seed)
      : method_(std::move(method)),
        provisional_(provisional),
        final_(final_status),
        flow_{1, transport},
        weather_(weather),
        random_(seed) {}

  // Until nothing is left to do; the time at which that was.
  std::int64_t run() {
    auto sent = client_.send_request({0}, request(method_), flow_);
    carry(0, std::move(sent->outputs), true);
    for (int steps = 0; steps < 100'000; ++steps) {
      const auto next = next_ms();
      if (next == k_forever) return now_ms_;
      now_ms_ = next;
      step();
    }
    ADD_FAILURE() << "it does not end";
    return now_ms_;
  }

  unsigned requests_arrived = 0, finals_heard = 0, client_failures = 0, server_failures = 0, messages = 0;
  bool client_ended = false, server_ended = false;

 private:
  static constexpr std::int64_t k_forever = std::numeric_limits<std::int64_t>::max();
  enum class What { to_server, to_client, say_provisional, say_final };

  std::int64_t next_ms() const {
    std::int64_t next = events_.empty() ? k_forever : events_.begin()->first;
    for (const auto* table : {&client_, &server_})
      if (const auto wake = table->next_wake()) next = std::min(next, (*wake).ms);
    return next;
  }

  void step() {
    carry(now_ms_, client_.on_timer({now_ms_}), true);
    carry(now_ms_, server_.on_timer({now_ms_}), false);
    while (!events_.empty() && events_.begin()->first <= now_ms_) {
      const auto [what, octets] = events_.begin()->second;
      events_.erase(events_.begin());
      happen(what, octets);
    }
  }

  void happen(What what, const SharedBytes& octets) {
    if (what == What::say_provisional || what == What::say_final) {
      const auto* asked = server_.request(asked_);
      if (asked == nullptr) return;
      const auto answer = make_response(*asked, what == What::say_final ? final_ : provisional_, "b");
      carry(now_ms_, server_.respond({now_ms_}, asked_, answer), false);
      return;
    }
    auto parsed = parse_message(octets, Framing::datagram);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason;
    const bool at_server = what == What::to_server;
    carry(now_ms_, (at_server ? server_ : client_).receive({now_ms_}, std::move(*parsed), flow_), !at_server);
  }

  void carry(std::int64_t now, TransactionOutputs outputs, bool of_client) {
    for (const auto& each : outputs) {
      if (const auto* sent = std::get_if<Transmit>(&each)) transmit(now, sent->octets, of_client);
      if (const auto* arrived = std::get_if<RequestArrived>(&each)) {
        ++requests_arrived;
        asked_ = arrived->transaction;
        if (provisional_ != 0) events_.emplace(now + 50, std::pair(What::say_provisional, SharedBytes()));
        events_.emplace(now + 350, std::pair(What::say_final, SharedBytes()));
      }
      if (const auto* told = std::get_if<ResponseArrived>(&each))
        finals_heard += told->response.status() >= 200;
      if (std::holds_alternative<TransactionFailed>(each)) ++(of_client ? client_failures : server_failures);
      if (std::holds_alternative<TransactionEnded>(each)) (of_client ? client_ended : server_ended) = true;
    }
  }

  void transmit(std::int64_t now, const SharedBytes& octets, bool of_client) {
    ++messages;
    const auto chance = [&](unsigned percent) { return random_() % 100 < percent; };
    const unsigned copies = chance(weather_.repeated_percent) ? 2 : 1;
    for (unsigned i = 0; i < copies; ++i) {
      if (messages == weather_.lost_at || chance(weather_.lost_percent)) continue;
      const auto delay =
          weather_.slowest_ms == 0
              ? 1
              : static_cast<std::int64_t>(random_() % static_cast<unsigned>(weather_.slowest_ms));
      events_.emplace(now + delay, std::pair(of_client ? What::to_server : What::to_client, octets));
    }
  }

  std::string method_;
  unsigned provisional_, final_;
  Flow flow_;
  Weather weather_;
  std::mt19937 random_;
  TransactionTable client_{{}, {}, "c"}, server_{{}, {}, "s"};
  std::multimap<std::int64_t, std::pair<What, SharedBytes>> events_;
  std::int64_t now_ms_ = 0;
  TransactionId asked_;
};

// Timer B or F at the latest, then D, H, J, L or M behind a final answer that came just before.
constexpr std::int64_t k_longest_ms = 2 * 32'000 + 6'000;

TEST(LossyNetwork, NothingIsLost) {
  for (const auto transport : {Transport::unreliable, Transport::reliable})
    for (const auto* method : {"INVITE", "OPTIONS"})
      for (const unsigned status : {200u, 486u}) {
        Conversation talk(method, 180, status, transport, {}, 1);
        talk.run();
        EXPECT_EQ(talk.requests_arrived, 1u);
        EXPECT_EQ(talk.finals_heard, 1u) << method << status;
        EXPECT_EQ(talk.client_failures + talk.server_failures, 0u);
        EXPECT_TRUE(talk.client_ended && talk.server_ended);
      }
}

// Each message that is sent in the case where nothing is lost is lost once.
TEST(LossyNetwork, AnyOneMessageMayBeLost) {
  for (const auto* method : {"INVITE", "OPTIONS"})
    for (const unsigned provisional : {0u, 180u})
      for (const unsigned status : {200u, 486u})
        for (unsigned lost = 1; lost <= 6; ++lost) {
          Conversation talk(method, provisional, status, Transport::unreliable, {0, 0, 0, lost}, 1);
          EXPECT_LE(talk.run(), k_longest_ms);
          EXPECT_EQ(talk.requests_arrived, 1u);
          EXPECT_TRUE(talk.client_ended || method == std::string("INVITE"));
          EXPECT_TRUE(talk.server_ended);
          EXPECT_EQ(talk.server_failures, 0u);
          // The 2xx to an INVITE is its user's to repeat (§13.3.1.4), and there is none here that does.
          if (std::string(method) == "INVITE" && status == 200) continue;
          EXPECT_EQ(talk.finals_heard, 1u)
              << method << ' ' << provisional << ' ' << status << " lost " << lost;
          EXPECT_EQ(talk.client_failures, 0u);
          EXPECT_TRUE(talk.client_ended);
        }
}

// (A datagram that takes longer than 850 ms can come after timer J: a last retransmission 31.5 s behind the
// first.)
TEST(LossyNetwork, BothEndsEndWhateverHappens) {
  unsigned heard = 0, failed = 0;
  for (unsigned seed = 1; seed <= 400; ++seed) {
    const Weather weather{seed % 10 * 10, seed % 7 * 15, 1 + static_cast<std::int64_t>(seed % 5) * 200, 0};
    const auto* method = seed % 2 == 0 ? "INVITE" : "OPTIONS";
    Conversation talk(method, seed % 3 == 0 ? 180 : 0, 486, Transport::unreliable, weather, seed);
    EXPECT_LE(talk.run(), k_longest_ms) << seed;
    EXPECT_LE(talk.requests_arrived, 1u) << seed << ": a repetition was taken for a request";
    EXPECT_LE(talk.finals_heard, 1u) << seed;
    EXPECT_LE(talk.client_failures, 1u) << seed;
    EXPECT_EQ(talk.server_ended, talk.requests_arrived == 1) << seed;
    // An INVITE that has had a 100 or 180 waits for its user's timer C; all else has had an answer or failed.
    if (talk.client_ended) {
      EXPECT_EQ(talk.finals_heard + talk.client_failures, 1u) << seed;
    } else {
      EXPECT_STREQ(method, "INVITE") << seed;
    }
    heard += talk.finals_heard;
    failed += talk.client_failures;
  }
  EXPECT_GT(heard, 250u);
  EXPECT_GT(failed, 5u) << "the weather was too good to show anything";
}

}  // namespace
}  // namespace ringway::sip

// Random calls: answers, cancellations, silence, lost flows and time in any order. Whatever happens, each
// request gets exactly one final response (or, to an INVITE, 2xx only), nothing is cancelled that must not
// be, and at the end nothing is left.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <variant>

#include "sip-usage/proxy/proxy.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::binding;
using test::device;
using test::flow;
using test::phone;
using test::request;
using test::uri;

struct Call {
  bool is_invite = true;
  unsigned max_breadth = k_max_breadth;
  bool is_cancelled = false;
  bool is_ended = false;  // its server transaction
  unsigned successes = 0, failures = 0, left = 0;
  std::size_t started = 0;
  bool has_final() const { return successes + failures + left > 0; }
};

// A client transaction and who is at its other end.
struct Leg {
  ServerId server{};
  Message request;
  unsigned max_breadth = 0;
  bool has_provisional = false, is_final = false, is_success = false, has_cancel = false, is_silent = false;
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : random_(seed), proxy_(test::settings(), std::make_shared<sim::SeededRandom>(seed)) {}

  void run() {
    for (int step = 0; step < 400 && !testing::Test::HasFailure(); ++step) {
      act();
      drain();
      check();
    }
    // Time goes on until everybody has given up.
    for (int round = 0; round < 4000 && !is_quiet(); ++round) {
      settle();
      drain();
      check();
    }
    check_the_end();
  }

 private:
  bool chance(double probability) { return random_.chance(probability); }
  template <typename Map>
  auto any_of(Map& map) {
    auto at = map.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_.below(map.size())));
    return at;
  }

  // As where the connection was still being opened.
  void report_recalled() {
    for (const BranchId id : std::exchange(recalled_, {})) {
      const auto leg = legs_.find(id);
      if (leg == legs_.end() || leg->second.has_provisional || leg->second.is_final || chance(0.5)) continue;
      legs_.erase(leg);
      proxy_.on_failure(now_, id, BranchFailure::not_sent);
      drain();
    }
  }

  void act() {
    report_recalled();
    switch (random_.below(8)) {
      case 0:
        return call();
      case 1:
        if (!finds_.empty() && chance(0.8)) return answer_find(any_of(finds_)->first);
        return;
      case 2:
        return chance(0.3) ? cancel() : void();
      case 3:
        return pass(Duration{static_cast<std::int64_t>(random_.below(chance(0.1) ? 250'000 : 4000))});
      case 4:
        return end_servers();
      default:
        if (!legs_.empty()) move_leg(any_of(legs_)->first);
    }
  }

  void call() {
    Call made;
    made.is_invite = chance(0.7);
    std::vector<std::string> more;
    if (chance(0.3)) {
      made.max_breadth = 1 + static_cast<unsigned>(random_.below(5));
      more.push_back("Max-Breadth: " + std::to_string(made.max_breadth));
    }
    const ServerId id{++last_server_};
    calls_[id] = made;
    proxy_.on_request(now_, id,
                      request(made.is_invite ? "INVITE" : "MESSAGE", "sip:bob@ring.example", more,
                              "call-" + std::to_string(last_server_)),
                      phone(1));
  }

  Target some_target() {
    const auto number = 2 + random_.below(12);
    const auto q = static_cast<unsigned>(500 + 250 * random_.below(3));
    if (chance(0.2)) return device(static_cast<std::uint8_t>(number), q);
    Target target = binding(number, q, chance(0.4) ? "<i" + std::to_string(number % 3) + ">" : "");
    if (chance(0.2)) {
      target.hop = ServerHop{"UDP", "s" + std::to_string(number), 5060};
      target.alternatives.assign(random_.below(3), ServerHop{"TCP", "t", 5060});
    }
    return target;
  }

  void answer_find(FindId find) {
    finds_.erase(find);
    if (chance(0.1)) return proxy_.on_not_found(now_, find, chance(0.5) ? 404 : 480);
    Found found;
    for (auto count = random_.below(chance(0.05) ? 50 : 7); count > 0; --count)
      found.targets.push_back(some_target());
    proxy_.on_found(now_, find, std::move(found));
  }

  void cancel() {
    if (calls_.empty()) return;
    const auto chosen = any_of(calls_);
    if (chosen->second.is_ended) return;
    if (chosen->second.is_invite && !chosen->second.has_final()) chosen->second.is_cancelled = true;
    cancels_.insert(ServerId{++last_server_});
    proxy_.on_cancel(now_, ServerId{last_server_}, chosen->first, request("CANCEL"), phone(1));
  }

  void move_leg(BranchId id) {
    Leg& leg = legs_[id];
    if (leg.is_final) {
      if (leg.is_success && chance(0.3)) return respond(id, 200);  // a repetition
      legs_.erase(id);
      return proxy_.on_branch_ended(now_, id);
    }
    if (leg.is_silent) return;
    if (chance(0.1)) {
      leg.is_silent = true;
      return;
    }
    if (!leg.has_provisional && chance(0.1)) {
      legs_.erase(id);
      const auto kind = random_.below(3);
      return proxy_.on_failure(now_, id, static_cast<BranchFailure>(kind));
    }
    if (leg.has_cancel && chance(0.7)) return respond(id, 487);
    if (chance(0.5)) return respond(id, chance(0.5) ? 100 : 180);
    constexpr std::array<unsigned, 12> k_finals = {200, 200, 302, 401, 404, 407,
                                                   408, 430, 486, 500, 503, 603};
    respond(id, k_finals[random_.below(k_finals.size())]);
  }

  void respond(BranchId id, unsigned status) {
    Leg& leg = legs_[id];
    if (status < 200) leg.has_provisional = true;
    if (status >= 200) leg.is_final = true;
    if (status / 100 == 2) leg.is_success = true;
    auto response = make_response(leg.request, status, "t" + std::to_string(random_.below(1000)));
    if (status == 302)
      response.contacts.push_back(
          {{}, uri("sip:c" + std::to_string(random_.below(5)) + "@ring.example"), {}});
    proxy_.on_response(now_, id, std::move(response));
  }

  // As timer H and I, J, or RFC 6026's L would.
  void end_servers() {
    for (auto& [id, made] : calls_) {
      const bool is_over = made.has_final() && (made.left > 0 || chance(0.3));
      if (made.is_ended || !is_over) continue;
      made.is_ended = true;
      proxy_.on_server_ended(now_, id);
    }
  }

  void pass(Duration time) {
    const MonoTime until = now_ + time;
    for (auto wake = proxy_.next_wake(); wake && *wake <= until; wake = proxy_.next_wake()) {
      ASSERT_GE(*wake, now_) << "it wants to be woken in the past";
      now_ = *wake;
      proxy_.on_timer(now_);
      drain();
      const auto again = proxy_.next_wake();
      ASSERT_TRUE(!again || *again > now_) << "it would never sleep";
    }
    now_ = until;
  }

  // The silent stay silent, transactions come to their ends.
  void settle() {
    pass(Duration{5000});
    const auto all = legs_;
    for (const auto& [id, leg] : all) {
      if (legs_.count(id) == 0) continue;
      // Timer F ends those that are no INVITE also behind a provisional response, timer B only before one.
      const bool may_time_out = !leg.has_provisional || !calls_.at(leg.server).is_invite;
      if (leg.is_final || (may_time_out && chance(0.1))) {
        legs_.erase(id);
        if (leg.is_final)
          proxy_.on_branch_ended(now_, id);
        else
          proxy_.on_failure(now_, id, BranchFailure::timed_out);
        drain();
      }
    }
    end_servers();
  }

  bool is_quiet() const { return proxy_.context_count() == 0 && legs_.empty(); }

  // ---- what comes out

  void drain() {
    for (auto& output : proxy_.take_outputs()) std::visit([&](auto& each) { take(each); }, output);
  }
  void take(const HoldFlow&) {}
  void take(const FindTargets& find) { finds_[find.find] = find.server; }
  void take(const DropFind& drop) { finds_.erase(drop.find); }
  void take(StartBranch& start) {
    Call& made = calls_.at(start.server);
    EXPECT_FALSE(made.has_final()) << "a branch behind the final response";
    EXPECT_FALSE(made.is_cancelled) << "a branch behind the CANCEL";
    EXPECT_LE(++made.started, k_max_branches);
    Leg leg;
    leg.server = start.server;
    leg.max_breadth = static_cast<unsigned>(std::stoul(*start.request.field("Max-Breadth")));
    EXPECT_GT(leg.max_breadth, 0u);
    leg.request = std::move(start.request);
    EXPECT_TRUE(legs_.emplace(start.branch, std::move(leg)).second);
  }
  void take(const CancelBranch& cancel) {
    ASSERT_EQ(legs_.count(cancel.branch), 1u);
    Leg& leg = legs_[cancel.branch];
    EXPECT_TRUE(leg.has_provisional) << "§9.1";
    EXPECT_FALSE(leg.is_final) << "§9.1";
    EXPECT_FALSE(leg.has_cancel) << "once";
    EXPECT_TRUE(calls_.at(leg.server).is_invite) << "§9.1";
    leg.has_cancel = true;
  }
  void take(const RecallBranch& recall) {
    ASSERT_EQ(legs_.count(recall.branch), 1u);
    const Leg& leg = legs_[recall.branch];
    EXPECT_FALSE(leg.has_provisional || leg.is_final) << "it has been sent";
    EXPECT_TRUE(calls_.at(leg.server).is_invite);
    recalled_.push_back(recall.branch);
  }
  void take(const EndBranch& end) { EXPECT_EQ(legs_.erase(end.branch), 1u); }
  void take(const Respond& respond) {
    const auto status = respond.response.status();
    if (cancels_.count(respond.server) != 0) {
      EXPECT_EQ(status / 100, 2u + (status == 481 ? 2u : 0u));
      return;
    }
    Call& made = calls_.at(respond.server);
    EXPECT_FALSE(made.is_ended);
    EXPECT_EQ(respond.response.vias.size(), 1u);
    if (status < 200) {
      EXPECT_FALSE(made.has_final()) << "a provisional response behind the final one";
    } else if (status < 300) {
      ++made.successes;
    } else {
      ++made.failures;
      EXPECT_FALSE(status == 408 && !made.is_invite) << "RFC 4320";
      EXPECT_NE(status, 503u);
      EXPECT_NE(status, 430u);
    }
  }
  void take(const EndServer& end) {
    Call& made = calls_.at(end.server);
    EXPECT_FALSE(made.is_invite);
    ++made.left;
  }
  void take(const PassToPeer&) { ADD_FAILURE(); }
  void take(const SendStateless&) { ADD_FAILURE(); }

  void check() {
    std::map<ServerId, std::pair<std::size_t, std::size_t>> active;
    for (const auto& [id, leg] : legs_) {
      if (leg.is_final) continue;
      ++active[leg.server].first;
      active[leg.server].second += leg.max_breadth;
    }
    for (const auto& [server, counts] : active) {
      EXPECT_LE(counts.first, k_max_fork_breadth);
      EXPECT_LE(counts.second, calls_.at(server).max_breadth) << "RFC 5393 §5.3.3";
    }
    for (const auto& [server, made] : calls_) {
      EXPECT_LE(made.failures + made.left, 1u);
      EXPECT_TRUE(made.successes == 0 || made.failures + made.left == 0);
      EXPECT_TRUE(made.is_invite || made.successes <= 1);
    }
  }

  void check_the_end() {
    EXPECT_EQ(proxy_.context_count(), 0u);
    EXPECT_FALSE(proxy_.next_wake());
    EXPECT_TRUE(legs_.empty());
    EXPECT_TRUE(finds_.empty());
    for (const auto& [server, made] : calls_) {
      EXPECT_TRUE(made.has_final()) << static_cast<std::uint64_t>(server);
      EXPECT_TRUE(made.is_ended);
    }
  }

  sim::SeededRandom random_;
  Proxy proxy_;
  MonoTime now_{1};
  std::uint64_t last_server_ = 0;
  std::map<ServerId, Call> calls_;
  std::set<ServerId> cancels_;
  std::map<FindId, ServerId> finds_;
  std::map<BranchId, Leg> legs_;
  std::vector<BranchId> recalled_;
};

TEST(InterleavingTest, OneFinalResponseAndNothingLeft) {
  for (std::uint64_t seed = 1; seed <= 300 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World(seed).run();
  }
}

}  // namespace
}  // namespace ringway::sip::proxy

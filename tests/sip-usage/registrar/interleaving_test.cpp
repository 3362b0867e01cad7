// Random REGISTERs of a few users over a few flows, an overlay that is slow, fails or is silent, flows that
// break, time that passes: each REGISTER is answered once, whoever got a 200 is in the overlay at that
// moment, and at the end the overlay says what the bindings say.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "sim/seeded_random.hpp"
#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using Dice = sim::SeededRandom;

class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed) {}

  void play(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) this->step();
    settle();
  }

 private:
  struct Write {
    Aor aor;
    std::optional<SipRegistration> value;  // none: a removal
    MonoTime ends_at;
  };

  void step() {
    switch (dice_.below(6)) {
      case 0:
      case 1:
        return ask();
      case 2:
      case 3:
        return answer_one(dice_.below(4) != 0);
      case 4:
        return carry_out(registrar_.on_flow_failed(now_, FlowId{1 + dice_.below(4)}));
      default:
        return pass(Duration(static_cast<std::int64_t>(dice_.below(dice_.below(4) == 0 ? 400'000 : 4'000))));
    }
  }
  void ask() {
    static constexpr std::array k_features{"", ";audio", ";video"};
    static constexpr std::array k_expires{";expires=0", ";expires=60", ";expires=300", ";expires=7200"};
    const std::string user = dice_.below(2) == 0 ? "alice" : "bob";
    test::Request request{.user = user + "@example.org", .cseq = ++cseq_};
    const std::uint64_t phone = dice_.below(3);
    request.call_id = user + std::to_string(phone);
    if (dice_.below(8) == 0) {
      request.contacts = {"*"};
      request.more = {"Expires: 0"};
    } else {
      request.contacts = {"<sip:p@h" + std::to_string(phone) + ">" + k_features.at(dice_.below(3)) +
                          k_expires.at(dice_.below(4))};
    }
    const RequestId id{++last_request_};
    open_.emplace(id, test::aor(request.user));
    carry_out(registrar_.receive(now_, id, test::message_of(request), test::loopback(1 + dice_.below(4))));
  }
  void answer_one(bool is_done) {
    if (writes_.empty()) return;
    const auto [id, write] = *writes_.begin();
    writes_.erase(writes_.begin());
    // A write that fails may have been carried out.
    if (is_done || dice_.below(2) == 0) overlay_[write.aor] = write;
    carry_out(registrar_.on_overlay(now_, id, is_done));
  }
  void pass(Duration time) {
    const MonoTime until = now_.mono + time;
    while (registrar_.next_wake() && *registrar_.next_wake() <= until) {
      now_.mono = std::max(now_.mono, *registrar_.next_wake());
      carry_out(registrar_.on_timer(now_));
      ASSERT_TRUE(!registrar_.next_wake() || *registrar_.next_wake() > now_.mono) << "it would never sleep";
    }
    now_.mono = until;
  }
  void carry_out(Outputs outputs) {
    for (const Output& each : outputs) {
      if (const auto* one = std::get_if<Respond>(&each)) check_answer(*one);
      if (const auto* one = std::get_if<StoreRegistration>(&each))
        begin(one->request, {one->aor, one->registration, now_.mono + std::chrono::seconds(one->lifetime_s)});
      if (const auto* one = std::get_if<RemoveRegistration>(&each)) begin(one->request, {one->aor, {}, {}});
    }
  }
  void begin(OverlayRequestId id, Write write) {
    for (const auto& [other, under_way] : writes_)
      if (under_way.aor == write.aor) {
        // The registrar has given the earlier one up: what is silent so long is lost.
        writes_.erase(other);
        break;
      }
    writes_.emplace(id, std::move(write));
  }
  void check_answer(const Respond& answer) {
    const auto found = open_.find(answer.request);
    ASSERT_NE(found, open_.end()) << "answered twice";
    const Aor aor = found->second;
    open_.erase(found);
    if (answer.response.status() != 200 || answer.response.contacts.empty()) return;
    ++accepted_;
    EXPECT_TRUE(is_in_overlay(aor)) << "a 200 before others can see it";
  }
  bool is_in_overlay(const Aor& aor) const {
    const auto found = overlay_.find(aor);
    return found != overlay_.end() && found->second.value && found->second.ends_at > now_.mono;
  }
  // The overlay takes everything from now on.
  void settle() {
    for (int n = 0; n < 200; ++n) {
      while (!writes_.empty()) answer_one(true);
      pass(Duration(2'000));
    }
    EXPECT_TRUE(open_.empty()) << "a REGISTER that was never answered";
    for (const char* name : {"alice@example.org", "bob@example.org"}) {
      const auto targets = registrar_.find(now_.mono, *Uri::parse(std::string("sip:") + name)).targets;
      EXPECT_EQ(is_in_overlay(test::aor(name)), !targets.empty()) << name;
    }
    EXPECT_EQ(registrar_.sizes()[2].size, 0U);
  }

  Dice dice_;
  Registrar registrar_{test::settings(), test::accounts({"alice", "bob"}),
                       std::make_shared<test::CountingRandom>()};
  Now now_{{1'000}, 1'700'000'000'000};
  std::uint64_t last_request_ = 0;
  std::uint32_t cseq_ = 0;
  int accepted_ = 0;
  std::map<RequestId, Aor> open_;
  std::map<OverlayRequestId, Write> writes_;
  std::map<Aor, Write> overlay_;
};

TEST(RegistrarInterleaving, EveryRegisterIsAnsweredOnceAndTheOverlayFollows) {
  // Shows: SIP-12, SIP-27.
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play(seed).play(150);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ringway::sip::registrar

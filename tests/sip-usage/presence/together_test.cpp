// A compositor and notifiers with an overlay between them that is slow, fails or is silent: phones publish,
// register, subscribe and break off at random, lists change, time passes. Every request is answered once,
// nobody gets NOTIFYs faster than the throttle lets them go, and when all is quiet each watcher has been told
// what the phones have published last, or nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>

#include "sim/seeded_random.hpp"
#include "sip-usage/presence/compositor.hpp"
#include "sip-usage/presence/notifier.hpp"
#include "sip-usage/presence/pidf.hpp"
#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using test::aor;
using test::k_alice;
using test::k_bob;
using test::k_carol;

using Dice = sim::SeededRandom;

// Alice's phones and list are at one peer, bob's and carol's phones at another watch her.
class Play {
 public:
  explicit Play(std::uint64_t seed) : dice_(seed) {}

  void play(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) this->step();
    settle();
  }

 private:
  struct Write {
    std::optional<Bytes> value;
    std::uint32_t lifetime_s = 0;
  };
  struct Dialog {
    Aor watcher;
    std::string tag;
    std::uint32_t cseq = 1;
    std::size_t answered = 0, notified = 0;
    MonoTime began{};
    std::optional<Message> last{};
  };

  void step() {
    switch (dice_.below(10)) {
      case 0:
        return publish();
      case 1:
        phones_ = dice_.below(2) == 0;
        return carry_out(compositor_.on_bindings(now_, k_alice, phones_));
      case 2:
        return change_list();
      case 3:
        return subscribe();
      case 4:
        return again();
      case 5:
        return overlay_answers(dice_.below(4) != 0);
      case 6:
        return answer_certificates();
      case 7:
        return answer_notify(dice_.below(10) == 0 ? 481 : 200);
      case 8:
        return tell();
      default:
        return pass(Duration(static_cast<std::int64_t>(dice_.below(dice_.below(4) == 0 ? 400'000 : 4'000))));
    }
  }

  void publish() {
    test::Request request;
    request.call_id = "publish-" + std::to_string(++last_request_);
    if (!etag_.empty() && dice_.below(4) != 0) request.more.push_back("SIP-If-Match: " + etag_);
    request.more.push_back(dice_.below(5) == 0 ? "Expires: 0" : "Expires: 7200");
    if (dice_.below(4) != 0) request.body = test::document("t", "note" + std::to_string(last_request_));
    open_.insert(RequestId{last_request_});
    carry_out(compositor_.publish(now_, RequestId{last_request_}, test::message_of(request), k_alice));
  }
  void change_list() {
    Permission permission;
    const auto kind = dice_.below(4);
    if (kind == 1) permission.who = Permission::Who::nobody;
    if (kind >= 2) permission = {Permission::Who::listed, {k_bob}};
    if (kind == 3) permission.readers.insert(k_carol);
    permission_ = permission;
    carry_out(compositor_.set_permission(now_, k_alice, permission));
  }
  void subscribe() {
    const Aor watcher = dice_.below(2) == 0 ? k_bob : k_carol;
    const std::string call_id = "watch-" + std::to_string(++last_request_);
    dialogs_.emplace(call_id, Dialog{watcher, {}});
    dialogs_.at(call_id).began = now_.mono;
    send(call_id, dice_.below(4) == 0 ? 0 : 3600);
  }
  // Refreshes, or ends.
  void again() {
    if (dialogs_.empty()) return;
    auto each = dialogs_.begin();
    std::advance(each, static_cast<std::ptrdiff_t>(dice_.below(dialogs_.size())));
    if (dice_.below(6) == 0) return carry_out(notifier_.on_flow_failed(now_.mono, flow_of(each->second)));
    ++each->second.cseq;
    ++last_request_;
    send(each->first, dice_.below(3) == 0 ? 0 : 3600);
  }
  static FlowId flow_of(const Dialog& dialog) { return FlowId{dialog.watcher == k_bob ? 1U : 2U}; }
  void send(const std::string& call_id, unsigned expires_s) {
    const Dialog& dialog = dialogs_.at(call_id);
    test::Request request;
    request.method = "SUBSCRIBE";
    request.from = dialog.watcher.name();
    request.call_id = call_id;
    request.to_tag = dialog.tag;
    request.cseq = dialog.cseq;
    request.more = {"Expires: " + std::to_string(expires_s), "Contact: <sip:p@192.0.2.1>"};
    open_.insert(RequestId{last_request_});
    carry_out(notifier_.subscribe(now_.mono, RequestId{last_request_}, test::message_of(request),
                                  {dialog.watcher, flow_of(dialog)}));
  }

  void overlay_answers(bool is_done) {
    if (writes_.empty()) return;
    const auto [id, write] = *writes_.begin();
    writes_.erase(writes_.begin());
    if (is_done || dice_.below(2) == 0) {
      stored_.clear();
      if (write.value) {
        data::Entry entry;
        entry.value = *write.value;
        stored_.push_back(std::move(entry));
        stored_until_ = now_.mono + std::chrono::seconds(write.lifetime_s);
      }
      tell();
    }
    carry_out(compositor_.on_overlay(now_, id, is_done));
  }
  void tell() {
    if (watch_) carry_out(notifier_.on_watched(now_.mono, *watch_, stored_));
  }
  void answer_certificates() {
    if (questions_.empty()) return;
    const auto question = questions_.front();
    questions_.erase(questions_.begin());
    carry_out(compositor_.on_certificates(now_, question.question, {test::certificate(question.aor)}));
  }
  void answer_notify(unsigned status) {
    if (notifies_.empty()) return;
    const auto [id, call_id] = *notifies_.begin();
    notifies_.erase(notifies_.begin());
    under_way_.erase(call_id);
    carry_out(notifier_.on_answer(now_.mono, id, status));
  }
  void pass(Duration time) {
    const MonoTime until = now_.mono + time;
    while (true) {
      Deadline next = sooner(compositor_.next_wake(), notifier_.next_wake());
      if (!stored_.empty()) next = sooner(next, stored_until_);
      if (!next || *next > until) break;
      now_.mono = std::max(now_.mono, *next);
      if (!stored_.empty() && stored_until_ <= now_.mono) {
        stored_.clear();
        tell();
      }
      carry_out(compositor_.on_timer(now_));
      carry_out(notifier_.on_timer(now_.mono));
      ASSERT_TRUE(!compositor_.next_wake() || *compositor_.next_wake() > now_.mono) << "it would never sleep";
      ASSERT_TRUE(!notifier_.next_wake() || *notifier_.next_wake() > now_.mono) << "it would never sleep";
    }
    now_.mono = until;
  }

  template <typename Outputs>
  void carry_out(Outputs outputs) {
    for (auto& each : outputs) std::visit([&](auto& one) { act(one); }, each);
  }
  void act(const Respond& respond) {
    ASSERT_EQ(open_.erase(respond.request), 1U) << "answered twice";
    const Message& answer = respond.response;
    if (answer.status() != 200) return;
    if (answer.method() == "PUBLISH") {
      etag_ = test::field(answer, "SIP-ETag");
      return;
    }
    Dialog& dialog = dialogs_.at(answer.call_id);
    ++dialog.answered;
    dialog.tag = answer.to.tag();
  }
  void act(const StorePresence& store) {
    writes_.clear();  // what has not been answered was given up
    writes_.emplace(store.request, Write{store.value, store.lifetime_s});
  }
  void act(const RemovePresence& removal) {
    writes_.clear();
    writes_.emplace(removal.request, Write{});
  }
  void act(const FindCertificates& find) { questions_.push_back(find); }
  void act(const BeginWatch& begin) {
    watch_ = begin.watch;
    EXPECT_EQ(begin.aor, k_alice);
  }
  void act(const HoldFlow&) {}
  void act(const EndWatch& end) {
    EXPECT_EQ(watch_, end.watch);
    watch_.reset();
  }
  void act(const SendNotify& notify) {
    const std::string& call_id = notify.request.call_id;
    Dialog& dialog = dialogs_.at(call_id);
    const auto lasted = now_.mono - dialog.began;
    ++dialog.notified;
    EXPECT_LE(dialog.notified, dialog.answered + 2 + static_cast<std::size_t>(lasted / k_throttle));
    const auto state = test::field(notify.request, "Subscription-State");
    if (state.starts_with("terminated")) {
      dialogs_.erase(call_id);
      return;
    }
    EXPECT_TRUE(under_way_.insert(call_id).second) << "two at a time";
    dialog.last = notify.request;
    notifies_.emplace(notify.notify, call_id);
  }

  // From now on all is answered.
  void settle() {
    for (int n = 0; n < 130; ++n) {
      tell();
      for (int answer = 0; answer < 20; ++answer) {
        if (!writes_.empty()) overlay_answers(true);
        answer_certificates();
        answer_notify(200);
      }
      pass(k_throttle);
    }
    EXPECT_TRUE(open_.empty()) << "a request that was never answered";
    for (const auto& each : notifier_.sizes()) EXPECT_LE(each.size, each.bound);
    const std::string expected = what_is_published();
    for (const auto& [call_id, dialog] : dialogs_) {
      test::Request request;
      request.call_id = call_id;
      request.to_tag = dialog.tag;
      if (!notifier_.has_dialog(test::message_of(request))) continue;  // failed, or its flow was gone
      ASSERT_TRUE(dialog.last) << "subscribed, and never told";
      const bool is_sealed = permission_.who == Permission::Who::listed;
      if (is_sealed && !permission_.readers.contains(dialog.watcher))
        EXPECT_EQ(dialog.last->body, "") << "it is not for " << dialog.watcher.name();
      else
        EXPECT_EQ(dialog.last->body, expected) << dialog.watcher.name();
    }
  }
  // As the overlay has it; that this is what the phones have published is checked by the compositor's tests.
  std::string what_is_published() {
    WatchedUser user(k_alice);
    user.set(stored_);
    const Seen seen = user.seen_by(k_alice, *envelope_);
    if (permission_.who == Permission::Who::nobody) {
      EXPECT_TRUE(stored_.empty());
    } else if (phones_) {
      EXPECT_THAT(*seen.document, ::testing::HasSubstr("<basic>open</basic>"));
    }
    return *seen.document;
  }

  Dice dice_;
  std::shared_ptr<test::OpenEnvelope> envelope_ = std::make_shared<test::OpenEnvelope>();
  Compositor compositor_{
      test::settings(), {{k_alice, test::node(1)}}, std::make_shared<test::CountingRandom>(), envelope_};
  Notifier notifier_{test::settings(), std::make_shared<test::CountingRandom>(), envelope_};
  Now now_{{1'000}, 1'700'000'000'000};
  std::uint64_t last_request_ = 0;
  bool phones_ = false;
  Permission permission_;
  std::string etag_;
  std::set<RequestId> open_;
  std::map<OverlayRequestId, Write> writes_;
  std::vector<FindCertificates> questions_;
  std::vector<data::Entry> stored_;
  MonoTime stored_until_;
  std::optional<WatchId> watch_;
  std::map<std::string, Dialog> dialogs_;
  std::map<NotifyId, std::string> notifies_;
  std::set<std::string> under_way_;
};

TEST(PresenceInterleaving, WatchersAreToldWhatTheyMaySee) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Play(seed).play(150);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace ringway::sip::presence

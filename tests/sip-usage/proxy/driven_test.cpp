// The proxy with real transactions, phones at its flows, and a network that loses datagrams: the contract of
// proxy.hpp between the two rooms, and that calls come about, end and leave nothing behind.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sip-usage/proxy/proxy.hpp"
#include "sip-usage/transaction/transaction_table.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::binding;
using test::phone;
using test::request;
using test::uri;

constexpr std::uint64_t k_proxy = 100;  // its number in the network; phones have that of their flow

// Datagrams that are under way, in a network that loses some.
class Network {
 public:
  Network(std::uint64_t seed, double loss) : random_(seed), loss_(loss) {}

  void send(MonoTime now, std::uint64_t from, std::uint64_t to, const SharedBytes& octets) {
    if (random_.chance(loss_)) return;
    const MonoTime at = now + Duration{static_cast<std::int64_t>(1 + random_.below(40))};
    under_way_.emplace(at, Datagram{from, to, octets});
  }
  struct Datagram {
    std::uint64_t from = 0, to = 0;
    SharedBytes octets;
  };
  Deadline next() const { return under_way_.empty() ? Deadline() : Deadline(under_way_.begin()->first); }
  Datagram take() {
    auto first = under_way_.extract(under_way_.begin());
    return std::move(first.mapped());
  }

 private:
  sim::SeededRandom random_;
  double loss_;
  std::multimap<MonoTime, Datagram> under_way_;
};

// Whoever has transactions.
class Element {
 public:
  Element(std::uint64_t number, Network& network)
      : number_(number), network_(network), table_({}, {}, "stateless") {}
  virtual ~Element() = default;

  void receive(MonoTime now, const Network::Datagram& datagram) {
    auto parsed = parse_message(datagram.octets, Framing::datagram);
    ASSERT_TRUE(parsed.ok()) << parsed.error().reason;
    carry_out(now, table_.receive(now, std::move(*parsed), Flow{datagram.from, Transport::unreliable}));
  }
  virtual void on_timer(MonoTime now) { carry_out(now, table_.on_timer(now)); }
  virtual Deadline next_wake() const { return table_.next_wake(); }
  bool has_transactions() const {
    const auto sizes = table_.sizes();
    return std::any_of(sizes.begin(), sizes.end(), [](const TableSize& each) { return each.size != 0; });
  }

 protected:
  virtual void on_output(MonoTime now, RequestArrived arrived) = 0;
  virtual void on_output(MonoTime now, AckArrived arrived) = 0;
  virtual void on_output(MonoTime now, ResponseArrived arrived) = 0;
  virtual void on_output(MonoTime, TransactionFailed) {}
  virtual void on_output(MonoTime, TransactionEnded) {}
  void on_output(MonoTime now, const Transmit& transmit) {
    network_.send(now, number_, transmit.flow.id, transmit.octets);
  }

  void carry_out(MonoTime now, TransactionOutputs outputs) {
    for (auto& output : outputs) std::visit([&](auto& each) { on_output(now, std::move(each)); }, output);
  }
  std::optional<TransactionId> ask(MonoTime now, Message message, std::uint64_t to) {
    auto sent = table_.send_request(now, std::move(message), Flow{to, Transport::unreliable});
    if (!sent) return std::nullopt;
    carry_out(now, std::move(sent->outputs));
    return sent->transaction;
  }
  void send_plain(MonoTime now, const Message& message, std::uint64_t to) {
    network_.send(now, number_, to, octets_of(message));
  }

  std::uint64_t number_;
  Network& network_;
  TransactionTable table_;
};

// As the actor will drive it.
class ProxyElement : public Element {
 public:
  ProxyElement(Network& network, std::vector<Target> targets, std::uint64_t seed)
      : Element(k_proxy, network),
        targets_(std::move(targets)),
        proxy_(test::settings(), std::make_shared<sim::SeededRandom>(seed)) {}

  void on_timer(MonoTime now) override {
    Element::on_timer(now);
    proxy_.on_timer(now);
    drain(now);
  }
  Deadline next_wake() const override { return sooner(proxy_.next_wake(), table_.next_wake()); }
  std::size_t context_count() const { return proxy_.context_count(); }

 private:
  static ServerId server(TransactionId id) { return ServerId{id.value}; }

  void on_output(MonoTime now, RequestArrived arrived) override {
    const auto source = phone(arrived.flow.id);
    if (arrived.request.method() == "CANCEL") {
      const auto invite = arrived.cancels ? std::optional(server(*arrived.cancels)) : std::nullopt;
      proxy_.on_cancel(now, server(arrived.transaction), invite, std::move(arrived.request), source);
    } else {
      proxy_.on_request(now, server(arrived.transaction), std::move(arrived.request), source);
    }
    drain(now);
  }
  void on_output(MonoTime now, AckArrived arrived) override {
    proxy_.on_ack(std::move(arrived.ack), phone(arrived.flow.id));
    drain(now);
  }
  void on_output(MonoTime now, ResponseArrived arrived) override {
    const auto branch = branches_.find(arrived.transaction);
    if (branch == branches_.end()) return;  // of a CANCEL
    proxy_.on_response(now, branch->second, std::move(arrived.response));
    drain(now);
  }
  void on_output(MonoTime now, TransactionFailed failed) override {
    const auto branch = branches_.find(failed.transaction);
    if (branch == branches_.end()) return;
    proxy_.on_failure(now, branch->second,
                      failed.failure == TransactionFailure::timeout ? BranchFailure::timed_out
                                                                    : BranchFailure::unreachable);
    drain(now);
  }
  void on_output(MonoTime now, TransactionEnded ended) override {
    const auto branch = branches_.find(ended.transaction);
    if (branch == branches_.end()) {
      proxy_.on_server_ended(now, server(ended.transaction));
    } else {
      const auto id = branch->second;
      transactions_.erase(id);
      branches_.erase(branch);
      proxy_.on_branch_ended(now, id);
    }
    drain(now);
  }

  void drain(MonoTime now) {
    for (auto outputs = proxy_.take_outputs(); !outputs.empty(); outputs = proxy_.take_outputs())
      for (auto& output : outputs) std::visit([&](auto& each) { act(now, each); }, output);
  }
  void act(MonoTime now, const FindTargets& find) { proxy_.on_found(now, find.find, {targets_, false}); }
  void act(MonoTime, const DropFind&) {}
  void act(MonoTime now, StartBranch& start) {
    const auto id = ask(now, std::move(start.request), std::get<FlowHop>(start.hop).flow.id);
    if (!id) return proxy_.on_failure(now, start.branch, BranchFailure::unreachable);
    branches_[*id] = start.branch;
    transactions_[start.branch] = *id;
  }
  void act(MonoTime now, const CancelBranch& cancel) {
    const Message* invite = table_.request(transactions_.at(cancel.branch));
    ASSERT_NE(invite, nullptr);
    const auto cancel_request = make_cancel(*invite);
    ask(now, cancel_request, flow_of_branch(cancel_request));
  }
  void act(MonoTime, const RecallBranch&) {}  // each is sent at once
  void act(MonoTime now, const EndBranch& end) {
    carry_out(now, table_.give_up(transactions_.at(end.branch)));
  }
  void act(MonoTime now, const Respond& respond) {
    carry_out(now, table_.respond(now, {static_cast<std::uint64_t>(respond.server)}, respond.response));
  }
  void act(MonoTime now, const EndServer& end) {
    carry_out(now, table_.give_up({static_cast<std::uint64_t>(end.server)}));
  }
  void act(MonoTime, const PassToPeer&) { ADD_FAILURE(); }
  void act(MonoTime, const HoldFlow&) {}
  void act(MonoTime now, const SendStateless& send) {
    send_plain(now, send.request, std::get<FlowHop>(send.hop).flow.id);
  }
  // The tests' phones have their flow's number in their address.
  static std::uint64_t flow_of_branch(const Message& message) {
    return std::stoull(message.request_uri().host.substr(std::string("10.0.0.").size()));
  }

  std::vector<Target> targets_;
  Proxy proxy_;
  std::map<TransactionId, BranchId> branches_;
  std::map<BranchId, TransactionId> transactions_;
};

// A phone: calls, rings, answers or not, and repeats its 200 until the ACK comes (§13.3.1.4).
class Phone : public Element {
 public:
  Phone(std::uint64_t number, Network& network, std::optional<Duration> answers_after)
      : Element(number, network), answers_after_(answers_after) {}

  void call(MonoTime now) { ask(now, request("INVITE"), k_proxy); }
  void cancel(MonoTime now) { ask(now, make_cancel(request("INVITE")), k_proxy); }
  void hang_up(MonoTime now) { ask(now, in_dialog("BYE"), k_proxy); }

  void on_timer(MonoTime now) override {
    Element::on_timer(now);
    if (!answer_at_ || *answer_at_ > now) return;
    answer_at_.reset();
    if (was_cancelled) return;
    if (acks == 0 && repeated_ < 7) {
      answer_at_ = now + Duration{500 << std::min(repeated_, 3)};
      ++repeated_;
    }
    has_answered = true;
    carry_out(now, table_.respond(now, *ringing_, response(200)));
  }
  Deadline next_wake() const override { return sooner(answer_at_, table_.next_wake()); }

  unsigned acks = 0, byes = 0;
  bool has_rung = false, has_answered = false, was_cancelled = false;
  std::vector<unsigned> finals;   // to the INVITE, as the caller
  std::set<std::string> dialogs;  // tags of those who have answered
  bool bye_answered = false;

 private:
  Message response(unsigned status) {
    auto out = make_response(invite_, status, "phone" + std::to_string(number_));
    out.contacts.push_back({{}, uri("sip:x@10.0.0." + std::to_string(number_)), {}});
    return out;
  }

  void on_output(MonoTime now, RequestArrived arrived) override {
    if (arrived.request.method() == "INVITE") {
      invite_ = std::move(arrived.request);
      ringing_ = arrived.transaction;
      has_rung = true;
      carry_out(now, table_.respond(now, *ringing_, response(180)));
      if (answers_after_) answer_at_ = now + *answers_after_;
      remember(invite_, invite_.record_routes, invite_.from, response(200).to);
    } else {
      carry_out(now, table_.respond(now, arrived.transaction, make_response(arrived.request, 200, "x")));
      if (arrived.request.method() == "BYE") ++byes;
      if (arrived.request.method() == "CANCEL" && arrived.cancels && !has_answered && !was_cancelled) {
        was_cancelled = true;
        carry_out(now, table_.respond(now, *ringing_, response(487)));
      }
    }
  }
  void on_output(MonoTime, AckArrived) override { ++acks; }
  void on_output(MonoTime now, ResponseArrived arrived) override {
    const auto& response = arrived.response;
    if (response.cseq.method == "BYE") bye_answered = response.status() == 200;
    if (response.cseq.method != "INVITE" || response.status() < 200) return;
    finals.push_back(response.status());
    if (response.status() >= 300) return;
    dialogs.insert(std::string(response.to.tag()));
    auto routes = response.record_routes;
    std::reverse(routes.begin(), routes.end());
    remember(response, routes, response.to, response.from);
    send_plain(now, in_dialog("ACK"), k_proxy);
  }
  void on_output(MonoTime, TransactionFailed failed) override {
    if (failed.failure == TransactionFailure::timeout) finals.push_back(408);
  }

  void remember(const Message& from, std::vector<NameAddr> routes, const NameAddr& remote,
                const NameAddr& local) {
    dialog_ = request("BYE", "sip:x@10.0.0.1", {}, from.call_id);
    dialog_.routes = std::move(routes);
    dialog_.to = remote;
    dialog_.from = local;
    if (!from.contacts.empty()) dialog_.request_uri() = from.contacts.front().uri;
  }
  Message in_dialog(const std::string& method) const {
    Message out = dialog_;
    out.start = RequestLine{method, dialog_.request_uri()};
    out.cseq.method = method;
    out.vias.front().parameters.set("branch", "z9hG4bK" + std::to_string(number_) + method);
    return out;
  }

  std::optional<Duration> answers_after_;
  Deadline answer_at_;
  std::optional<TransactionId> ringing_;
  int repeated_ = 0;
  Message invite_, dialog_;
};

struct World {
  World(std::uint64_t seed, double loss, std::vector<std::optional<Duration>> answers)
      : network(seed, loss), caller(1, network, std::nullopt) {
    std::vector<Target> targets;
    for (std::size_t at = 0; at < answers.size(); ++at) {
      phones.push_back(std::make_unique<Phone>(at + 2, network, answers[at]));
      targets.push_back(binding(at + 2));
    }
    proxy = std::make_unique<ProxyElement>(network, std::move(targets), seed);
  }

  std::vector<Element*> elements() {
    std::vector<Element*> out = {&caller, proxy.get()};
    for (const auto& each : phones) out.push_back(each.get());
    return out;
  }
  void run(Duration time) {
    const MonoTime until = now + time;
    for (;;) {
      Deadline next = network.next();
      for (const auto* each : elements()) next = sooner(next, each->next_wake());
      if (!next || *next > until) break;
      now = std::max(now, *next);
      while (network.next() && *network.next() <= now) {
        const auto datagram = network.take();
        Element* to = datagram.to == k_proxy ? proxy.get()
                      : datagram.to == 1     ? static_cast<Element*>(&caller)
                                             : phones.at(datagram.to - 2).get();
        to->receive(now, datagram);
      }
      for (auto* each : elements())
        if (const auto wake = each->next_wake(); wake && *wake <= now) each->on_timer(now);
    }
    now = until;
  }
  void expect_nothing_left() {
    run(Duration{300'000});
    EXPECT_EQ(proxy->context_count(), 0u);
    for (const auto* each : elements()) EXPECT_FALSE(each->has_transactions());
  }

  MonoTime now{1};
  Network network;
  Phone caller;
  std::unique_ptr<ProxyElement> proxy;
  std::vector<std::unique_ptr<Phone>> phones;
};

constexpr std::optional<Duration> k_never = std::nullopt;

TEST(DrivenTest, CallThroughLoss) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, seed % 3 == 0 ? 0.0 : 0.25, {Duration{2000}, k_never});
    world.caller.call(world.now);
    world.run(Duration{60'000});
    EXPECT_EQ(world.caller.dialogs, (std::set<std::string>{"phone2"}));
    EXPECT_GE(world.phones[0]->acks, 1u);
    EXPECT_TRUE(!world.phones[1]->has_rung || world.phones[1]->was_cancelled);
    for (const auto status : world.caller.finals) EXPECT_EQ(status, 200u);
    world.phones[0]->hang_up(world.now);
    world.run(Duration{40'000});
    EXPECT_EQ(world.caller.byes, 1u);
    EXPECT_TRUE(world.phones[0]->bye_answered);
    world.expect_nothing_left();
  }
}

TEST(DrivenTest, CallerGivesUp) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed, 0.2, {k_never, k_never, k_never});
    world.caller.call(world.now);
    world.run(Duration{5000});
    world.caller.cancel(world.now);
    world.run(Duration{80'000});
    ASSERT_EQ(world.caller.finals.size(), 1u);
    EXPECT_EQ(world.caller.finals[0], 487u);
    for (const auto& each : world.phones) EXPECT_TRUE(!each->has_rung || each->was_cancelled);
    world.expect_nothing_left();
  }
}

// Two pick up in the same moment: the caller gets both (RFC 3261 §16.7 step 5) and acknowledges both.
TEST(DrivenTest, TwoAnswer) {
  World world(7, 0.0, {Duration{1000}, Duration{1000}});
  world.caller.call(world.now);
  world.run(Duration{10'000});
  EXPECT_EQ(world.caller.dialogs, (std::set<std::string>{"phone2", "phone3"}));
  EXPECT_GE(world.phones[0]->acks, 1u);
  EXPECT_GE(world.phones[1]->acks, 1u);
  world.expect_nothing_left();
}

// Nobody is at the other end of the flows.
TEST(DrivenTest, DeadPhones) {
  World world(3, 0.0, {k_never});
  world.network = Network(3, 1.0);
  world.caller.call(world.now);
  world.run(Duration{40'000});
  EXPECT_EQ(world.caller.finals, (std::vector<unsigned>{408}));
  world.expect_nothing_left();
}

}  // namespace
}  // namespace ringway::sip::proxy

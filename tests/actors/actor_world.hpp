// An actor system that one thread drives by hand, and stand-ins for what surrounds the actors.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <memory>
#include <string>
#include <vector>

#include "actors/crypto_pool.hpp"
#include "actors/interfaces.hpp"
#include "actors/system_clock.hpp"
#include "net/app_links/app_links.hpp"
#include "net/tls_links.hpp"

namespace ringway::actors {

struct HandDrivenConfig : caf::actor_system_config {
  HandDrivenConfig() { set("scheduler.policy", caf::atom("testing")); }
};

// Mailboxes and the actors in them hold each other: a test ends with let_go().
class ActorWorld {
 public:
  void run() { scheduler().run(); }
  void advance(Duration duration) {
    scheduler().advance_time(duration);
    run();
  }
  void let_go() {
    for (const auto& actor :
         {caf::actor_cast<caf::actor>(mailboxes->routing), caf::actor_cast<caf::actor>(mailboxes->storage),
          caf::actor_cast<caf::actor>(mailboxes->replication), caf::actor_cast<caf::actor>(mailboxes->sip),
          caf::actor_cast<caf::actor>(mailboxes->committer),
          caf::actor_cast<caf::actor>(mailboxes->supervisor)})
      if (actor) caf::anon_send_exit(actor, caf::exit_reason::kill);
    run();
    *mailboxes = {};
  }
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  HandDrivenConfig config;
  caf::actor_system system{config};
  std::shared_ptr<Mailboxes> mailboxes = std::make_shared<Mailboxes>();
};

class SetClock : public Clock {
 public:
  Now now() const override { return at; }
  Now at{MonoTime{1'000'000}, 1'800'000'000'000};
};

// Links that only write down what they are told.
class RecordingLinks : public net::TlsLinks {
 public:
  wire::IpAddressPort listening_on() const override { return {}; }
  void open(routing::OpenLink command) override { opened.push_back(std::move(command)); }
  void transmit(routing::Transmit command) override { transmitted.push_back(std::move(command)); }
  void close(routing::CloseLink command) override { closed.push_back(std::move(command)); }
  void credit(link::LinkId link, std::size_t messages) override { credits[link.number] += messages; }
  void replace_trust(security::TrustPtr trust) override { trusts.push_back(std::move(trust)); }
  void replace_max_message_size(std::size_t size_bytes) override { message_limits.push_back(size_bytes); }
  Outcome<> replace_credentials(std::string, std::string) override { return Done{}; }
  Outcome<> replace_shared_secret(std::optional<std::string>) override { return Done{}; }
  void stop() override { ++stops; }
  net::LinkCounters counters() const override { return {}; }
  std::optional<net::LinkQuality> quality(link::LinkId) const override { return {}; }

  std::vector<routing::OpenLink> opened;
  std::vector<routing::Transmit> transmitted;
  std::vector<routing::CloseLink> closed;
  std::map<std::uint64_t, std::size_t> credits;
  std::vector<security::TrustPtr> trusts;
  std::vector<std::size_t> message_limits;
  int stops = 0;
};

// Connections with other peers, likewise.
class RecordingAppLinks : public net::app_links::AppLinks {
 public:
  wire::IpAddressPort listening_on() const override { return {}; }
  Result<net::phones::FlowId> connect(std::vector<wire::IpAddressPort>, const NodeId& node) override {
    connected.push_back(node);
    if (next_flow == 0) return Failure{"no room"};
    return net::phones::FlowId{next_flow};
  }
  net::phones::Given send(net::phones::FlowId flow, SharedBytes message) override {
    sent.emplace_back(flow.number, std::string(text_of(message)));
    return net::phones::Given::queued;
  }
  void close(net::phones::FlowId flow, std::string) override { closed.push_back(flow.number); }
  void credit(net::phones::FlowId, std::size_t credit) override { credits += credit; }
  void hold(net::phones::FlowId flow, bool is_held) override { held[flow.number] = is_held; }
  void replace_trust(security::TrustPtr trust) override { trusts.push_back(std::move(trust)); }
  Outcome<> replace_shared_secret(std::optional<std::string>) override { return Done{}; }
  Outcome<> replace_credentials(std::string, std::string) override { return Done{}; }
  void stop() override { ++stops; }
  net::app_links::AppLinkCounters counters() const override { return {}; }
  TableSizes tables() const override { return {}; }

  std::vector<NodeId> connected;
  std::vector<std::pair<std::uint64_t, std::string>> sent;
  std::vector<std::uint64_t> closed;
  std::map<std::uint64_t, bool> held;
  std::size_t credits = 0;
  std::uint64_t next_flow = 0;
  std::vector<security::TrustPtr> trusts;
  int stops = 0;
};

class RecordingDesk : public InspectionDesk {
 public:
  void inspect(routing::Inspect order) override { orders.push_back(std::move(order)); }
  void check(data::CheckValues order) override { checks.push_back(std::move(order)); }
  void replace(security::InspectionContext) override { ++replaced; }
  void close() override { ++closed; }

  std::vector<routing::Inspect> orders;
  std::vector<data::CheckValues> checks;
  int replaced = 0;
  int closed = 0;
};

// Remembers how many batches each synced write had.
class CountingStore : public data::ValueStore {
 public:
  Result<data::KindState> load(const data::KindAt&) const override { return data::KindState{}; }
  Result<std::optional<SharedBytes>> certificate(BytesView) const override {
    return std::optional<SharedBytes>{};
  }
  Result<std::vector<data::KindAt>> list(const RingId&, const RingId&, std::size_t) const override {
    return std::vector<data::KindAt>{};
  }
  Result<std::optional<Bytes>> fact(const std::string&) const override { return std::optional<Bytes>{}; }
  Result<std::vector<data::PutFact>> list_facts(const std::string&, std::size_t) const override {
    return std::vector<data::PutFact>{};
  }
  Result<Totals> totals() const override { return Totals{}; }
  Outcome<> commit(const std::vector<data::WriteBatch>& batches) override {
    groups.push_back(batches.size());
    for (const auto& batch : batches)
      for (const auto& write : batch)
        if (const auto* fact = std::get_if<data::PutFact>(&write)) facts.push_back(*fact);
    if (broken) return Failure{"disk full", 0};
    return Done{};
  }
  void reclaim(WallMs) override {}

  std::vector<std::size_t> groups;
  std::vector<data::PutFact> facts;
  bool broken = false;
};

}  // namespace ringway::actors

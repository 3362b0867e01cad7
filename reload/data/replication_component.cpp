#include "reload/data/replication_component.hpp"

#include <algorithm>

#include "reload/data/background_copies.hpp"
#include "reload/data/comparisons.hpp"
#include "reload/data/copies.hpp"
#include "reload/data/digest_answers.hpp"
#include "reload/data/digest_messages.hpp"
#include "reload/data/mend_requests.hpp"
#include "reload/data/message_budget.hpp"
#include "reload/data/new_copies.hpp"
#include "reload/data/replica_channels.hpp"
#include "reload/data/ring_changes.hpp"
#include "reload/data/set_changes.hpp"

namespace ringway::data {

class ReplicationComponent::Impl {
 public:
  Impl(ReplicationSettings settings, const config::ConfigurationPtr& configuration, NodeId self,
       const std::shared_ptr<const ValueStore>& store)
      : context_{settings,
                 configuration,
                 self,
                 store,
                 std::make_shared<const topology::RingView>(),
                 CertificateShelf(store, nullptr, configuration->scheme),
                 {},
                 0,
                 {}},
        new_copies_(context_),
        background_(context_),
        comparisons_(context_, channels_, background_),
        answers_(context_),
        mends_(context_, channels_, comparisons_),
        sets_(settings.successor_hold_down + k_until_set_has_copies) {}

  void on(const Now& now, Replicate& m, ReplicationOutputs& out) { new_copies_.add(now, std::move(m), out); }
  void on(const Now& now, routing::HandOver& m, ReplicationOutputs& out) {
    background_.stop_hand_over(m.joining, out);
    background_.start({Purpose::hand_over, m.after, m.joining, {m.joining}, now.mono, 0, m.number});
  }
  void on(const Now& now, routing::Drain&, ReplicationOutputs&) {
    draining_ = true;
    background_.expedite(now.mono);
    comparisons_.expedite(now.mono);
    if (auto task = task_of_parting(*context_.view, now.mono)) background_.start(std::move(*task));
  }
  void on(const Now& now, routing::RequestDone& m, ReplicationOutputs& out) {
    if (!new_copies_.request_done(now, m, out)) (void)background_.request_done(now, m, out);
  }
  void on(const Now&, routing::ConfigurationChanged& m, ReplicationOutputs&) {
    context_.configuration = std::move(m.configuration);
  }
  void on(const Now&, routing::UseSigner& m, ReplicationOutputs&) {
    context_.settings.own_certificates_bytes = own_certificates_bytes(*m.signer);
  }
  void on(const Now& now, AskToMend& m, ReplicationOutputs& out) { mends_.ask(now, m, out); }
  void on(const Now&, routing::ChannelUp& m, ReplicationOutputs& out) {
    if (channels_.up(m.node, out)) mends_.channel_up(m.node, out);
  }
  void on(const Now& now, routing::ChannelDown& m, ReplicationOutputs&) {
    channels_.down(now.mono, m.node);
    channel_lost(now, m.node);
  }
  void on(const Now& now, routing::ChannelMessage& m, ReplicationOutputs& out);
  void on(const Now& now, routing::RingChanged& m, ReplicationOutputs& out);

  void go_on(const Now& now, ReplicationOutputs& out) {
    for (const auto& overdue : new_copies_.take_overdue())
      background_.start(now.mono, overdue.at, overdue.target);
    background_.allow_dropping(!clean_at_ || *clean_at_ <= now.mono);
    for (auto* at : {&offer_at_, &clean_at_}) {
      if (!*at || **at > now.mono) continue;
      at->reset();
      for (CopyTask& task : tasks_of_cleaning(*context_.view, now.mono)) comparisons_.start(std::move(task));
    }
    for (const NodeId& node : channels_.overdue(now.mono, out)) channel_lost(now, node);
    mends_.on_timer(now.mono, out);
    comparisons_.go_on(now, out);
    answers_.go_on(now, out);
    background_.go_on(now, out);
    // Who has just come holds nothing of what could not be read when it was copied: that others had it shows
    // only when they have offered it.
    std::erase_if(context_.damaged.nowhere,
                  [&](const KindAt& at) { return !sets_.is_settled(now.mono, *context_.view, at.resource); });
    if (!context_.damaged.kinds.empty() || !context_.damaged.nowhere.empty())
      out.emplace_back(std::exchange(context_.damaged, {}));
    if (draining_ && new_copies_.pending() == 0 && background_.idle(now.mono) &&
        comparisons_.idle(now.mono)) {
      draining_ = false;
      out.emplace_back(routing::Drained{});
    }
    now_ = now.mono;
  }
  void on_timer(const Now& now, ReplicationOutputs& out) {
    new_copies_.on_timer(now, out);
    go_on(now, out);
  }

  std::optional<MonoTime> next_deadline() const {
    std::optional<MonoTime> next = clean_at_;
    for (const auto& other : {offer_at_, new_copies_.next_deadline(), background_.next_deadline(now_),
                              comparisons_.next_deadline(now_), answers_.next_deadline(),
                              channels_.next_deadline(), mends_.next_deadline()}) {
      if (other) next = next ? std::min(*next, *other) : *other;
    }
    return next;
  }
  Statistics statistics() const {
    Statistics now = context_.statistics;
    now.pending_values = new_copies_.pending();
    now.backlog_kinds = background_.backlog();
    return now;
  }
  TableSizes tables() const {
    TableSizes all = {
        {"values that wait for their copies", new_copies_.pending(), context_.settings.max_pending_values}};
    for (auto part : {background_.tables(), comparisons_.tables(), answers_.tables(), mends_.tables(),
                      channels_.tables()})
      all.insert(all.end(), part.begin(), part.end());
    all.push_back({"earlier views of the ring", sets_.size(), k_most_earlier_views});
    return all;
  }

 private:
  void channel_lost(const Now& now, const NodeId& node) {
    comparisons_.channel_lost(now, node);
    answers_.forget(node);
    mends_.channel_lost(node);
  }
  void heard(const Now&, const NodeId& node, DigestsWanted& m, ReplicationOutputs& out) {
    answers_.asked(node, m, out);
  }
  void heard(const Now&, const NodeId& node, ListWanted& m, ReplicationOutputs& out) {
    answers_.asked(node, std::move(m), out);
  }
  void heard(const Now& now, const NodeId& node, Digests& m, ReplicationOutputs&) {
    comparisons_.heard(now, node, std::move(m));
  }
  void heard(const Now& now, const NodeId& node, List& m, ReplicationOutputs& out) {
    comparisons_.heard(now, node, std::move(m), out);
  }
  void heard(const Now& now, const NodeId& node, NotAnswered& m, ReplicationOutputs&) {
    comparisons_.heard(now, node, m);
  }
  void heard(const Now& now, const NodeId& node, MendWanted& m, ReplicationOutputs& out) {
    mends_.heard(now, node, m, out);
  }
  void heard(const Now&, const NodeId& node, MendHeard& m, ReplicationOutputs& out) {
    mends_.heard(node, m, out);
  }

  CopyContext context_;
  NewCopies new_copies_;
  BackgroundCopies background_;
  ReplicaChannels channels_;
  Comparisons comparisons_;
  DigestAnswers answers_;
  MendRequests mends_;
  SetChanges sets_;
  std::optional<MonoTime> offer_at_, clean_at_;  // what is not this peer's to hold
  MonoTime now_;
  bool draining_ = false;
};

void ReplicationComponent::Impl::on(const Now& now, routing::ChannelMessage& m, ReplicationOutputs& out) {
  auto message = decode_digest_message(m.message);
  if (!message) {
    ++context_.statistics.bad_digest_messages;
    return;
  }
  std::visit([&](auto& one) { heard(now, m.node, one, out); }, *message);
}

void ReplicationComponent::Impl::on(const Now& now, routing::RingChanged& m, ReplicationOutputs& out) {
  const auto before = std::exchange(context_.view, std::move(m.view));
  sets_.changed(now.mono, before);
  const auto& after = *context_.view;
  if (before->joining && after.joining != before->joining && !after.is_neighbor(*before->joining)) {
    background_.stop_hand_over(*before->joining, out);  // the admission was dropped
  }
  if (!after.joined) {
    background_.stop_all(out);
    comparisons_.stop_all();
    offer_at_.reset();
    clean_at_.reset();
  } else {
    const bool handed_over =
        !after.predecessors.empty() && background_.has_handed_over(after.predecessors.front());
    for (auto& task :
         tasks_after(*before, after, now.mono, context_.settings.successor_hold_down, handed_over)) {
      comparisons_.start(std::move(task));
    }
    comparisons_.ring_changed(now);
    background_.forget_absent();
    if (draining_) {
      background_.expedite(now.mono);
      comparisons_.expedite(now.mono);
    }
    // Any change may have left something here that is no longer ours to hold. Whoever is responsible is given
    // what it lacks of that. Since only that one is asked, nothing is dropped as long as those who replicate
    // it now may still be getting it.
    offer_at_ = now.mono + context_.settings.successor_hold_down;
    clean_at_ = *offer_at_ + k_until_set_has_copies;
  }
  answers_.forget_strangers();
  channels_.close_strangers(after, out);
  new_copies_.ring_changed(now, out);
}

ReplicationComponent::ReplicationComponent(ReplicationSettings settings,
                                           config::ConfigurationPtr configuration, NodeId self,
                                           std::shared_ptr<const ValueStore> store)
    : impl_(std::make_unique<Impl>(settings, std::move(configuration), self, store)) {}

ReplicationComponent::~ReplicationComponent() = default;

void ReplicationComponent::handle(const Now& now, ReplicationInput input, ReplicationOutputs& out) {
  std::visit([&](auto& message) { impl_->on(now, message, out); }, input);
  impl_->go_on(now, out);
}

void ReplicationComponent::on_timer(const Now& now, ReplicationOutputs& out) { impl_->on_timer(now, out); }
std::optional<MonoTime> ReplicationComponent::next_deadline() const { return impl_->next_deadline(); }
ReplicationComponent::Statistics ReplicationComponent::statistics() const { return impl_->statistics(); }
TableSizes ReplicationComponent::tables() const { return impl_->tables(); }

}  // namespace ringway::data

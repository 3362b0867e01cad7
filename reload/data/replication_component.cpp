#include "reload/data/replication_component.hpp"

#include "reload/data/background_copies.hpp"
#include "reload/data/copies.hpp"
#include "reload/data/message_budget.hpp"
#include "reload/data/new_copies.hpp"
#include "reload/data/ring_changes.hpp"

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
                 0},
        new_copies_(context_),
        background_(context_) {}

  void on(const Now& now, Replicate& m, ReplicationOutputs& out) { new_copies_.add(now, std::move(m), out); }
  void on(const Now& now, routing::HandOver& m, ReplicationOutputs& out) {
    background_.stop_hand_over(m.joining, out);
    background_.start({Purpose::hand_over, m.after, m.joining, {m.joining}, now.mono, 0, m.number});
  }
  void on(const Now& now, routing::Drain&, ReplicationOutputs&) {
    draining_ = true;
    background_.expedite(now.mono);
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
  void on(const Now&, AskToMend&, ReplicationOutputs&) {}
  void on(const Now&, routing::ChannelUp&, ReplicationOutputs&) {}
  void on(const Now&, routing::ChannelDown&, ReplicationOutputs&) {}
  void on(const Now&, routing::ChannelMessage&, ReplicationOutputs&) {}
  void on(const Now& now, routing::RingChanged& m, ReplicationOutputs& out);

  void go_on(const Now& now, ReplicationOutputs& out) {
    for (const auto& overdue : new_copies_.take_overdue())
      background_.start(now.mono, overdue.at, overdue.target);
    if (clean_at_ && *clean_at_ <= now.mono) {
      clean_at_.reset();
      if (auto task = task_of_cleaning(*context_.view, now.mono)) background_.start(std::move(*task));
    }
    background_.go_on(now, out);
    if (draining_ && new_copies_.pending() == 0 && background_.idle(now.mono)) {
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
    for (const auto& other : {new_copies_.next_deadline(), background_.next_deadline(now_)}) {
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

 private:
  CopyContext context_;
  NewCopies new_copies_;
  BackgroundCopies background_;
  std::optional<MonoTime> clean_at_;
  MonoTime now_;
  bool draining_ = false;
};

void ReplicationComponent::Impl::on(const Now& now, routing::RingChanged& m, ReplicationOutputs& out) {
  const auto before = std::exchange(context_.view, std::move(m.view));
  const auto& after = *context_.view;
  if (before->joining && after.joining != before->joining && !after.is_neighbor(*before->joining)) {
    background_.stop_hand_over(*before->joining, out);  // the admission was dropped
  }
  if (!after.joined) {
    background_.stop_all(out);
    clean_at_.reset();
  } else {
    const bool handed_over =
        !after.predecessors.empty() && background_.has_handed_over(after.predecessors.front());
    for (auto& task :
         tasks_after(*before, after, now.mono, context_.settings.successor_hold_down, handed_over)) {
      background_.start(std::move(task));
    }
    background_.forget_absent();
    if (draining_) background_.expedite(now.mono);
    // Any change may have left something here that is no longer ours to hold; dropping it can wait.
    clean_at_ = now.mono + context_.settings.successor_hold_down;
  }
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

}  // namespace ringway::data

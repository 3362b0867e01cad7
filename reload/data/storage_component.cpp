#include "reload/data/storage_component.hpp"

#include <algorithm>
#include <utility>

#include "reload/data/certificate_usage.hpp"
#include "reload/data/client.hpp"
#include "reload/data/holder.hpp"
#include "reload/data/kind_purge.hpp"
#include "reload/data/peer_data.hpp"

namespace ringway::data {

class StorageComponent::Impl {
 public:
  explicit Impl(PeerData data)
      : data_(std::move(data)),
        holder_(data_),
        client_(data_, holder_),
        certificates_(data_),
        purge_(data_.store) {}

  void on(const Now& now, routing::DeliverRequest& m, StorageOutputs& out) { holder_.deliver(now, m, out); }
  void on(const Now& now, routing::RequestDone& m, StorageOutputs& out) {
    if (!certificates_.request_done(now, m, out)) client_.request_done(now, m, out);
  }
  void on(const Now& now, routing::RingChanged& m, StorageOutputs& out) {
    data_.view = std::move(m.view);
    client_.ring_changed(now, out);
    certificates_.changed(now);
  }
  void on(const Now& now, routing::ConfigurationChanged& m, StorageOutputs&) {
    const auto before = std::exchange(data_.configuration, std::move(m.configuration));
    purge_.kinds_changed(now.mono, before->kinds, data_.configuration->kinds);
    const auto& now_bad = data_.configuration->bad_nodes;
    if (!std::includes(before->bad_nodes.begin(), before->bad_nodes.end(), now_bad.begin(), now_bad.end()))
      client_.nodes_revoked();
    certificates_.changed(now);
  }
  void on(const Now& now, Calls& m, StorageOutputs& out) { client_.calls(now, std::move(m), out); }
  void on(const Now& now, routing::UseSigner& m, StorageOutputs&) {
    data_.signer = std::move(m.signer);
    data_.certificates.set_own(data_.signer->certificate());
    client_.signer_changed(now);
    certificates_.signers_changed(now);
  }
  void on(const Now& now, UseUsers& m, StorageOutputs&) {
    data_.users = std::move(m.users);
    client_.signer_changed(now);
    certificates_.signers_changed(now);
  }
  void on(const Now&, FindCertificates& m, StorageOutputs& out) { certificates_.find(m, out); }
  void on(const Now& now, CancelCalls& m, StorageOutputs& out) { client_.cancel(now, m, out); }
  void on(const Now&, Committed& m, StorageOutputs& out) { holder_.committed(m, out); }
  void on(const Now&, Replicated& m, StorageOutputs& out) { holder_.replicated(m, out); }
  void on(const Now&, DropKinds& m, StorageOutputs& out) { holder_.drop(m, out); }
  void on(const Now&, Watch&, StorageOutputs&) {}
  void on(const Now&, WatchNext&, StorageOutputs&) {}
  void on(const Now&, CancelWatch&, StorageOutputs&) {}
  void on(const Now&, routing::ChannelUp&, StorageOutputs&) {}
  void on(const Now&, routing::ChannelDown&, StorageOutputs&) {}
  void on(const Now&, routing::ChannelMessage&, StorageOutputs&) {}
  void on(const Now& now, Adopt& m, StorageOutputs& out) { holder_.adopt(now, m, out); }

  // What the holder has finished for the client; which may lead to more.
  void settle(const Now& now, StorageOutputs& out) {
    for (auto outcomes = holder_.take_outcomes(); !outcomes.empty(); outcomes = holder_.take_outcomes()) {
      for (auto& outcome : outcomes) client_.stored_here(now, std::move(outcome), out);
    }
  }
  void on_timer(const Now& now, StorageOutputs& out) {
    client_.on_timer(now, out);
    certificates_.on_timer(now, out);
    if (!holder_.forget(purge_.due(now.mono), out)) purge_.again();
    settle(now, out);
  }
  std::optional<MonoTime> next_deadline() const {
    std::optional<MonoTime> next;
    for (const auto& one : {client_.next_deadline(), purge_.next_deadline(), certificates_.next_deadline()})
      if (one && (!next || *one < *next)) next = one;
    return next;
  }

  Statistics statistics() const {
    Statistics now = data_.statistics;
    now.cache_hits = data_.cache.hits();
    now.cache_misses = data_.cache.misses();
    now.pending_requests = holder_.pending();
    now.pending_calls = client_.pending();
    now.cached_kinds = data_.cache.size();
    now.further_users = data_.users->size();
    now.further_users_until_ms = data_.users->first_end_ms();
    return now;
  }

 private:
  PeerData data_;
  Holder holder_;
  Client client_;
  CertificateUsage certificates_;
  KindPurge purge_;
};

StorageComponent::StorageComponent(StorageSettings settings, config::ConfigurationPtr configuration,
                                   std::shared_ptr<const security::Signer> signer,
                                   std::shared_ptr<const ValueStore> store)
    : impl_(std::make_unique<Impl>(
          PeerData(settings, std::move(configuration), std::move(signer), std::move(store)))) {}

StorageComponent::~StorageComponent() = default;

void StorageComponent::handle(const Now& now, StorageInput input, StorageOutputs& out) {
  std::visit([&](auto& message) { impl_->on(now, message, out); }, input);
  impl_->settle(now, out);
}

void StorageComponent::on_timer(const Now& now, StorageOutputs& out) { impl_->on_timer(now, out); }
std::optional<MonoTime> StorageComponent::next_deadline() const { return impl_->next_deadline(); }
StorageComponent::Statistics StorageComponent::statistics() const { return impl_->statistics(); }

}  // namespace ringway::data

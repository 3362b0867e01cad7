#include "reload/data/storage_component.hpp"

#include <algorithm>
#include <utility>

#include "reload/data/certificate_usage.hpp"
#include "reload/data/client.hpp"
#include "reload/data/holder.hpp"
#include "reload/data/kind_purge.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/replica_rules.hpp"
#include "reload/data/services.hpp"
#include "reload/data/turn_service.hpp"
#include "reload/data/watch_notifier.hpp"
#include "reload/data/watcher.hpp"

namespace ringway::data {

class StorageComponent::Impl {
 public:
  explicit Impl(PeerData data)
      : data_(std::move(data)),
        holder_(data_),
        client_(data_, holder_),
        certificates_(data_),
        notifier_(data_),
        watcher_(data_, holder_, client_),
        services_(data_, client_),
        turn_(data_),
        purge_(data_.store) {}

  void at(const Now& now) { data_.cache.at(now.mono); }

  void on(const Now& now, routing::DeliverRequest& m, StorageOutputs& out) { holder_.deliver(now, m, out); }
  void on(const Now& now, routing::RequestDone& m, StorageOutputs& out) {
    if (!turn_.request_done(now, m, out) && !certificates_.request_done(now, m, out) &&
        !watcher_.request_done(now, m, out))
      client_.request_done(now, m, out);
  }
  void on(const Now& now, routing::RingChanged& m, StorageOutputs& out) {
    const auto before = std::exchange(data_.view, std::move(m.view));
    data_.newly_held.ring_changed(now, *before, *data_.view);
    client_.ring_changed(now, out);
    certificates_.changed(now);
    notifier_.ring_changed(now);
    watcher_.ring_changed(now, *before);
    turn_.changed(now);
  }
  void on(const Now& now, routing::ConfigurationChanged& m, StorageOutputs& out) {
    const auto before = std::exchange(data_.configuration, std::move(m.configuration));
    purge_.kinds_changed(now.mono, before->kinds, data_.configuration->kinds);
    const auto& now_bad = data_.configuration->bad_nodes;
    if (!std::includes(before->bad_nodes.begin(), before->bad_nodes.end(), now_bad.begin(), now_bad.end()))
      client_.nodes_revoked();
    certificates_.changed(now);
    turn_.changed(now);
    register_relay(now, out);
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
  void on(const Now& now, Committed& m, StorageOutputs& out) {
    if (!client_.committed(now, m, out)) holder_.committed(m, out);
  }
  void on(const Now&, Replicated& m, StorageOutputs& out) { holder_.replicated(m, out); }
  void on(const Now& now, DropKinds& m, StorageOutputs& out) { holder_.drop(now, m, out); }
  void on(const Now& now, SeenDamaged& m, StorageOutputs& out) {
    if (!m.kinds.empty()) data_.certificates.forget_kept();
    for (const KindAt& at : m.kinds) {
      data_.cache.forget(at);
      if (data_.damaged.seen_in_passing(now.mono, at)) ++data_.statistics.kinds_damaged;
    }
    holder_.give_up(now, m.nowhere, out);
  }
  void on(const Now& now, Watch& m, StorageOutputs& out) { watcher_.watch(now, std::move(m), out); }
  void on(const Now& now, WatchNext& m, StorageOutputs& out) { watcher_.next(now, m.token, out); }
  void on(const Now& now, CancelWatch& m, StorageOutputs& out) { watcher_.cancel(now, m.token, out); }
  void on(const Now& now, RegisterService& m, StorageOutputs& out) {
    services_.register_service(now, std::move(m), out);
  }
  void on(const Now& now, UnregisterService& m, StorageOutputs& out) {
    services_.unregister(now, std::move(m), out);
  }
  void on(const Now& now, WithdrawServices& m, StorageOutputs& out) {
    withdrawing_for_.push_back(m.token);
    turn_.withdraw(now);
    turn_.on_timer(now, out);
    services_.withdraw_all(now, out);
  }
  void on(const Now& now, FindService& m, StorageOutputs& out) { services_.find(now, std::move(m), out); }
  // Either way leads to a relay (RFC 7374 §10.4).
  void on(const Now& now, AdvertiseRelay& m, StorageOutputs& out) {
    turn_.advertise(now, std::move(m));
    register_relay(now, out);
  }
  void on(const Now& now, WithdrawRelay&, StorageOutputs& out) {
    turn_.withdraw(now);
    services_.unregister(now, {k_nobody_waits, std::string(k_turn_server_service)}, out);
  }
  void on(const Now& now, FindRelays& m, StorageOutputs& out) { turn_.find(now, std::move(m), out); }
  void on(const Now& now, ValuesChecked& m, StorageOutputs& out) { watcher_.checked(now, std::move(m), out); }
  void on(const Now& now, routing::ChannelUp& m, StorageOutputs& out) {
    notifier_.channel_up(now, m.node, out);
  }
  void on(const Now& now, routing::ChannelDown& m, StorageOutputs&) {
    notifier_.channel_down(now, m.node);
    watcher_.channel_down(now, m.node);
  }
  void on(const Now& now, routing::ChannelMessage& m, StorageOutputs& out) {
    auto message = decode_watch_message(m.message, data_.configuration->kinds);
    if (!message) {
      ++data_.statistics.notices_dropped;
    } else if (const auto* seen = std::get_if<Seen>(&*message)) {
      notifier_.seen(now, m.node, *seen, out);
    } else {
      watcher_.notice(now, m.node, std::get<NumberedNotice>(std::move(*message)), out);
    }
  }
  void on(const Now& now, Adopt& m, StorageOutputs& out) { holder_.adopt(now, m, out); }

  // What the parts have finished for each other; which may lead to more.
  void settle(const Now& now, StorageOutputs& out) {
    for (bool more = true; more;) {
      more = false;
      const auto each = [&more](auto list, auto&& handle) {
        more = more || !list.empty();
        for (auto& one : list) handle(one);
      };
      each(holder_.take_subscribed(),
           [&](auto& one) { notifier_.subscribed(now, one.resource, one.copied, out); });
      each(holder_.take_changes(), [&](auto& change) { notifier_.changed(now, change, out); });
      each(holder_.take_outcomes(), [&](auto& outcome) {
        if (!watcher_.stored_here(now, outcome, out)) client_.stored_here(now, std::move(outcome), out);
      });
      each(client_.take_own_results(), [&](auto& own) { own_call_done(now, own, out); });
      each(turn_.take_fruitless(), [&](auto& search) { find_by_redir(now, search, out); });
      each(services_.take_own(), [&](auto& own) { relay_providers(now, own, out); });
      each(notifier_.take_own(),
           [&](auto& own) { watcher_.own_notice(now, std::move(own.notice), std::move(own.verdicts), out); });
    }
    if (services_.idle() && turn_.idle())
      for (const std::uint64_t token : std::exchange(withdrawing_for_, {}))
        out.emplace_back(ServiceDone{token, ServiceChanged{}});
    note_damage(now, out);
  }
  void register_relay(const Now& now, StorageOutputs& out) {
    if (turn_.advertises() && data_.configuration->kinds.find(config::k_redir) != nullptr &&
        data_.configuration->turn_density > 0)
      services_.register_service(now, {k_nobody_waits, std::string(k_turn_server_service)}, out);
  }
  void own_call_done(const Now& now, Client::OwnResult& own, StorageOutputs& out) {
    if (own.done.token >= k_first_service_call) return services_.call_done(now, std::move(own.done), out);
    watcher_.read_done(now, std::move(own.done), own.holder, out);
  }
  // Relays are few, so their records may be at none of the peers that were asked.
  void find_by_redir(const Now& now, const FindRelays& search, StorageOutputs& out) {
    services_.find(
        now,
        {k_first_own_number + search.token, std::string(k_turn_server_service), std::nullopt, search.random},
        out);
  }
  void relay_providers(const Now& now, const ServiceDone& own, StorageOutputs& out) {
    const std::uint64_t search = own.token - k_first_own_number;
    const auto* found = std::get_if<ServiceFound>(&own.result);
    if (found == nullptr) return turn_.give_up(search, out);
    std::vector<NodeId> nodes;
    for (const redir::Provider& provider : found->providers) nodes.push_back(provider.node);
    turn_.providers_are(now, search, nodes, out);
  }
  // The holders of what cannot be read compare it at once, so that what others have of it is written again.
  void note_damage(const Now& now, StorageOutputs& out) {
    const auto damaged = data_.cache.take_damaged();
    if (!damaged.empty()) data_.certificates.forget_kept();  // one of them may be what was damaged
    for (const KindAt& at : damaged) {
      const auto seen = data_.damaged.seen(now.mono, at);
      if (seen.first) ++data_.statistics.kinds_damaged;
      const auto holders = holders_of(*data_.view, at.resource);
      if (seen.mend && data_.may_be_elsewhere() && !holders.empty())
        out.emplace_back(AskToMend{at.resource, holders.front()});
    }
    for (const KindAt& at : data_.cache.take_mended()) {
      data_.damaged.mended(at);
      ++data_.statistics.kinds_mended;
    }
  }
  void on_timer(const Now& now, StorageOutputs& out) {
    at(now);
    client_.on_timer(now, out);
    certificates_.on_timer(now, out);
    notifier_.on_timer(
        now, [this](const NodeId& node) { return watcher_.listens_to(node); }, out);
    watcher_.on_timer(now, out);
    services_.on_timer(now, out);
    turn_.on_timer(now, out);
    if (!holder_.forget(purge_.due(now.mono), out)) purge_.again();
    settle(now, out);
  }
  std::optional<MonoTime> next_deadline() const {
    std::optional<MonoTime> next;
    for (const auto& one : {client_.next_deadline(), purge_.next_deadline(), certificates_.next_deadline(),
                            notifier_.next_deadline(), watcher_.next_deadline(), services_.next_deadline(),
                            turn_.next_deadline()})
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
    now.watches = watcher_.watches();
    now.watched_resources = data_.subscriptions.resources();
    now.services_provided = services_.registered();
    now.further_users = data_.users->size();
    now.further_users_until_ms = data_.users->first_end_ms();
    return now;
  }

  TableSizes tables() const {
    TableSizes all = {
        {"requests that wait", holder_.pending(), data_.settings.max_pending_requests},
        {"decoded Kinds", data_.cache.size(), data_.settings.max_cached_kinds + data_.cache.pending_kinds()},
        {"Kinds that cannot be read", data_.cache.unreadable(), k_most_unreadable_kinds},
        {"bytes of decoded Kinds", data_.cache.size_bytes(), data_.settings.max_cached_bytes},
        {"peers that have parted", holder_.partings(), k_most_partings},
        {"ranges newly held", data_.newly_held.size(), k_max_newly_held},
        {"damaged Kinds", data_.damaged.size(), k_max_damaged_kinds},
        {"watched resources", data_.subscriptions.resources(), k_max_watched_resources},
        {"subscriptions of one node", data_.subscriptions.most_of_one_node(), k_max_subscriptions_of_node},
    };
    for (auto part :
         {client_.tables(), notifier_.tables(), watcher_.tables(), services_.tables(), turn_.tables()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }

 private:
  PeerData data_;
  Holder holder_;
  Client client_;
  CertificateUsage certificates_;
  WatchNotifier notifier_;
  Watcher watcher_;
  Services services_;
  TurnService turn_;
  std::vector<std::uint64_t> withdrawing_for_;
  KindPurge purge_;
};

StorageComponent::StorageComponent(StorageSettings settings, config::ConfigurationPtr configuration,
                                   std::shared_ptr<const security::Signer> signer,
                                   std::shared_ptr<const ValueStore> store)
    : impl_(std::make_unique<Impl>(
          PeerData(settings, std::move(configuration), std::move(signer), std::move(store)))) {}

StorageComponent::~StorageComponent() = default;

void StorageComponent::handle(const Now& now, StorageInput input, StorageOutputs& out) {
  impl_->at(now);
  std::visit([&](auto& message) { impl_->on(now, message, out); }, input);
  impl_->settle(now, out);
}

void StorageComponent::on_timer(const Now& now, StorageOutputs& out) { impl_->on_timer(now, out); }
std::optional<MonoTime> StorageComponent::next_deadline() const { return impl_->next_deadline(); }
StorageComponent::Statistics StorageComponent::statistics() const { return impl_->statistics(); }
TableSizes StorageComponent::tables() const { return impl_->tables(); }

}  // namespace ringway::data

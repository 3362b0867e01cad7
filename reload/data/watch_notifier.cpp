#include "reload/data/watch_notifier.hpp"

#include <algorithm>

#include "reload/data/records.hpp"

namespace ringway::data {

namespace {

constexpr routing::Application k_watch = routing::Application::watch;
constexpr std::size_t k_slice = 256;
constexpr Duration k_between_slices{20};
constexpr Duration k_between_expiries{60'000};
constexpr Duration k_first_repeat{2'000};
constexpr Duration k_longest_repeat{30'000};
constexpr std::size_t k_numbers_bytes = 16;  // before the encoded notice

}  // namespace

// ---- whose subscriptions ----------------------------------------------------------------------------------

// What has come to this peer's range is looked through; what has gone from it is told by somebody else now.
void WatchNotifier::ring_changed(const Now& now) {
  const topology::RingView& view = *data_.view;
  if (!view.joined) {
    lower_end_.reset();
    scan_ = {};
    scan_at_.reset();
    return;
  }
  const RingId lower = view.predecessors.empty() ? RingId{view.self} : RingId{view.predecessors.front()};
  if (lower_end_ == lower) return;
  data_.subscriptions.keep_only([&](const ResourceId& one) { return view.responsible_for(one); });
  const bool grew = !lower_end_ || !in_half_open(lower, *lower_end_, view.self) || lower == RingId{view.self};
  // A scan under way is begun again, over everything: it is not known how far it was.
  if (grew || !scan_.done()) {
    const bool all = !lower_end_ || !scan_.done() || lower == RingId{view.self};
    scan_ = RangeScan(lower, all ? RingId{view.self} : *lower_end_);
    scan_at_ = now.mono;
  }
  lower_end_ = lower;
}

void WatchNotifier::scan(const Now& now, StorageOutputs& out) {
  const auto listed = scan_.next(*data_.store, k_slice);
  // A store that is broken shows it with the next call; watchers ask by themselves now and then.
  if (!listed) scan_ = {};
  if (listed) {
    for (const KindAt& at : *listed) {
      if (at.kind != config::k_subscription) continue;
      load(now, at.resource);
      const auto watchers = data_.subscriptions.at(at.resource);
      for (const auto& watcher : watchers) look_again(now, watcher.node, at.resource, out);
    }
  }
  scan_at_ = scan_.done() ? std::nullopt : std::optional{now.mono + k_between_slices};
}

// Who has just subscribed reads what is there next; who has come with a copy is told to.
void WatchNotifier::subscribed(const Now& now, const ResourceId& resource, bool copied, StorageOutputs& out) {
  for (const NodeId& node : load(now, resource))
    if (copied) look_again(now, node, resource, out);
}

// Those who were not known before.
std::vector<NodeId> WatchNotifier::load(const Now& now, const ResourceId& resource) {
  if (!data_.view->responsible_for(resource)) return {};
  const auto state = data_.cache.committed({resource, config::k_subscription});
  if (!state) return {};
  auto added = data_.subscriptions.set(resource, **state, *data_.configuration, now.wall_ms);
  if (!expire_at_ && data_.subscriptions.resources() > 0) expire_at_ = now.mono + k_between_expiries;
  return added;
}

// ---- what they are told -----------------------------------------------------------------------------------

void WatchNotifier::changed(const Now& now, const Change& change, StorageOutputs& out) {
  const ResourceId& resource = change.at.resource;
  const auto watchers = data_.subscriptions.at(resource);
  if (watchers.empty() || !data_.view->responsible_for(resource)) return;
  Notice notice{resource, LookAgain{}};
  std::vector<security::ValueVerdict> verdicts;
  if (!change.records.empty()) notice.what = values_of(now, change, verdicts);
  SharedBytes encoded{encode_notice(notice)};
  bool hint = change.records.empty();
  const std::size_t limit = data_.configuration->max_message_size_bytes;
  if (encoded.size() + k_numbers_bytes > limit) {
    encoded = SharedBytes{encode_notice({resource, LookAgain{}})};
    hint = true;
  }
  for (const auto& watcher : watchers) {
    if (watcher.node == data_.view->self) {
      own_.push_back({notice, verdicts});
    } else if (watcher.until_ms > now.wall_ms) {
      tell(now, watcher.node, resource, encoded, hint, out);
    }
  }
}

ValuesChanged WatchNotifier::values_of(const Now& now, const Change& change,
                                       std::vector<security::ValueVerdict>& verdicts) {
  ValuesChanged out{change.at.kind, change.generation, {}, {}};
  CertificateSet certificates(data_.certificates);
  bool own = false;
  for (const RecordPtr& record : change.records) {
    out.values.push_back(for_wire(*record, now.wall_ms));
    certificates.add(*record);
    own = own || data_.certificates.is_own(record->signer_certificate_sha256);
    verdicts.push_back({data_.certificates.find(record->signer_certificate_sha256), record->signer_node, {}});
  }
  // Messages of RELOAD carry their sender's anyway; this one is none.
  std::vector<SharedBytes> ders = certificates.take();
  if (own) {
    ders.push_back(data_.signer->certificate()->der());
    const auto& chain = data_.signer->chain_der();
    ders.insert(ders.end(), chain.begin(), chain.end());
  }
  for (SharedBytes& der : ders) out.certificates.push_back({wire::CertificateType::x509, std::move(der)});
  return out;
}

void WatchNotifier::look_again(const Now& now, const NodeId& node, const ResourceId& resource,
                               StorageOutputs& out) {
  if (node == data_.view->self) {
    own_.push_back({{resource, LookAgain{}}, {}});
    return;
  }
  tell(now, node, resource, SharedBytes{encode_notice({resource, LookAgain{}})}, true, out);
}

// Past the bounds a watcher hears nothing: it looks by itself now and then.
void WatchNotifier::tell(const Now& now, const NodeId& node, const ResourceId& resource,
                         const SharedBytes& encoded, bool hint, StorageOutputs& out) {
  if (bytes_ + encoded.size() > k_max_notice_bytes) {
    if (!hint) return look_again(now, node, resource, out);
    ++data_.statistics.notices_dropped;
    return;
  }
  auto line = lines_.find(node);
  if (line == lines_.end()) {
    if (lines_.size() >= k_max_notified_watchers) {
      ++data_.statistics.notices_dropped;
      return;
    }
    line = lines_.emplace(node, Line{NoticeLine(now.wall_ms), false, 0, {}}).first;
  }
  if (!line->second.up && !line->second.again) {
    out.emplace_back(routing::OpenChannel{k_watch, node});
    plan(line, now.mono + k_first_repeat);
  }
  NoticeLine& notices = line->second.notices;
  // Hints of what it has subscribed to and taken back would come on top of those of all its subscriptions.
  if (notices.size() >= k_max_waiting_of_watcher) keep_only_watched(line);
  bytes_ -= notices.bytes();
  notices.add(resource, encoded, hint);
  bytes_ += notices.bytes();
  push(now, line, out);
}

void WatchNotifier::push(const Now& now, Lines::iterator line, StorageOutputs& out) {
  if (!line->second.up) return;
  for (Bytes& message : line->second.notices.take_sendable()) {
    ++data_.statistics.notices_sent;
    out.emplace_back(routing::SendOnChannel{k_watch, line->first, SharedBytes{std::move(message)}});
  }
  if (line->second.notices.unacknowledged() && !line->second.again) plan(line, now.mono + k_first_repeat);
}

// ---- channels ---------------------------------------------------------------------------------------------

void WatchNotifier::channel_up(const Now& now, const NodeId& node, StorageOutputs& out) {
  const auto line = lines_.find(node);
  if (line == lines_.end()) return;
  line->second.up = true;
  line->second.notices.begin_session(now.wall_ms);
  plan(line, std::nullopt);
  push(now, line, out);
}

void WatchNotifier::channel_down(const Now& now, const NodeId& node) {
  const auto line = lines_.find(node);
  if (line == lines_.end()) return;
  line->second.up = false;
  const unsigned attempts = std::min(line->second.attempts, 8U);
  plan(line, now.mono + std::min(k_longest_repeat, k_first_repeat * (1U << attempts)));
}

void WatchNotifier::seen(const Now& now, const NodeId& node, const Seen& seen, StorageOutputs& out) {
  const auto line = lines_.find(node);
  if (line == lines_.end()) return;
  NoticeLine& notices = line->second.notices;
  const std::size_t before = notices.size();
  bytes_ -= notices.bytes();
  notices.seen(seen);
  bytes_ += notices.bytes();
  if (notices.size() == before) return;
  line->second.attempts = 0;
  plan(line, std::nullopt);
  push(now, line, out);
}

// Nothing was acknowledged for a while, or the channel could not be made.
void WatchNotifier::again(const Now& now, Lines::iterator line, const Listens& listens, StorageOutputs& out) {
  if (!data_.subscriptions.any_of(line->first)) return forget(line, listens, out);
  keep_only_watched(line);
  NoticeLine& notices = line->second.notices;
  plan(line, std::nullopt);
  if (notices.empty()) return;
  const unsigned attempts = std::min(++line->second.attempts, 8U);
  if (line->second.up) {
    ++data_.statistics.notices_repeated;
    notices.send_again();
    push(now, line, out);
  } else {
    out.emplace_back(routing::OpenChannel{k_watch, line->first});
  }
  plan(line, now.mono + std::min(k_longest_repeat, k_first_repeat * (1U << attempts)));
}

void WatchNotifier::plan(Lines::iterator line, std::optional<MonoTime> at) {
  if (line->second.again) timers_.erase({*line->second.again, line->first});
  line->second.again = at;
  if (at) timers_.insert({*at, line->first});
}

void WatchNotifier::keep_only_watched(Lines::iterator line) {
  NoticeLine& notices = line->second.notices;
  bytes_ -= notices.bytes();
  notices.keep_only([&](const ResourceId& one) { return data_.subscriptions.has(one, line->first); });
  bytes_ += notices.bytes();
}

// After CloseChannel nobody says when the channel is down, and a watcher that is told over it would wait for
// ever: then the line stays, empty, until it is tried again with the next expiry.
void WatchNotifier::forget(Lines::iterator line, const Listens& listens, StorageOutputs& out) {
  plan(line, std::nullopt);
  if (line->second.up && listens(line->first)) return keep_only_watched(line);
  bytes_ -= line->second.notices.bytes();
  out.emplace_back(routing::CloseChannel{k_watch, line->first});
  lines_.erase(line);
}

void WatchNotifier::on_timer(const Now& now, const Listens& listens, StorageOutputs& out) {
  if (scan_at_ && *scan_at_ <= now.mono) scan(now, out);
  while (!timers_.empty() && timers_.begin()->first <= now.mono)
    again(now, lines_.find(timers_.begin()->second), listens, out);
  if (expire_at_ && *expire_at_ <= now.mono) {
    data_.subscriptions.expire(now.wall_ms);
    for (auto line = lines_.begin(); line != lines_.end();) {
      const auto next = std::next(line);
      if (!data_.subscriptions.any_of(line->first)) forget(line, listens, out);
      line = next;
    }
    expire_at_.reset();
    if (data_.subscriptions.resources() > 0 || !lines_.empty()) expire_at_ = now.mono + k_between_expiries;
  }
}

std::optional<MonoTime> WatchNotifier::next_deadline() const {
  std::optional<MonoTime> next;
  const auto sooner = [&next](const std::optional<MonoTime>& one) {
    if (one && (!next || *one < *next)) next = one;
  };
  sooner(scan_at_);
  sooner(expire_at_);
  if (!timers_.empty()) sooner(timers_.begin()->first);
  return next;
}

TableSizes WatchNotifier::tables() const {
  std::size_t most = 0, most_bytes = 0;
  for (const auto& [node, line] : lines_) {
    most = std::max(most, line.notices.size());
    most_bytes = std::max(most_bytes, line.notices.bytes());
  }
  return {
      {"watchers that are notified", lines_.size(), k_max_notified_watchers},
      {"bytes of notices", bytes_, k_max_notice_bytes},
      {"notices for one watcher", most, k_max_waiting_of_watcher},
      {"bytes of notices for one watcher", most_bytes, k_max_waiting_bytes_of_watcher},
  };
}

}  // namespace ringway::data

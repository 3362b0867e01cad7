#include "reload/data/new_copies.hpp"

#include <algorithm>

#include "reload/data/replica_rules.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_first_retry{200};
constexpr Duration k_longest_retry{3000};
// Then the write is refused, though it may come to be: others have not confirmed it.
constexpr Duration k_give_up_after{20'000};

// Splits what does not fit into one message.
std::vector<CopyPart> parts_of(CopyContext& context, Replicate replicate) {
  std::vector<CopyPart> parts;
  const std::size_t budget_bytes = copy_budget_bytes(context);
  std::size_t size_bytes = 0;
  const auto generation_of = [&](const KindAt& at) {
    const auto found = std::find_if(replicate.generations.begin(), replicate.generations.end(),
                                    [&](const auto& one) { return one.first == at; });
    return *found;
  };
  for (auto& [at, record] : replicate.records) {
    const std::size_t record_bytes = copy_size_bytes(context, *record);
    if (parts.empty() || size_bytes + record_bytes > budget_bytes) {
      parts.push_back({replicate.resource, {}, {}});
      size_bytes = 0;
    }
    CopyPart& part = parts.back();
    size_bytes += record_bytes;
    if (part.generations.empty() || part.generations.back().first != at) {
      part.generations.push_back(generation_of(at));
    }
    part.records.emplace_back(at, std::move(record));
  }
  return parts;
}

}  // namespace

void NewCopies::add(const Now& now, Replicate replicate, ReplicationOutputs& out) {
  const std::uint64_t token = replicate.token;
  auto targets = wanted(replicate.resource);
  if (targets.empty() || replicate.records.empty()) {
    // Without a place in the ring's order nobody knows where the copies belong.
    const bool placed = context_.view->replica_position(replicate.resource).has_value();
    out.emplace_back(Replicated{token, {}, placed || replicate.records.empty()});
    return;
  }
  if (pending_.size() >= context_.settings.max_pending_values) {
    for (const auto& [at, generation] : replicate.generations) {
      for (const NodeId& target : targets) overdue_.push_back({at, target});
    }
    out.emplace_back(Replicated{token, {}, false});
    return;
  }
  Pending& pending = pending_[token];
  pending.token = token;
  pending.resource = replicate.resource;
  pending.parts = parts_of(context_, std::move(replicate));
  pending.give_up_at = now.mono + k_give_up_after;
  timers_.emplace(pending.give_up_at, token, k_no_node);
  aim(now, pending, out);
}

std::vector<NodeId> NewCopies::wanted(const ResourceId& resource) const {
  const auto& view = *context_.view;
  auto nodes = holders_of(view, resource);
  std::erase(nodes, view.self);
  if (view.joining && view.responsible_for(resource)) {
    const RingId& after =
        view.predecessors.empty() ? static_cast<const RingId&>(view.self) : view.predecessors.front();
    const bool moves = in_half_open(resource, after, *view.joining);
    if (moves && std::find(nodes.begin(), nodes.end(), *view.joining) == nodes.end())
      nodes.push_back(*view.joining);
  }
  return nodes;
}

// Lets go of peers that need it no longer, and starts with those that do now.
void NewCopies::aim(const Now& now, Pending& pending, ReplicationOutputs& out) {
  pending.wanted = wanted(pending.resource);
  std::vector<NodeId> gone;
  for (const auto& [node, copy] : pending.copies) {
    if (std::find(pending.wanted.begin(), pending.wanted.end(), node) == pending.wanted.end())
      gone.push_back(node);
  }
  for (const NodeId& node : gone) forget(pending, node, out);
  for (std::size_t i = 0; i < pending.wanted.size(); ++i) {
    const auto [copy, added] = pending.copies.try_emplace(pending.wanted[i]);
    if (!added) continue;
    copy->second.replica_number = static_cast<std::uint8_t>(std::min<std::size_t>(i + 1, 255));
    send(now, pending, pending.wanted[i], out);
  }
}

void NewCopies::forget(Pending& pending, const NodeId& node, ReplicationOutputs& out) {
  const auto found = pending.copies.find(node);
  const Copy& copy = found->second;
  if (copy.request != 0) {
    requests_.erase(copy.request);
    out.emplace_back(routing::CancelRequest{routing::Origin::replication, copy.request});
  }
  if (copy.retry_at) timers_.erase({*copy.retry_at, pending.token, node});
  pending.copies.erase(found);
}

void NewCopies::send(const Now& now, Pending& pending, const NodeId& node, ReplicationOutputs& out) {
  Copy& copy = pending.copies.at(node);
  const CopyPart& part = pending.parts[copy.part];
  auto request = copy.step == Step::fetch
                     ? fetch_items(context_, part, wire::to_node(node))
                     : store_copies(context_, part, wire::to_node(node), copy.replica_number, now.wall_ms);
  copy.request = request.token;
  requests_[request.token] = {pending.token, node};
  out.emplace_back(std::move(request));
}

bool NewCopies::request_done(const Now& now, const routing::RequestDone& done, ReplicationOutputs& out) {
  const auto asked = requests_.find(done.token);
  if (asked == requests_.end()) return false;
  const auto [token, node] = asked->second;
  requests_.erase(asked);
  const auto found = pending_.find(token);
  if (found == pending_.end()) return true;
  Pending& pending = found->second;
  pending.copies.at(node).request = 0;
  answered(now, pending, node, done, out);
  (void)finish_if_done(pending, false, out);
  return true;
}

void NewCopies::answered(const Now& now, Pending& pending, const NodeId& node,
                         const routing::RequestDone& done, ReplicationOutputs& out) {
  Copy& copy = pending.copies.at(node);
  if (const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome)) {
    ++context_.statistics.copies_failed;
    if (copy.step == Step::store && !failure->local && has_newer(failure->code)) {
      copy.step = Step::fetch;
      return send(now, pending, node, out);
    }
    copy.step = Step::store;
    return retry(now, pending, node);
  }
  if (copy.step == Step::fetch) {
    // Once what that peer has is ours too, the copy is made from it.
    out.emplace_back(Adopt{pending.resource, std::get<0>(done.outcome)});
    copy.step = Step::store;
    return retry(now, pending, node);
  }
  if (++copy.part < pending.parts.size()) return send(now, pending, node, out);
  copy.step = Step::held;
}

void NewCopies::retry(const Now& now, Pending& pending, const NodeId& node) {
  Copy& copy = pending.copies.at(node);
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(copy.attempts, 8U)));
  ++copy.attempts;
  copy.retry_at = now.mono + delay;
  timers_.emplace(*copy.retry_at, pending.token, node);
}

void NewCopies::ring_changed(const Now& now, ReplicationOutputs& out) {
  std::vector<std::uint64_t> tokens;
  tokens.reserve(pending_.size());
  for (const auto& [token, pending] : pending_) tokens.push_back(token);
  std::sort(tokens.begin(), tokens.end());
  for (const std::uint64_t token : tokens) {
    Pending& pending = pending_.at(token);
    aim(now, pending, out);
    (void)finish_if_done(pending, false, out);
  }
}

void NewCopies::on_timer(const Now& now, ReplicationOutputs& out) {
  while (!timers_.empty() && std::get<0>(*timers_.begin()) <= now.mono) {
    const auto [at, token, node] = *timers_.begin();
    timers_.erase(timers_.begin());
    Pending& pending = pending_.at(token);
    if (node == k_no_node) {
      (void)finish_if_done(pending, true, out);
      continue;
    }
    pending.copies.at(node).retry_at.reset();
    refresh(pending);
    send(now, pending, node, out);
  }
}

// What has been replaced meanwhile need not be copied any more; its replacement stands in for it.
void NewCopies::refresh(Pending& pending) {
  for (CopyPart& part : pending.parts) {
    for (auto& [kind, generation] : part.generations) {
      const auto state = context_.store->load(kind);
      if (!state) continue;
      generation = std::max(generation, state->generation_counter);
      for (auto& [at, record] : part.records) {
        if (at != kind) continue;
        const auto present = find(state->records, record->stored.value);
        if (present == state->records.end()) continue;
        if ((*present)->stored.storage_time_ms >= record->stored.storage_time_ms) record = *present;
      }
    }
  }
}

bool NewCopies::finish_if_done(Pending& pending, bool give_up, ReplicationOutputs& out) {
  // Without a place in the ring's order nobody here knows where the copies belong.
  Replicated done{pending.token, {}, context_.view->replica_position(pending.resource).has_value()};
  for (const NodeId& node : pending.wanted) {
    if (pending.copies.at(node).step == Step::held) {
      done.holders.push_back(node);
      continue;
    }
    done.complete = false;
    if (!give_up) continue;
    for (const auto& part : pending.parts) {
      for (const auto& [at, generation] : part.generations) overdue_.push_back({at, node});
    }
  }
  if (!done.complete && !give_up && !pending.wanted.empty()) return false;
  while (!pending.copies.empty()) forget(pending, pending.copies.begin()->first, out);
  timers_.erase({pending.give_up_at, pending.token, k_no_node});
  pending_.erase(pending.token);
  out.emplace_back(std::move(done));
  return true;
}

std::optional<MonoTime> NewCopies::next_deadline() const {
  if (timers_.empty()) return std::nullopt;
  return std::get<0>(*timers_.begin());
}

}  // namespace ringway::data

#include "reload/data/holder.hpp"

#include <algorithm>
#include <utility>

#include "reload/data/replica_rules.hpp"

namespace ringway::data {

namespace {

using wire::ErrorCode;
using wire::MessageCode;

std::optional<ResourceId> resource_of(BytesView bytes) {
  if (bytes.size() != k_node_id_size_bytes) return std::nullopt;
  return as_resource(ring_id_from(bytes));
}

// A Fetch or Stat that names this peer asks for what it holds, responsible or not (STORE-18).
bool names_this_peer(const wire::ForwardingHeader& header) {
  return !header.destination_list.empty() &&
         !std::holds_alternative<wire::ResourceDestination>(header.destination_list.back());
}

Refusal wrong_resource() { return refuse(ErrorCode::invalid_message, "a Resource-ID is not 16 bytes long"); }
// The request has come to the wrong peer; the requester may try again when the ring has settled.
Refusal not_responsible() { return refuse(ErrorCode::not_found, "not responsible for this resource"); }

// The requester asks the replicas, or tries again when the copies have come.
Refusal lacks() {
  return refuse(ErrorCode::in_progress, "held for a short time only: others may have what is not here yet");
}
Refusal damaged() {
  return refuse(ErrorCode::in_progress, "cannot be read from the disk here: others may have it");
}

// Whether one of these may be behind the damage.
bool hides_any_of(const KindState& state, const wire::StoredDataSpecifier& wanted) {
  if (!state.hides_any()) return false;
  if (wanted.model == wire::DataModel::single) return state.hides({});
  if (wanted.model != wire::DataModel::dictionary || wanted.keys.empty()) return true;
  return std::any_of(wanted.keys.begin(), wanted.keys.end(),
                     [&](const Bytes& key) { return state.hides(key); });
}

// What has expired is as if it were not here.
bool any_alive(const Records& records, WallMs now_ms) {
  return std::any_of(records.begin(), records.end(),
                     [&](const RecordPtr& record) { return record->alive_at(now_ms); });
}

routing::SendAnswer error_answer(std::uint64_t request, Refusal refusal) {
  wire::ErrorResponse error{refusal.code, std::move(refusal.info)};
  return {request, MessageCode::error, SharedBytes{wire::encode(error)}, {}};
}

}  // namespace

void Holder::deliver(const Now& now, const routing::DeliverRequest& request, StorageOutputs& out) {
  const auto& message = *request.message;
  const auto code = message.message.contents.code;
  if (code == MessageCode::store_req) {
    auto refused = store(now, request, out);
    if (refused) finish({request.request, std::nullopt}, std::move(*refused), out);
    return;
  }
  auto answer = code == MessageCode::find_req ? find(now, message) : read(now, message);
  if (!answer) {
    out.emplace_back(error_answer(request.request, answer.error()));
    return;
  }
  out.emplace_back(routing::SendAnswer{request.request, answer->code, SharedBytes{std::move(answer->body)},
                                       std::move(answer->certificates_der)});
}

std::optional<Refusal> Holder::store(const Now& now, const routing::DeliverRequest& request,
                                     StorageOutputs& out) {
  const auto& message = *request.message;
  if (!message.store || message.signer == nullptr) {
    return refuse(ErrorCode::invalid_message, message.body_fault);
  }
  const auto resource = resource_of(message.store->resource);
  if (!resource) return wrong_resource();
  IncomingStore incoming;
  incoming.resource = *resource;
  incoming.kinds = &message.store->kind_data;
  incoming.verdicts = &message.verdicts;
  incoming.requester = {message.signer->user_name(), message.signer_node};
  incoming.usage_checks = data_.settings.usage_checks.get();
  if (message.store->replica_number == 0) {
    if (!data_.view->responsible_for(*resource)) return not_responsible();
  } else {
    incoming.mode = StoreMode::replica;
    if (!may_store_copies(*data_.view, *resource, message.signer_node)) {
      return refuse(ErrorCode::forbidden, "copies of this resource are not expected here from this peer");
    }
    if (is_parting(*data_.view, *resource, message.signer_node))
      partings_.taken(now, *data_.view, message.signer_node);
  }
  return run(now, incoming, {request.request, std::nullopt}, out);
}

void Holder::store_own(const Now& now, std::uint64_t call, const ResourceId& resource,
                       wire::StoreKindData kind_data, const security::Signer& writer, StorageOutputs& out) {
  const auto& certificate = writer.certificate();
  // Signed a moment ago by this peer: nothing to check.
  const auto chain = std::make_shared<const std::vector<SharedBytes>>(writer.chain_der());
  const std::vector<std::vector<security::ValueVerdict>> verdicts{std::vector<security::ValueVerdict>(
      kind_data.values.size(), {certificate, writer.node_id(), {}, chain->empty() ? nullptr : chain})};
  const std::vector<wire::StoreKindData> kinds{std::move(kind_data)};
  IncomingStore incoming;
  incoming.resource = resource;
  incoming.kinds = &kinds;
  incoming.verdicts = &verdicts;
  incoming.requester = {certificate->user_name(), writer.node_id()};
  incoming.usage_checks = data_.settings.usage_checks.get();
  const Waiting waiting{std::nullopt, call};
  auto refused = run(now, incoming, waiting, out);
  if (refused) finish(waiting, std::move(*refused), out);
}

void Holder::adopt(const Now& now, const Adopt& adopt, StorageOutputs& out) {
  if (adopt.fetched == nullptr || !adopt.fetched->fetch) return;
  std::vector<wire::StoreKindData> kinds;
  std::vector<std::vector<security::ValueVerdict>> verdicts;
  const auto& responses = adopt.fetched->fetch->kind_responses;
  for (std::size_t i = 0; i < responses.size() && i < adopt.fetched->verdicts.size(); ++i) {
    const auto& response = responses[i];
    wire::StoreKindData kind;
    kind.kind = response.kind;
    kind.generation_counter = response.generation_counter;
    kind.unknown_kind = response.unknown_kind;
    std::vector<security::ValueVerdict> good;
    for (std::size_t v = 0; v < response.values.size() && v < adopt.fetched->verdicts[i].size(); ++v) {
      const auto& signer = adopt.fetched->verdicts[i][v].signer;
      if (signer == nullptr || data_.configuration->is_revoked(*signer)) continue;
      kind.values.push_back(response.values[v]);
      good.push_back(adopt.fetched->verdicts[i][v]);
    }
    kinds.push_back(std::move(kind));
    verdicts.push_back(std::move(good));
  }
  IncomingStore incoming;
  incoming.resource = adopt.resource;
  incoming.mode = StoreMode::adopt;
  incoming.kinds = &kinds;
  incoming.verdicts = &verdicts;
  // A refusal leaves everything as it is: what was offered is not acceptable.
  (void)run(now, incoming, {}, out);
}

std::optional<Refusal> Holder::run(const Now& now, const IncomingStore& incoming, Waiting waiting,
                                   StorageOutputs& out) {
  if (pending_.size() >= data_.settings.max_pending_requests) {
    ++data_.statistics.stores_refused;
    return refuse(ErrorCode::request_timeout, "too many Stores are waiting here: try again later");
  }
  if (auto refused = check_subscriptions(incoming)) {
    ++data_.statistics.stores_refused;
    return refused;
  }
  if (auto waits = wait_for_copies(now, incoming)) {
    ++data_.statistics.stores_refused;
    return waits;
  }
  if (compares_with_what_may_lack(now, incoming)) {
    ++data_.statistics.stores_refused;
    return lacks();
  }
  auto accepted = check_store(*data_.configuration, data_.cache, now.wall_ms, incoming);
  if (!accepted) {
    ++data_.statistics.stores_refused;
    for (const auto& verdicts : *incoming.verdicts)
      for (const auto& verdict : verdicts)
        if (is_of_revoked(verdict, *data_.configuration)) ++data_.statistics.revoked_values;
    return accepted.error();
  }
  ++data_.statistics.stores_accepted;
  const std::uint64_t token = ++last_token_;
  PendingStore pending;
  pending.waiting = waiting;
  pending.copied = incoming.mode != StoreMode::original;
  // What others bring to the responsible peer goes on to the other holders; whoever has brought it may drop
  // its own copy then.
  const bool news = std::any_of(accepted->kinds.begin(), accepted->kinds.end(),
                                [](const AcceptedKind& kind) { return kind.changed; });
  const bool replicate =
      incoming.mode == StoreMode::original ||
      (data_.view->responsible_for(incoming.resource) && (incoming.mode == StoreMode::adopt || news));
  if (replicate) pending.replicate = Replicate{token, incoming.resource, {}, {}};
  for (const AcceptedKind& kind : accepted->kinds) {
    pending.answer.kind_responses.push_back({kind.at.kind, kind.generation_told, {}});
    if (!replicate) continue;
    pending.replicate->generations.emplace_back(kind.at, kind.state->generation_counter);
    for (const RecordPtr& record : kind.records) pending.replicate->records.emplace_back(kind.at, record);
  }
  if (incoming.mode == StoreMode::original) {
    pending.resource = incoming.resource;
    for (const AcceptedKind& kind : accepted->kinds)
      for (const RecordPtr& record : kind.records) pending.written.emplace_back(kind.at, record);
    writes_.emplace(incoming.resource, token);
  } else {
    note_overtaken(incoming.resource, *accepted);
  }
  note_changes(token, incoming.mode, *accepted);
  commit(token, std::move(pending), std::move(*accepted), out);
  return std::nullopt;
}

// A node may not make this peer notify it of everything.
std::optional<Refusal> Holder::check_subscriptions(const IncomingStore& incoming) const {
  if (incoming.mode != StoreMode::original) return std::nullopt;
  for (const wire::StoreKindData& kind : *incoming.kinds) {
    if (kind.kind != config::k_subscription) continue;
    const bool adds = std::any_of(kind.values.begin(), kind.values.end(),
                                  [](const auto& value) { return value.value.data.exists; });
    if (adds && !data_.subscriptions.admits(incoming.resource, incoming.requester.node))
      return refuse(ErrorCode::data_too_large, "this peer keeps no more subscriptions of that node");
  }
  return std::nullopt;
}

// What a writer's Store would replace is damaged: its generation and storage_time, against which the Store is
// to be checked (RFC 6940 §7.4.1.1), are what the replicas have. A copy needs no such check: the newest wins.
std::optional<Refusal> Holder::wait_for_copies(const Now& now, const IncomingStore& incoming) {
  if (incoming.mode != StoreMode::original || !data_.may_be_elsewhere()) return std::nullopt;
  for (const wire::StoreKindData& kind : *incoming.kinds) {
    const KindAt at{incoming.resource, kind.kind};
    if (data_.configuration->kinds.find(kind.kind) == nullptr) continue;
    const auto state = data_.cache.newest(at);
    if (!state || !(*state)->damage || !data_.damaged.writes_wait(now.mono, at)) continue;
    const bool hidden = std::any_of(kind.values.begin(), kind.values.end(), [&](const auto& value) {
      return (*state)->hides(item_key_of(value.value));
    });
    if (hidden || (*state)->damage->generation)
      return refuse(ErrorCode::request_timeout,
                    "what it would replace is damaged on the disk here, and is "
                    "being fetched from the replicas: try again");
  }
  return std::nullopt;
}

// The generation that the writer has seen may be at others.
bool Holder::compares_with_what_may_lack(const Now& now, const IncomingStore& incoming) {
  if (incoming.mode != StoreMode::original || !data_.newly_held.may_lack(now, incoming.resource))
    return false;
  return std::any_of(incoming.kinds->begin(), incoming.kinds->end(), [&](const wire::StoreKindData& kind) {
    if (kind.generation_counter == 0 || kind.unknown_kind) return false;
    const auto state = data_.cache.newest({incoming.resource, kind.kind});
    return state && !any_alive((*state)->records, now.wall_ms);
  });
}

// A peer that had lacked an item accepts what is older than its replicas' copies. When it gets those its
// writer has to be told: nobody will read what was written (STORE-45).
void Holder::note_overtaken(const ResourceId& resource, const AcceptedStore& accepted) {
  const auto has = [](const Records& records, const wire::StoredData& value) {
    const auto present = data::find(records, value.value);
    return present != records.end() && same_signed((*present)->stored, value);
  };
  const auto [begin, end] = writes_.equal_range(resource);
  for (auto at = begin; at != end; ++at) {
    PendingStore& pending = pending_.at(at->second);
    for (const AcceptedKind& kind : accepted.kinds) {
      const auto before = data_.cache.newest(kind.at);
      if (!kind.changed || !before) continue;
      for (const auto& [kind_at, mine] : pending.written)
        if (kind_at == kind.at && has((*before)->records, mine->stored) &&
            !has(kind.state->records, mine->stored))
          pending.overtaken = true;
    }
  }
}

void Holder::note_changes(std::uint64_t token, StoreMode mode, const AcceptedStore& accepted) {
  for (const AcceptedKind& kind : accepted.kinds) {
    // Who watches is asked when it is answered: a subscription may become known meanwhile.
    if (!kind.changed || kind.at.kind == config::k_subscription) continue;
    // Only a writer's Store makes exactly one generation; what copies bring may be many changes at once.
    const bool one = mode == StoreMode::original;
    changes_.begin(token, {kind.at, kind.state->generation_counter, one ? kind.records : Records{}});
  }
}

void Holder::commit(std::uint64_t token, PendingStore pending, AcceptedStore accepted, StorageOutputs& out) {
  // A repetition changes nothing, but its answer must not leave before what it repeats is durable.
  const bool wait = std::any_of(accepted.kinds.begin(), accepted.kinds.end(), [&](const AcceptedKind& kind) {
    return kind.changed || data_.cache.has_pending(kind.at);
  });
  if (!wait) {
    auto& stored = pending_[token] = std::move(pending);
    after_commit(token, stored, out);
    return;
  }
  WriteBatch batch;
  for (const KeptSigner& signer : accepted.signers) {
    if (auto keep = data_.certificates.keep(signer.certificate, signer.chain, signer.until_ms))
      batch.push_back(std::move(*keep));
  }
  for (const AcceptedKind& kind : accepted.kinds) {
    data_.cache.add_pending(kind.at, token, kind.state);
    pending.unsettled.push_back(kind.at);
  }
  std::move(accepted.batch.begin(), accepted.batch.end(), std::back_inserter(batch));
  pending_[token] = std::move(pending);
  out.emplace_back(Commit{token, std::move(batch)});
}

void Holder::committed(const Committed& outcome, StorageOutputs& out) {
  const auto found = pending_.find(outcome.token);
  if (found == pending_.end()) return;
  bool good = outcome.ok;
  for (const KindAt& at : found->second.unsettled) {
    good = data_.cache.settle(at, outcome.token, outcome.ok) && good;
    if (at.kind == config::k_subscription) subscribed_.push_back({at.resource, found->second.copied});
  }
  found->second.unsettled.clear();
  if (!good) {
    data_.certificates.forget_kept();
    const Waiting waiting = found->second.waiting;
    erase(outcome.token);
    changes_.end(outcome.token, false);
    finish(waiting, refuse(ErrorCode::request_timeout, "this peer could not write: " + outcome.reason), out);
    return;
  }
  after_commit(outcome.token, found->second, out);
}

void Holder::after_commit(std::uint64_t token, PendingStore& pending, StorageOutputs& out) {
  if (pending.replicate) {
    out.emplace_back(std::move(*pending.replicate));
    pending.replicate.reset();
    return;
  }
  changes_.end(token, true);
  finish(pending, out);
  erase(token);
}

void Holder::erase(std::uint64_t token) {
  const auto found = pending_.find(token);
  const auto [begin, end] = writes_.equal_range(found->second.resource);
  const auto write = std::find_if(begin, end, [&](const auto& one) { return one.second == token; });
  if (write != end) writes_.erase(write);
  pending_.erase(found);
}

void Holder::replicated(const Replicated& outcome, StorageOutputs& out) {
  const auto found = pending_.find(outcome.token);
  if (found == pending_.end()) return;
  changes_.end(outcome.token, true);  // without all its copies it is there for readers all the same
  if (found->second.overtaken) {
    finish(found->second.waiting, refuse(ErrorCode::data_too_old, "a newer value is stored"), out);
  } else if (outcome.complete) {
    for (auto& response : found->second.answer.kind_responses) response.replicas = outcome.holders;
    finish(found->second, out);
  } else {
    // It stays, and the copies are still being made; but nobody may rely on them yet (TOPO-35).
    finish(found->second.waiting,
           refuse(ErrorCode::request_timeout, "not every replica has it on disk yet: store it again"), out);
  }
  erase(outcome.token);
}

void Holder::drop(const Now& now, const DropKinds& kinds, StorageOutputs& out) {
  // The ring may have changed since: what belongs here stays, and so does what is being written.
  std::vector<KindAt> gone;
  for (const KindAt& at : kinds.kinds)
    if (!data_.view->replica_position(at.resource) && !partings_.keeps(now, at.resource)) gone.push_back(at);
  (void)forget(gone, out);
}

bool Holder::forget(const std::vector<KindAt>& kinds, StorageOutputs& out) {
  WriteBatch batch;
  PendingStore pending;
  const std::uint64_t token = ++last_token_;
  bool all = true;
  for (const KindAt& at : kinds) {
    if (data_.cache.has_pending(at)) {
      all = false;
      continue;
    }
    data_.cache.add_pending(at, token, std::make_shared<const KindState>());
    pending.unsettled.push_back(at);
    batch.emplace_back(DropKind{at});
  }
  if (batch.empty()) return all;
  pending_[token] = std::move(pending);
  out.emplace_back(Commit{token, std::move(batch)});
  return all;
}

void Holder::give_up(const Now& now, const std::vector<KindAt>& kinds, StorageOutputs& out) {
  WriteBatch batch;
  PendingStore pending;
  const std::uint64_t token = ++last_token_;
  for (const KindAt& at : kinds) {
    if (data_.cache.has_pending(at)) continue;
    const auto found = data_.cache.committed(at);
    if (!found || !(*found)->damage) continue;
    // The responsible peer alone makes one up, when none of its replicas knows it, and gives it to them: what
    // they made up would go round instead of the one that another replica still has.
    const bool is_lost = (*found)->damage->generation;
    if (is_lost && !data_.view->responsible_for(at.resource)) continue;
    auto left = std::make_shared<KindState>(**found);
    left->damage.reset();
    if (is_lost) left->generation_counter = generation_after_loss(now.wall_ms);
    batch.emplace_back(DropKind{at});
    for (const RecordPtr& record : left->records) batch.emplace_back(PutRecord{at, record});
    if (left->generation_counter != 0) batch.emplace_back(SetGeneration{at, left->generation_counter});
    data_.cache.add_pending(at, token, std::move(left));
    pending.unsettled.push_back(at);
  }
  if (batch.empty()) return;
  pending_[token] = std::move(pending);
  out.emplace_back(Commit{token, std::move(batch)});
}

AnswerResult Holder::read(const Now& now, const security::InspectedMessage& message) {
  const bool is_fetch = message.message.contents.code == MessageCode::fetch_req;
  ++(is_fetch ? data_.statistics.fetches : data_.statistics.stats);
  // FetchReq and StatReq are laid out alike (RFC 6940 §7.4.3.1).
  auto request = wire::decode<wire::FetchReq>(message.message.contents.body, &data_.configuration->kinds);
  if (!request) return refuse(ErrorCode::invalid_message, request.error().reason);
  const auto resource = resource_of(request->resource);
  if (!resource) return wrong_resource();
  const auto& header = message.message.header;
  const bool by_node = names_this_peer(header);
  if (!by_node && !data_.view->responsible_for(*resource)) return not_responsible();
  if (may_lack(now, *resource, request->specifiers, by_node)) return lacks();
  if (hidden(*resource, request->specifiers, by_node)) return damaged();
  std::size_t limit = data_.configuration->max_message_size_bytes;
  if (header.max_response_length != 0) limit = std::min<std::size_t>(limit, header.max_response_length);
  const std::size_t budget = message_budget_bytes(limit, *data_.signer);
  const Shelves shelves{*data_.configuration, data_.cache, data_.certificates, now.wall_ms,
                        data_.statistics.revoked_values};
  return is_fetch ? answer_fetch(shelves, *resource, request->specifiers, budget)
                  : answer_stat(shelves, *resource, request->specifiers, budget);
}

// By its Node-ID a peer is asked for several keys by another one that has seen them here: some may have been
// removed since.
bool Holder::may_lack(const Now& now, const ResourceId& resource,
                      const std::vector<wire::StoredDataSpecifier>& specifiers, bool by_node) {
  if (!data_.newly_held.may_lack(now, resource)) return false;
  return std::any_of(specifiers.begin(), specifiers.end(), [&](const wire::StoredDataSpecifier& wanted) {
    if (wanted.unknown_kind || wanted.model != wire::DataModel::dictionary) return false;
    const auto state = data_.cache.committed({resource, wanted.kind});
    if (!state) return false;
    const Records& records = (*state)->records;
    if (wanted.keys.empty()) return !any_alive(records, now.wall_ms);
    const auto missing = [&](const Bytes& key) {
      const auto found = find_key(records, key);
      return found == records.end() || !(*found)->alive_at(now.wall_ms);
    };
    return by_node ? std::all_of(wanted.keys.begin(), wanted.keys.end(), missing)
                   : std::any_of(wanted.keys.begin(), wanted.keys.end(), missing);
  });
}

// Whoever asks becomes careful, and asks the other holders. Where only the counter is damaged the values are
// shown to who asks each holder: they may be the last.
bool Holder::hidden(const ResourceId& resource, const std::vector<wire::StoredDataSpecifier>& specifiers,
                    bool by_node) {
  if (!data_.may_be_elsewhere()) return false;
  return std::any_of(specifiers.begin(), specifiers.end(), [&](const wire::StoredDataSpecifier& wanted) {
    if (wanted.unknown_kind) return false;
    const KindAt at{resource, wanted.kind};
    const auto state = data_.cache.committed(at);
    if (!state) return true;  // the disk cannot be read now
    if (!(*state)->damage) return false;
    return hides_any_of(**state, wanted) || (!by_node && (*state)->damage->generation);
  });
}

AnswerResult Holder::find(const Now& now, const security::InspectedMessage& message) {
  ++data_.statistics.finds;
  const auto request =
      wire::decode<wire::FindReq>(message.message.contents.body, &data_.configuration->kinds);
  if (!request) return refuse(ErrorCode::invalid_message, request.error().reason);
  const auto resource = resource_of(request->resource);
  if (!resource) return wrong_resource();
  if (!data_.view->responsible_for(*resource)) return not_responsible();
  const Shelves shelves{*data_.configuration, data_.cache, data_.certificates, now.wall_ms,
                        data_.statistics.revoked_values};
  return answer_find(shelves, *data_.store, *request, data_.view->self);
}

void Holder::finish(PendingStore& pending, StorageOutputs& out) {
  if (pending.waiting.request) {
    out.emplace_back(routing::SendAnswer{
        *pending.waiting.request, MessageCode::store_ans, SharedBytes{wire::encode(pending.answer)}, {}});
  }
  if (pending.waiting.call) outcomes_.push_back({*pending.waiting.call, std::move(pending.answer)});
}

void Holder::finish(const Waiting& waiting, Refusal refusal, StorageOutputs& out) {
  if (waiting.call) outcomes_.push_back({*waiting.call, refusal});
  if (waiting.request) out.emplace_back(error_answer(*waiting.request, std::move(refusal)));
}

}  // namespace ringway::data

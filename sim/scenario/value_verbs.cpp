#include <memory>
#include <set>

#include "reload/wire/bodies.hpp"
#include "sim/scenario/readings.hpp"
#include "sim/scenario/verbs.hpp"

namespace ringway::sim::verbs {

namespace {

constexpr std::size_t k_writes_at_once = 64;
constexpr std::size_t k_lookups_at_once = 256;
constexpr Duration k_write_limit{5 * 60'000};

// A value that is to be written, by one writer.
struct Errand {
  std::string key;
  PeerNumber writer = 0;
  bool may_change_writer = true;
  std::string last_answer = "none";
};
using ErrandList = std::vector<std::shared_ptr<Errand>>;

std::string said(const data::CallResult* result) {
  const auto* failure = result == nullptr ? nullptr : std::get_if<data::CallFailure>(result);
  if (failure == nullptr) return "no answer";
  return "error " + std::to_string(static_cast<int>(failure->error)) + ": " + failure->message;
}

void write(Stage& stage, const std::shared_ptr<Errand>& errand, ErrandList& again, std::size_t& open) {
  const PeerNumber writer = errand->writer;
  const std::uint64_t attempt =
      stage.ledger().attempt(errand->key, stage.simulation().peer(writer).node_id());
  data::PutCall call;
  call.key = errand->key;
  call.value = Ledger::content(errand->key, attempt);
  ++stage.measured().puts.total;
  stage.errands().call(writer, std::move(call), [=, &stage, &again, &open](const data::CallResult* result) {
    if (result != nullptr && std::holds_alternative<data::PutResult>(*result)) {
      ++stage.measured().puts.ok;
      --open;
      return stage.acknowledged(errand->key, writer, attempt);
    }
    errand->last_answer = said(result);
    again.push_back(errand);
  });
}

// Each is tried until it is acknowledged, by another peer when its writer has gone or cannot.
void write_all(Stage& stage, ErrandList waiting) {
  std::size_t open = waiting.size();
  ErrandList again;
  const auto all_written = [&] {
    while (!waiting.empty() && stage.errands().under_way() < k_writes_at_once) {
      write(stage, waiting.back(), again, open);
      waiting.pop_back();
    }
    for (auto& errand : std::exchange(again, {})) {
      const bool gone = !stage.simulation().peer(errand->writer).alive();
      if (gone && !errand->may_change_writer) {
        --open;  // nobody else can change that entry
        continue;
      }
      if (errand->may_change_writer) errand->writer = stage.anyone();
      waiting.push_back(errand);
    }
    return open == 0;
  };
  if (stage.pass(k_write_limit, all_written)) return;
  const ErrandList& left = waiting.empty() ? again : waiting;
  const std::string example = left.empty() ? "" : ": " + left[0]->key + ", " + left[0]->last_answer;
  stage.violate(Law::calls_answered, std::to_string(open) + " writes are not acknowledged" + example);
  // What is still under way must find its place.
  stage.pass(Duration{2 * Errands::k_patience_ms}, [&] { return stage.errands().under_way() == 0; });
}

}  // namespace

void put(Stage& stage, const Statement& statement) {
  ErrandList errands;
  for (std::size_t i = 0; i < statement.count(); ++i) {
    errands.push_back(std::make_shared<Errand>());
    errands.back()->key = "shared/value-" + std::to_string(stage.next_key());
    errands.back()->writer = stage.anyone();
  }
  write_all(stage, std::move(errands));
}

void put_large(Stage& stage, const Statement& statement) {
  constexpr std::size_t k_writers = 4;
  ErrandList errands;
  for (std::size_t i = 0; i < statement.count(); ++i) {
    const std::string key = Ledger::k_large_keys + std::to_string(stage.next_key());
    for (const PeerNumber writer : stage.some(k_writers))
      errands.push_back(std::make_shared<Errand>(Errand{key, writer, true, "none"}));
  }
  write_all(stage, std::move(errands));
}

void change(Stage& stage, const Statement& statement) {
  const auto keys = stage.ledger().acknowledged_keys();
  std::set<std::size_t> chosen;
  ErrandList errands;
  for (std::size_t i = 0; i < statement.count() && chosen.size() < keys.size(); ++i) {
    const std::size_t at = stage.random().below(keys.size());
    if (!chosen.insert(at).second) continue;
    for (const auto& [node, entry] : stage.ledger().entries().at(keys[at])) {
      const auto writer = stage.living_with(node);
      if (!writer || entry.acknowledged == 0) continue;
      errands.push_back(std::make_shared<Errand>(Errand{keys[at], *writer, false, "none"}));
      break;
    }
  }
  write_all(stage, std::move(errands));
}

void get(Stage& stage, const Statement&) { read_values(stage, stage.ledger().acknowledged_keys(), {}); }

void watch(Stage& stage, const Statement& statement) {
  const auto keys = stage.ledger().acknowledged_keys();
  for (std::size_t i = 0; i < statement.count() && !keys.empty(); ++i)
    stage.watchers().watch(stage.anyone(), keys[stage.random().below(keys.size())]);
}

void read_one(Stage& stage, const Statement&) { stage.read_with(data::Consistency::one); }
void read_quorum(Stage& stage, const Statement&) { stage.read_with(data::Consistency::quorum); }
void read_disjoint(Stage& stage, const Statement&) { stage.read_with(data::Consistency::disjoint); }

void begin_lookup(Stage& stage) {
  RingId point;
  for (auto& byte : point.bytes) byte = static_cast<std::uint8_t>(stage.random().below(256));
  const PeerNumber from = stage.anyone();
  const PeerNumber responsible = stage.responsible_for(point);
  const NodeId self = stage.simulation().peer(from).node_id();
  const NodeId expected = stage.simulation().peer(responsible).node_id();
  const std::int64_t since_ms = stage.now_ms();
  routing::SendRequest request;
  request.destination = {wire::to_resource(point)};
  request.code = wire::MessageCode::ping_req;
  request.body = SharedBytes(wire::encode(wire::PingReq{}));
  ++stage.measured().lookups.total;
  stage.errands().request(from, std::move(request), [=, &stage](const routing::RequestDone* done) {
    const auto* answer = done == nullptr
                             ? nullptr
                             : std::get_if<std::shared_ptr<const security::InspectedMessage>>(&done->outcome);
    if (answer == nullptr) return;
    const NodeId& by = (*answer)->signer_node;
    // While the lookup was under way another may have become responsible.
    const NodeId now_expected = stage.simulation().peer(stage.responsible_for(point)).node_id();
    if (by == expected || by == now_expected) ++stage.measured().lookups.ok;
    const int initial_ttl = stage.simulation().configuration()->initial_ttl;
    stage.measured().hops.add(by == self ? 0 : initial_ttl - (*answer)->message.header.ttl + 1);
    stage.measured().latency_ms.add(static_cast<double>(stage.now_ms() - since_ms));
  });
}

void look_up(Stage& stage, const Statement& statement) {
  const std::uint64_t before = stage.simulation().network().counters().messages;
  std::size_t left = statement.count();
  stage.pass(Duration{24 * 3'600'000}, [&] {
    while (left > 0 && stage.errands().under_way() < k_lookups_at_once) {
      begin_lookup(stage);
      --left;
    }
    return left == 0 && stage.errands().under_way() == 0;
  });
  if (statement.count() == 0) return;
  stage.measured().messages_per_lookup =
      static_cast<double>(stage.simulation().network().counters().messages - before) /
      static_cast<double>(statement.count());
}

}  // namespace ringway::sim::verbs

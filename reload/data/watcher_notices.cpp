// What the responsible peers tell (watcher.hpp).
#include <algorithm>

#include "reload/data/access_control.hpp"
#include "reload/data/watcher.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_at_once{0};
// Anybody may open a channel and say so; only who is known to be responsible is heeded at once. Further hints
// of one node wait for each other, up to a time within which each key is read anyway.
constexpr Duration k_hint_of_others{500};
constexpr Duration k_between_hints{200};
constexpr Duration k_longest_wait{200'000};
constexpr Duration k_disproved_for{30'000};

}  // namespace

// Acknowledged when it is taken: what is lost afterwards is lost with this peer's memory, or read again. So
// is what nobody watches any more: whoever watches it next reads first, and must not wait behind it.
void Watcher::notice(const Now& now, const NodeId& from, NumberedNotice notice, StorageOutputs& out) {
  Seen* seen = session_of(from, notice);
  if (seen == nullptr) return;
  const bool next = notice.number == seen->number + 1;
  if (next) seen->number = notice.number;
  out.emplace_back(
      routing::SendOnChannel{routing::Application::watch, from, SharedBytes{encode_seen(*seen)}});
  if (!next) return;  // came before, or one before it is missing
  take(now, from, std::move(notice.notice), std::nullopt, out);
  drop_ended(now, out);
}

// Null: it is of no session that is known here. An older session's are repeated under the present one. One
// that does not begin at its begin has lost something: its sender repeats it from there.
Seen* Watcher::session_of(const NodeId& from, const NumberedNotice& notice) {
  const auto known = sessions_.find(from);
  if (known != sessions_.end() && known->second.session == notice.session) return &known->second;
  if (notice.number != 1) return nullptr;
  if (known != sessions_.end()) {
    if (notice.session < known->second.session) return nullptr;
    known->second = {notice.session, 0};
    return &known->second;
  }
  if (sessions_.size() >= k_max_notifying_nodes) {
    std::set<NodeId> holders;
    for (const auto& [key, subject] : subjects_) holders.insert(subject.holder);
    std::erase_if(sessions_, [&](const auto& one) { return !holders.contains(one.first); });
  }
  return &sessions_.emplace(from, Seen{notice.session, 0}).first->second;
}

void Watcher::own_notice(const Now& now, Notice notice, std::vector<security::ValueVerdict> verdicts,
                         StorageOutputs& out) {
  take(now, data_.view->self, std::move(notice), std::move(verdicts), out);
  drop_ended(now, out);
}

void Watcher::take(const Now& now, const NodeId& from, Notice notice,
                   std::optional<std::vector<security::ValueVerdict>> verdicts, StorageOutputs& out) {
  // Keys that differ have different Resource-IDs, but for a collision of SHA-1: then each looks.
  for (auto& [key, subject] : subjects_) {
    if (subject.plan.at.resource != notice.resource) continue;
    auto* changed = std::get_if<ValuesChanged>(&notice.what);
    if (from != subject.holder) {
      heed_hint(now, from, subject);
      continue;
    }
    if (changed == nullptr) {
      look_soon(now, subject, k_at_once, true);
      continue;
    }
    if (changed->kind != subject.plan.at.kind) continue;
    subject.notices.push_back({std::move(*changed), 0, std::move(verdicts)});
    if (subject.notices.size() > k_max_waiting_notices) {
      subject.notices.clear();
      look_soon(now, subject, k_at_once, true);
    }
    return use_notices(now, subject, out);
  }
}

bool Watcher::is_nearer(const Subject& subject, const NodeId& node) {
  const ResourceId& resource = subject.plan.at.resource;
  return ring_distance(resource, node) < ring_distance(resource, subject.holder);
}

// Who has never joined, and lies between the key and its holder, is not heeded for every key again and again.
// Who has answered for a key is in the ring.
void Watcher::judge_hints(const Now& now, const Subject& subject, const NodeId& holder) {
  if (holder == k_no_node) return;
  disproved_.erase(holder);
  const NodeId& hinted = subject.vouched;
  if (hinted == k_no_node || hinted == holder || !is_nearer(subject, hinted)) return;
  std::erase_if(disproved_, [&](const auto& one) { return one.second <= now.mono; });
  if (disproved_.size() >= k_max_disproved_nodes) disproved_.erase(disproved_.begin());
  disproved_[hinted] = now.mono + k_disproved_for;
}

// Whoever is responsible by now may say so, and so may anybody else: it costs no more than a read, not many
// of them, and a subscription only where another one answers that read. Whose Node-ID fits, which nobody
// chooses freely, need not wait behind what it says of other keys: who has joined takes over many.
void Watcher::heed_hint(const Now& now, const NodeId& from, Subject& subject) {
  // A successor that has taken over is further from the key than the holder was, but it has answered for it.
  const bool awaited = subject.awaited_hint && subject.awaited_hint->from == from;
  if (awaited) subject.awaited_hint.reset();
  // Else nobody further away hides who is to be judged by the next answer.
  if (awaited || subject.hinted == k_no_node || is_nearer(subject, from) ||
      !is_nearer(subject, subject.hinted))
    subject.hinted = from;
  if (awaited || from == data_.view->self) return look_soon(now, subject, k_at_once, true);
  const auto disproved = disproved_.find(from);
  if (is_nearer(subject, from) && (disproved == disproved_.end() || disproved->second <= now.mono))
    return look_soon(now, subject, k_hint_of_others, true);
  const auto known = hinting_.find(from);
  MonoTime at = now.mono + k_hint_of_others;
  if (known != hinting_.end()) at = std::max(at, known->second);
  // One look does for all that were said before it.
  const bool waits = subject.busy() ? subject.look_after : subject.due && *subject.due <= at;
  if (waits) return;
  if (known == hinting_.end() && hinting_.size() >= k_max_hinting_nodes) {
    std::erase_if(hinting_, [&](const auto& one) { return one.second <= now.mono; });
    if (hinting_.size() >= k_max_hinting_nodes) return;
  }
  if (at - now.mono > k_longest_wait) return;
  hinting_[from] = at + k_between_hints;
  look_soon(now, subject, at - now.mono, false);
}

// In order of their generations, as far as they go; what is missing is read.
void Watcher::use_notices(const Now& now, Subject& subject, StorageOutputs& out) {
  if (!subject.state || subject.checking != 0 || (subject.busy() && subject.adopting)) return;
  while (!subject.notices.empty()) {
    WaitingNotice& first = subject.notices.front();
    const std::uint64_t known = subject.state->generation();
    if (first.changed.generation <= known) {
      subject.notices.pop_front();
      continue;
    }
    if (first.changed.generation != known + 1) {
      subject.notices.clear();
      return look_soon(now, subject, k_at_once, true);
    }
    if (!first.verdicts) {
      subject.checking = first.ticket = next_number();
      numbers_[subject.checking] = subject.key;
      out.emplace_back(
          CheckValues{subject.checking, subject.plan.at.resource, first.changed.kind,
                      std::make_shared<const std::vector<wire::StoredData>>(first.changed.values),
                      first.changed.certificates});
      return;
    }
    const WaitingNotice notice = std::move(first);
    subject.notices.pop_front();
    if (!apply(now, subject, notice, out)) {
      ++data_.statistics.notices_dropped;
      subject.notices.clear();
      return look_soon(now, subject, k_at_once, true);
    }
    if (subject.watches.empty()) return;
  }
}

void Watcher::checked(const Now& now, ValuesChecked checked, StorageOutputs& out) {
  Subject* subject = subject_of(checked.ticket);
  if (subject == nullptr) return;
  subject->checking = 0;
  // What was checked may have been thrown away meanwhile: the verdicts are of those values and no others.
  if (!subject->notices.empty() && subject->notices.front().ticket == checked.ticket)
    subject->notices.front().verdicts = std::move(checked.verdicts);
  use_notices(now, *subject, out);
  drop_ended(now, out);
}

// False when a value is not acceptable (RFC 6940 §7.4.2.2): then what is really there is read.
bool Watcher::apply(const Now& now, Subject& subject, const WaitingNotice& notice, StorageOutputs& out) {
  const auto* kind = data_.configuration->kinds.find(notice.changed.kind);
  if (kind == nullptr || notice.verdicts->size() != notice.changed.values.size()) return false;
  WatchedState state = *subject.state;
  for (std::size_t i = 0; i < notice.changed.values.size(); ++i) {
    const wire::StoredData& value = notice.changed.values[i];
    const security::ValueVerdict& verdict = (*notice.verdicts)[i];
    if (verdict.signer == nullptr || data_.configuration->is_revoked(*verdict.signer)) return false;
    const Writer writer{verdict.signer->user_name(), verdict.signer_node};
    if (!check_writer(*kind, subject.plan.at.resource, writer, value.value).ok()) return false;
    const auto entry = entry_of(subject.plan, value.value.key);
    if (!entry) continue;  // of a name that differs
    state = state.with(kind->kind == config::k_shared_value, *entry, value, verdict, now.wall_ms);
  }
  state.set_generation(notice.changed.generation);
  set_state(now, subject, std::move(state), false, out);
  return true;
}

}  // namespace ringway::data

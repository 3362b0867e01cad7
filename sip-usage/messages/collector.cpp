#include "sip-usage/messages/collector.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/messages/letter.hpp"
#include "sip-usage/messages/opening.hpp"

namespace ringway::sip::messages {

namespace {

WallMs ms_of(Duration duration) { return static_cast<WallMs>(duration.count()); }

// What a phone's answer means for the message. Whatever is not listed, it says of this message, and would
// again.
enum class Meaning {
  taken,
  refused,
  for_later,  // nobody has seen it: phones that are gone, or busy, or in trouble, or have no MESSAGE at all
  unfit_for_here  // this phone cannot show such a message; another device may
};
Meaning meaning_of(std::optional<unsigned> status) {
  static constexpr std::array k_later{401U, 404U, 405U, 407U, 408U, 430U, 480U, 486U, 487U, 600U};
  static constexpr std::array k_unfit{406U, 413U, 415U, 416U, 420U, 421U, 488U, 493U, 513U, 606U};
  const auto is_one_of = [&status](const auto& list) {
    return std::find(list.begin(), list.end(), *status) != list.end();
  };
  if (!status || is_one_of(k_later)) return Meaning::for_later;
  if (*status < 300) return Meaning::taken;
  if (is_one_of(k_unfit)) return Meaning::unfit_for_here;
  return *status >= 500 && *status < 600 ? Meaning::for_later : Meaning::refused;
}

}  // namespace

Collector::Collector(std::vector<OwnUser> users) { use_users({}, std::move(users)); }

void Collector::use_users(Now now, std::vector<OwnUser> users) {
  std::map<Aor, User> before = std::exchange(users_, {});
  for (OwnUser& each : users) {
    const Aor aor = each.aor;
    auto known = before.extract(aor);
    User& user = known ? users_.insert(std::move(known)).position->second : users_[aor];
    user.mailbox = mailbox_of(aor).value_or("");
    user.unopened.clear();  // another key may open it
    user.own = std::move(each);
  }
  for (auto& [aor, user] : before) forget(user);
  std::erase_if(waiting_, [this](const Aor& aor) { return !users_.contains(aor); });
  serve_waiting(now);
}

void Collector::forget(User& user) {
  if (user.queued_at) wakes_.erase({*user.queued_at, user.own.aor});
  if (user.stage == Stage::idle) return;
  asked_.erase(user.call);
  delivering_.erase(user.delivery);
  --collecting_;
}

// ---- when to look

void Collector::on_registered(Now now, const Aor& aor) {
  const auto found = users_.find(aor);
  if (found == users_.end() || found->second.mailbox.empty()) return;
  User& user = found->second;
  if (!user.is_here) {
    user.came_at = now.mono;
    user.unopened.clear();  // another phone may show it
  }
  user.is_here = true;
  user.wants_again = user.stage != Stage::idle;
  if (user.wants_again || user.is_waiting) return;
  const MonoTime soonest = user.last_look ? *user.last_look + k_shortest_between_looks : now.mono;
  plan_look(user, std::max(now.mono, soonest));
  if (soonest <= now.mono) look(now, user);
}

void Collector::on_gone(Now /*now*/, const Aor& aor) {
  const auto found = users_.find(aor);
  if (found == users_.end()) return;
  User& user = found->second;
  user.is_here = user.wants_again = false;
  if (!user.has_unwritten) user.look_at.reset();
  queue(user);
}

void Collector::plan_look(User& user, MonoTime at) {
  if (!user.look_at || at < *user.look_at) user.look_at = at;
  queue(user);
}

void Collector::look(Now now, User& user) {
  user.look_at.reset();
  if (collecting_ >= k_max_collecting) {
    user.is_waiting = true;
    waiting_.push_back(user.own.aor);
    return queue(user);
  }
  ++collecting_;
  user.last_look = now.mono;
  user.attempts = 0;
  // From one holder: only then what does not fit into a message is read in parts. What it lacks comes later.
  ask(now, user, Stage::reading_mailbox,
      data::GetCall{user.mailbox, std::nullopt, data::Consistency::one, k_mailbox});
}

void Collector::serve_waiting(Now now) {
  while (!waiting_.empty() && collecting_ < k_max_collecting) {
    User& user = users_.at(waiting_.front());
    waiting_.pop_front();
    user.is_waiting = false;
    if (user.is_here || user.has_unwritten) look(now, user);
  }
}

void Collector::ask(Now now, User& user, Stage stage, data::Call call) {
  user.stage = stage;
  user.call = CallId{++last_call_};
  user.deadline = now.mono + k_call_time;
  asked_.emplace(user.call, user.own.aor);
  outputs_.emplace_back(AskOverlay{user.call, std::move(call)});
  queue(user);
}

void Collector::on_call(Now now, CallId id, const data::CallResult& result) {
  const auto asked = asked_.extract(id);
  if (!asked) return;
  User& user = users_.at(asked.mapped());
  user.deadline.reset();
  switch (user.stage) {
    case Stage::reading_mailbox:
      read_mailbox(now, user, result);
      break;
    case Stage::reading_received:
      read_received(now, user, result);
      break;
    case Stage::preparing:
      if (std::holds_alternative<data::PutResult>(result)) {
        ask_received(now, user);
      } else {
        fail(now, user);
      }
      break;
    case Stage::writing:
      on_written(now, user, result);
      break;
    case Stage::idle:
    case Stage::delivering:
      break;
  }
}

// ---- what is there

void Collector::read_mailbox(Now now, User& user, const data::CallResult& result) {
  const auto* got = std::get_if<data::GetResult>(&result);
  if (got == nullptr) {
    const auto* failure = std::get_if<data::CallFailure>(&result);
    // Nothing is there, or the overlay has no such Kind.
    const bool is_empty = failure != nullptr && (failure->error == data::CallError::not_found ||
                                                 failure->error == data::CallError::failed_precondition);
    if (!is_empty) return fail(now, user);
    user.has_unwritten = false;  // nobody will need it
    return end(now, user, k_between_looks);
  }
  user.seen.drop_ended(now.wall_ms);
  const std::size_t senders = std::min<std::size_t>(got->entries.size(), k_max_senders);
  for (std::size_t i = 0; i < senders; ++i) take_candidates(now, user, got->entries[i]);
  std::stable_sort(user.candidates.begin(), user.candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.message.id < b.message.id; });
  if (user.candidates.empty() && !user.has_unwritten) return end(now, user, k_between_looks);
  ask_received(now, user);
}

// One that says it should wait longer than messages may would outlive what is remembered of it.
void Collector::take_candidates(Now now, User& user, const data::Entry& entry) {
  const auto kept = wire::decode<KeptMessages>(SharedBytes(entry.value));
  if (!kept) return;
  const WallMs last_ms = now.wall_ms + ms_of(k_longest_wait) + ms_of(k_clock_slack);
  for (const KeptMessage& each : kept->messages) {
    if (each.until_ms <= now.wall_ms || each.until_ms > last_ms) continue;
    if (user.seen.has(entry.writer_node, each.id)) continue;
    if (user.unopened.contains({entry.writer_node, each.id}))
      user.skipped.push_back({entry.writer_node, each.id, each.until_ms});
    else
      user.candidates.push_back({entry.writer, entry.writer_node, each});
  }
}

void Collector::ask_received(Now now, User& user) {
  if (++user.attempts > k_max_claim_attempts) return fail(now, user);
  ask(now, user, Stage::reading_received,
      data::GetCall{user.mailbox, std::nullopt, data::Consistency::quorum, 0});
}

void Collector::read_received(Now now, User& user, const data::CallResult& result) {
  user.stored = {};
  user.generation = 0;
  if (const auto* failure = std::get_if<data::CallFailure>(&result)) {
    if (failure->error != data::CallError::not_found) return fail(now, user);
    user.generation = failure->generation;
  } else if (const auto* got = std::get_if<data::GetResult>(&result)) {
    user.generation = got->generation;
    for (const data::Entry& each : got->entries) {
      if (each.entry != k_received_list) continue;
      auto stored = wire::decode<Received>(SharedBytes(each.value));
      if (!stored) return fail(now, user);  // of a later version: it is not this peer's to replace
      user.stored = std::move(*stored);
    }
  }
  if (user.generation == 0) {
    data::PutCall put;
    put.key = user.mailbox;
    put.entry = k_received_first;
    put.value = {1};
    put.lifetime_s = k_shortest_received_lifetime_s;
    put.as_user = user.own.as_user;
    return ask(now, user, Stage::preparing, std::move(put));
  }
  claim(now, user);
}

// ---- once each

bool Collector::is_others(WallMs now_ms, const User& user) const {
  const auto& claim = user.stored.claim;
  return claim && claim->by != user.own.node && claim->until_ms > now_ms;
}

void Collector::claim(Now now, User& user) {
  user.seen.merge(user.stored);
  std::erase_if(user.candidates,
                [&user](const Candidate& each) { return user.seen.has(each.node, each.message.id); });
  if (is_others(now.wall_ms, user)) user.candidates.clear();
  if (wanted(now, user) != user.stored) return write(now, user);
  go_on(now, user);
}

// With a claim as long as something is to be delivered.
Received Collector::wanted(Now now, const User& user) const {
  Received out = user.seen;
  out.claim.reset();
  out.drop_ended(now.wall_ms);
  if (is_others(now.wall_ms, user)) {
    out.claim = user.stored.claim;
  } else if (!user.candidates.empty()) {
    out.claim = Claim{user.own.node, now.wall_ms + ms_of(k_claim_time)};
  }
  return out;
}

void Collector::write(Now now, User& user) {
  user.written = wanted(now, user);
  data::PutCall put;
  put.key = user.mailbox;
  put.entry = k_received_list;
  put.value = wire::encode(user.written);
  put.lifetime_s = user.written.lifetime_s(now.wall_ms);
  put.expected_generation = user.generation;
  put.as_user = user.own.as_user;
  ask(now, user, Stage::writing, std::move(put));
}

void Collector::on_written(Now now, User& user, const data::CallResult& result) {
  if (const auto* put = std::get_if<data::PutResult>(&result)) {
    user.generation = put->generation;
    user.stored = user.written;
    user.has_unwritten = false;
    user.attempts = 0;
    return go_on(now, user);
  }
  const auto* failure = std::get_if<data::CallFailure>(&result);
  if (failure != nullptr && failure->error == data::CallError::aborted) return ask_received(now, user);
  fail(now, user);
}

// ---- delivering

void Collector::go_on(Now now, User& user) {
  if (!user.is_here) user.candidates.clear();
  if (auto request = open_next(now, user)) {
    user.stage = Stage::delivering;
    user.delivery = DeliveryId{++last_delivery_};
    user.deadline = now.mono + k_delivery_time;
    delivering_.emplace(user.delivery, user.own.aor);
    outputs_.emplace_back(Deliver{user.delivery, user.own.aor, std::move(*request)});
    return queue(user);
  }
  if (is_others(now.wall_ms, user)) {
    const WallMs left_ms = user.stored.claim->until_ms - now.wall_ms;
    return end(now, user, Duration(std::min(left_ms, ms_of(k_look_at_others))));
  }
  if (wanted(now, user) != user.stored) return write(now, user);
  end(now, user, k_between_looks);
}

std::optional<Message> Collector::open_next(Now now, User& user) {
  for (; !user.candidates.empty(); user.candidates.pop_front()) {
    const Candidate& next = user.candidates.front();
    if (next.message.until_ms <= now.wall_ms) continue;
    if (auto request = open(user, next)) return request;
  }
  return std::nullopt;
}

std::optional<Message> Collector::open(User& user, const Candidate& candidate) {
  const auto opened = open_letter(user.own, candidate.writer, candidate.node, candidate.message);
  const auto* letter = std::get_if<Letter>(&opened);
  if (letter == nullptr && std::get<NotOpened>(opened) == NotOpened::for_others) {
    ++counters_.unopened;
    leave(user, candidate);
    return std::nullopt;
  }
  auto request = letter != nullptr ? message_of(*letter, user.own.aor) : std::nullopt;
  if (!request) {
    ++counters_.forged;
    note_received(user, candidate);
  }
  return request;
}

void Collector::on_delivered(Now now, DeliveryId id, std::optional<unsigned> status) {
  const auto delivering = delivering_.extract(id);
  if (delivering) answered(now, users_.at(delivering.mapped()), status);
}

void Collector::answered(Now now, User& user, std::optional<unsigned> status) {
  user.deadline.reset();
  const Meaning meaning = meaning_of(status);
  if (meaning == Meaning::for_later) {
    user.candidates.clear();
    return go_on(now, user);
  }
  if (meaning == Meaning::unfit_for_here) {
    ++counters_.unfit;
    leave(user, user.candidates.front());
  } else {
    ++(meaning == Meaning::taken ? counters_.delivered : counters_.refused);
    note_received(user, user.candidates.front());
  }
  user.candidates.pop_front();
  write(now, user);
}

// For the user's other devices.
void Collector::leave(User& user, const Candidate& candidate) {
  if (user.unopened.size() == k_max_unopened) user.unopened.erase(user.unopened.begin());
  user.unopened.insert({candidate.node, candidate.message.id});
  user.skipped.push_back({candidate.node, candidate.message.id, candidate.message.until_ms});
}

// A mark says that all before it are received: only now those that were skipped have to be named.
void Collector::note_received(User& user, const Candidate& candidate) {
  const KeptMessage& message = candidate.message;
  for (const Skipped& each : user.skipped)
    if (each.node == candidate.node && each.id < message.id)
      user.seen.note(each.node, each.id, each.until_ms, false);
  user.seen.note(candidate.node, message.id, message.until_ms, true);
  user.has_unwritten = true;
}

// ---- the end

void Collector::fail(Now now, User& user) {
  ++counters_.failures;
  const unsigned before = user.failures;
  end(now, user, before == 0 ? k_first_look_retry : k_look_retry);
  user.failures = before + 1;
}

void Collector::end(Now now, User& user, Duration until_next_look) {
  user.stage = Stage::idle;
  user.failures = 0;
  user.deadline.reset();
  user.candidates.clear();
  user.skipped.clear();
  user.stored = user.written = {};
  --collecting_;
  if (std::exchange(user.wants_again, false)) until_next_look = k_shortest_between_looks;
  if (user.came_at && now.mono < *user.came_at + k_look_after_coming)
    until_next_look = std::min(until_next_look, *user.came_at + k_look_after_coming - now.mono);
  if (user.is_here || user.has_unwritten) plan_look(user, now.mono + until_next_look);
  queue(user);
  serve_waiting(now);
}

void Collector::on_timer(Now now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now.mono) {
    User& user = users_.at(wakes_.begin()->second);
    if (user.stage == Stage::idle) {
      look(now, user);
    } else if (user.stage == Stage::delivering) {
      delivering_.erase(user.delivery);
      answered(now, user, std::nullopt);
    } else {
      asked_.erase(user.call);
      fail(now, user);
    }
  }
}

void Collector::queue(User& user) {
  if (user.queued_at) wakes_.erase({*user.queued_at, user.own.aor});
  user.queued_at = user.stage == Stage::idle ? user.look_at : user.deadline;
  if (user.queued_at) wakes_.insert({*user.queued_at, user.own.aor});
}

Deadline Collector::next_wake() const {
  return wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
}

}  // namespace ringway::sip::messages

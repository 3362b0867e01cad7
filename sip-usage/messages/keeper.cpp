#include "sip-usage/messages/keeper.hpp"

#include <algorithm>

#include "sip-usage/messages/received.hpp"

namespace ringway::sip::messages {

namespace {

constexpr WallMs k_second_ms = 1000;

// The newest: who has several devices uses these.
std::vector<security::CertificatePtr> recipients_of(std::vector<security::CertificatePtr> all) {
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a->not_before_ms() > b->not_before_ms(); });
  if (all.size() > k_max_recipient_certificates) all.resize(k_max_recipient_certificates);
  return all;
}

}  // namespace

Keeper::Keeper(std::vector<OwnUser> users, std::string overlay_name)
    : overlay_name_(std::move(overlay_name)) {
  use_users(std::move(users));
}

void Keeper::use_users(std::vector<OwnUser> users) {
  users_.clear();
  for (OwnUser& each : users) users_.emplace(each.aor, std::move(each));
}

const OwnUser* Keeper::user_of(const Aor& aor) const {
  const auto found = users_.find(aor);
  return found == users_.end() ? nullptr : &found->second;
}

// A GRUU is one device, which nobody else can stand for.
std::optional<Aor> Keeper::recipient_of(const Message& request) const {
  auto address = read_address(request.request_uri().print(), overlay_name_);
  if (!address || address->gr) return std::nullopt;
  return std::move(address->aor);
}

void Keeper::keep(Now now, KeepId keep, const Message& request, const Aor& sender, unsigned status) {
  const OwnUser* user = user_of(sender);
  if (user == nullptr || !means_absence(status) || !is_for_keeping(request)) return answer(keep, status);
  const auto recipient = recipient_of(request);
  const auto name = recipient ? mailbox_of(*recipient) : std::nullopt;
  if (!name) return answer(keep, status);
  auto letter = letter_of(request, now.wall_ms);
  if (!letter) return answer(keep, 413);
  letter->sender = sender.name();
  letter->sender_node = user->node;
  letter->recipient = recipient->name();
  const BoxName of{sender, *recipient};
  auto at = boxes_.find(of);
  const bool is_full =
      waiting_ >= k_max_waiting || (at != boxes_.end() && at->second.waiting.size() >= k_max_waiting_of_box);
  if (is_full) {
    ++counters_.failed;
    return answer(keep, 480, k_retry_after_s);
  }
  const bool is_new = at == boxes_.end();
  if (is_new) at = boxes_.emplace(of, Box{*name, *user, {}, {}}).first;
  at->second.waiting.push_back({keep, std::move(*letter), status});
  ++waiting_;
  if (is_new) begin(now, of, at->second);
}

CallId Keeper::new_call(Box& box, const BoxName& name) {
  const CallId id{++last_call_};
  asked_.emplace(id, name);
  box.round.open.insert(id);
  return id;
}

CallId Keeper::ask(Box& box, const BoxName& name, data::Call call) {
  const CallId id = new_call(box, name);
  outputs_.emplace_back(AskOverlay{id, std::move(call)});
  return id;
}

// All three at once. The entry is written anew, so what is there must be known: more than one peer is asked.
void Keeper::begin(Now now, const BoxName& name, Box& box) {
  box.round = {};
  box.round.deadline = now.mono + k_keeping_time;
  deadlines_.insert({box.round.deadline, name});
  box.round.certificates_call = new_call(box, name);
  outputs_.emplace_back(AskCertificates{box.round.certificates_call, name.second.name()});
  box.round.entry_call = ask(box, name,
                             data::GetCall{box.name, std::string(text_of(box.sender.node.view())),
                                           data::Consistency::quorum, k_mailbox});
  box.round.received_call =
      ask(box, name, data::GetCall{box.name, std::string(), data::Consistency::quorum, 0});
}

Keeper::Boxes::iterator Keeper::box_of(CallId id) {
  const auto asked = asked_.find(id);
  if (asked == asked_.end()) return boxes_.end();
  const auto at = boxes_.find(asked->second);
  asked_.erase(asked);
  at->second.round.open.erase(id);
  return at;
}

void Keeper::on_certificates(Now now, CallId id, const std::vector<security::CertificatePtr>& found,
                             const std::optional<data::CallFailure>& failure) {
  const auto at = box_of(id);
  if (at == boxes_.end()) return;
  if (failure && failure->error != data::CallError::not_found) return give_up(at, &*failure);
  at->second.round.certificates = recipients_of(found);
  go_on(now, at);
}

void Keeper::on_call(Now now, CallId id, const data::CallResult& result) {
  const auto at = box_of(id);
  if (at == boxes_.end()) return;
  if (id == at->second.round.put_call) return on_put(now, at, result);
  if (!take(at->second.round, id, result)) return give_up(at, std::get_if<data::CallFailure>(&result));
  go_on(now, at);
}

bool Keeper::take(Round& round, CallId id, const data::CallResult& result) {
  if (const auto* failure = std::get_if<data::CallFailure>(&result))
    return failure->error == data::CallError::not_found;
  const auto* got = std::get_if<data::GetResult>(&result);
  if (got == nullptr) return false;
  if (got->entries.empty()) return true;
  const data::Entry& found = got->entries.front();
  if (id == round.received_call) {
    // Without it the entry is only longer than need be.
    if (auto received = wire::decode<Received>(SharedBytes(found.value)))
      round.received = std::move(*received);
    return true;
  }
  // What is in another form would be lost with the next put.
  auto kept = wire::decode<KeptMessages>(SharedBytes(found.value));
  if (!kept) return false;
  round.entry = std::move(*kept);
  return true;
}

void Keeper::go_on(Now now, Boxes::iterator at) {
  if (at->second.round.open.empty()) put(now, at);
}

void Keeper::put(Now now, Boxes::iterator at) {
  Box& box = at->second;
  Round& round = box.round;
  const NodeId& node = box.sender.node;
  KeptMessages& entry = round.entry;
  std::uint64_t last_id = round.received.last_id_of(node);
  if (!entry.messages.empty()) last_id = std::max(last_id, entry.messages.back().id);
  std::erase_if(entry.messages, [&](const KeptMessage& each) {
    return each.until_ms <= now.wall_ms || round.received.has(node, each.id);
  });
  std::size_t size_bytes = wire::encode(entry).size();
  for (Waiting& each : std::exchange(box.waiting, {})) {
    // The time, so that ids rise also when nothing is left of those before.
    each.letter.id = last_id = std::max<std::uint64_t>(now.wall_ms, last_id + 1);
    const Fit fit =
        round.certificates.empty() ? Fit::no_envelope : add(round, entry, size_bytes, each.letter);
    if (fit == Fit::yes) {
      round.put.push_back(each.keep);
      continue;
    }
    --waiting_;
    ++(fit == Fit::no_room ? counters_.over_quota : counters_.unknown);
    if (fit == Fit::no_room) {
      answer(each.keep, 480, k_full_retry_after_s);
    } else {
      answer(each.keep, each.status);
    }
  }
  if (round.put.empty()) return end_round(now, at);
  WallMs until_ms = 0;
  for (const KeptMessage& each : entry.messages) until_ms = std::max(until_ms, each.until_ms);
  data::PutCall call;
  call.key = box.name;
  call.kind = k_mailbox;
  call.value = wire::encode(entry);
  call.lifetime_s = static_cast<std::uint32_t>((until_ms - now.wall_ms + k_second_ms - 1) / k_second_ms);
  call.as_user = box.sender.as_user;
  round.put_call = ask(box, at->first, std::move(call));
}

Keeper::Fit Keeper::add(const Round& round, KeptMessages& entry, std::size_t& size_bytes,
                        const Letter& letter) {
  if (entry.messages.size() == k_max_kept_of_sender) return Fit::no_room;
  auto envelope = security::close_envelope(wire::encode(letter), round.certificates);
  if (!envelope || envelope->size() > k_max_envelope_bytes) return Fit::no_envelope;
  const std::size_t more_bytes = envelope->size() + k_kept_frame_bytes;
  if (size_bytes + more_bytes > k_max_entry_bytes) return Fit::no_room;
  size_bytes += more_bytes;
  entry.messages.push_back({letter.id, letter.until_ms, SharedBytes(std::move(*envelope))});
  return Fit::yes;
}

void Keeper::on_put(Now now, Boxes::iterator at, const data::CallResult& result) {
  const std::vector<KeepId> put = std::exchange(at->second.round.put, {});
  waiting_ -= put.size();
  const auto* failure = std::get_if<data::CallFailure>(&result);
  if (failure == nullptr) {
    counters_.kept += put.size();
    for (const KeepId each : put) answer(each, 202);
    return end_round(now, at);
  }
  // The mailbox has no room for one more sender, or a message of this overlay none for the value.
  const bool is_full = failure->error == data::CallError::resource_exhausted;
  (is_full ? counters_.over_quota : counters_.failed) += put.size();
  for (const KeepId each : put) answer(each, 480, is_full ? k_full_retry_after_s : k_retry_after_s);
  end_round(now, at);
}

void Keeper::forget_calls(Round& round) {
  for (const CallId each : std::exchange(round.open, {})) asked_.erase(each);
}

void Keeper::end_round(Now now, Boxes::iterator at) {
  forget_calls(at->second.round);
  deadlines_.erase({at->second.round.deadline, at->first});
  if (at->second.waiting.empty()) {
    boxes_.erase(at);
  } else {
    begin(now, at->first, at->second);
  }
}

// Without its Kinds an overlay keeps no messages, and the first answer stands. Whatever else it says, or that
// it says nothing, is no reason to believe that the message could not be kept a moment later.
void Keeper::give_up(Boxes::iterator at, const data::CallFailure* failure) {
  Box& box = at->second;
  const bool is_impossible = failure != nullptr && failure->error == data::CallError::failed_precondition;
  for (const Waiting& each : box.waiting) {
    if (is_impossible) {
      answer(each.keep, each.status);
    } else {
      answer(each.keep, 480, k_retry_after_s);
    }
  }
  for (const KeepId each : box.round.put) answer(each, 480, k_retry_after_s);
  const std::size_t count = box.waiting.size() + box.round.put.size();
  (is_impossible ? counters_.unknown : counters_.failed) += count;
  waiting_ -= count;
  forget_calls(box.round);
  deadlines_.erase({box.round.deadline, at->first});
  boxes_.erase(at);
}

void Keeper::on_timer(Now now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.mono)
    give_up(boxes_.find(deadlines_.begin()->second), nullptr);
}

Deadline Keeper::next_wake() const {
  return deadlines_.empty() ? Deadline() : Deadline(deadlines_.begin()->first);
}

void Keeper::answer(KeepId keep, unsigned status, std::optional<unsigned> retry_after_s) {
  outputs_.emplace_back(Answer{keep, status, retry_after_s});
}

}  // namespace ringway::sip::messages

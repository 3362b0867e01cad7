#include "sip-usage/messages/reader.hpp"

#include <algorithm>
#include <charconv>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/messages/opening.hpp"

namespace ringway::sip::messages {

namespace {

constexpr std::size_t k_node_digits = 32;

bool is_absent(const data::CallResult& result) {
  const auto* failure = std::get_if<data::CallFailure>(&result);
  return failure != nullptr && failure->error == data::CallError::not_found;
}

data::CallFailure failure_of(const data::CallResult& result) {
  if (const auto* failure = std::get_if<data::CallFailure>(&result)) {
    if (failure->error != data::CallError::failed_precondition) return *failure;
    return {data::CallError::failed_precondition,
            "this overlay keeps no messages: its configuration document lacks the Kind", 0};
  }
  return {data::CallError::internal, "an answer to another call", 0};
}

std::string content_type_of(const Letter& letter) {
  for (const HeaderField& each : letter.fields)
    if (same_ignoring_case(each.name, "Content-Type")) return each.value;
  return {};
}

}  // namespace

std::string MessageName::print() const { return sender.hex() + '-' + std::to_string(id); }

std::optional<MessageName> MessageName::parse(std::string_view text) {
  Bytes node;
  if (text.size() < k_node_digits + 2 || text[k_node_digits] != '-') return std::nullopt;
  if (!from_hex(text.substr(0, k_node_digits), node)) return std::nullopt;
  MessageName out;
  std::copy(node.begin(), node.end(), out.sender.bytes.begin());
  const std::string_view digits = text.substr(k_node_digits + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out.id);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

Reader::Reader(std::vector<OwnUser> users) { use_users(std::move(users)); }

void Reader::use_users(std::vector<OwnUser> users) {
  users_.clear();
  for (OwnUser& each : users) {
    const Aor aor = each.aor;
    users_.emplace(aor, std::move(each));
  }
}

void Reader::read(Now now, ReadId id, MailboxRequest request) {
  const auto refuse = [&](data::CallError error, std::string message) {
    outputs_.emplace_back(MailboxRead{id, data::CallFailure{error, std::move(message), 0}});
  };
  if (users_.count(request.user) == 0)
    return refuse(data::CallError::not_found, "this peer has no credentials of " + request.user.name());
  const auto mailbox = mailbox_of(request.user);
  if (!mailbox) return refuse(data::CallError::failed_precondition, "a name with a / has no mailbox");
  if (reads_.size() >= k_max_reads)
    return refuse(data::CallError::resource_exhausted, "too many mailboxes are being read: try again");
  std::sort(request.take_away.begin(), request.take_away.end());
  Read read;
  read.request = std::move(request);
  read.mailbox = *mailbox;
  read.deadline = now.mono + k_read_time;
  deadlines_.insert({read.deadline, id});
  // From one holder: only then what does not fit into a message is read in parts.
  data::GetCall get{read.mailbox, std::nullopt, data::Consistency::one, k_mailbox};
  ask(reads_.emplace(id, std::move(read)).first, Stage::mailbox, std::move(get));
}

void Reader::ask(Reads::iterator at, Stage stage, data::Call call) {
  at->second.stage = stage;
  at->second.call = CallId{++last_call_};
  asked_.emplace(at->second.call, at->first);
  outputs_.emplace_back(AskOverlay{at->second.call, std::move(call)});
}

void Reader::on_call(Now now, CallId id, const data::CallResult& result) {
  const auto asked = asked_.extract(id);
  if (!asked) return;
  const auto at = reads_.find(asked.mapped());
  switch (at->second.stage) {
    case Stage::mailbox:
      return take_mailbox(now, at, result);
    case Stage::received:
      return take_received(now, at, result);
    case Stage::preparing:
      if (!std::holds_alternative<data::PutResult>(result)) return fail(at, failure_of(result));
      return ask_received(at);
    case Stage::noting:
      return on_written(now, at, result);
  }
}

// ---- what is there

void Reader::take_mailbox(Now now, Reads::iterator at, const data::CallResult& result) {
  const auto* got = std::get_if<data::GetResult>(&result);
  if (got == nullptr) return is_absent(result) ? show(at) : fail(at, failure_of(result));
  const WallMs last_ms = now.wall_ms + static_cast<WallMs>((k_longest_wait + k_clock_slack).count());
  const std::size_t senders = std::min<std::size_t>(got->entries.size(), k_max_senders);
  for (std::size_t i = 0; i < senders; ++i) {
    const data::Entry& entry = got->entries[i];
    const auto kept = wire::decode<KeptMessages>(SharedBytes(entry.value));
    if (!kept) continue;
    for (const KeptMessage& each : kept->messages)
      if (each.until_ms > now.wall_ms && each.until_ms <= last_ms)
        at->second.waiting.push_back({entry.writer, entry.writer_node, each});
  }
  ask_received(at);
}

void Reader::ask_received(Reads::iterator at) {
  if (++at->second.attempts > k_max_note_attempts)
    return fail(at, {data::CallError::aborted, "others write at the same time: try again", 0});
  ask(at, Stage::received, data::GetCall{at->second.mailbox, std::nullopt, data::Consistency::quorum, 0});
}

void Reader::take_received(Now now, Reads::iterator at, const data::CallResult& result) {
  Read& read = at->second;
  read.received = {};
  if (const auto* failure = std::get_if<data::CallFailure>(&result)) {
    if (!is_absent(result)) return fail(at, failure_of(result));
    read.generation = failure->generation;
  } else if (const auto* got = std::get_if<data::GetResult>(&result)) {
    read.generation = got->generation;
    for (const data::Entry& each : got->entries) {
      if (each.entry != k_received_list) continue;
      auto received = wire::decode<Received>(SharedBytes(each.value));
      if (!received)
        return fail(at, {data::CallError::failed_precondition, "another peer's version is newer", 0});
      read.received = std::move(*received);
    }
  }
  note(now, read);
  if (read.taken_away == 0) return show(at);
  write(now, at);
}

// ---- taking away

void Reader::note(Now now, Read& read) {
  read.taken_away = 0;
  read.received.drop_ended(now.wall_ms);
  const auto& names = read.request.take_away;
  const auto is_named = [&](const Waiting& each) {
    return std::binary_search(names.begin(), names.end(), MessageName{each.node, each.message.id});
  };
  std::map<NodeId, std::vector<const Waiting*>> before;  // that stay, until one goes
  for (const Waiting& each : read.waiting) {
    if (read.received.has(each.node, each.message.id)) continue;
    auto& left = before[each.node];
    if (!is_named(each)) {
      left.push_back(&each);
      continue;
    }
    // A mark says that all before it are received: those that stay are named (31 at most of an entry).
    for (const Waiting* other : left)
      read.received.note(other->node, other->message.id, other->message.until_ms, false);
    read.received.note(each.node, each.message.id, each.message.until_ms, true);
    ++read.taken_away;
  }
}

void Reader::write(Now now, Reads::iterator at) {
  Read& read = at->second;
  data::PutCall put;
  put.key = read.mailbox;
  put.as_user = users_.count(read.request.user) != 0 ? users_.at(read.request.user).as_user : std::string();
  if (read.generation == 0) {
    put.entry = k_received_first;
    put.value = {1};
    put.lifetime_s = k_shortest_received_lifetime_s;
    return ask(at, Stage::preparing, std::move(put));
  }
  put.entry = k_received_list;
  put.value = wire::encode(read.received);
  put.lifetime_s = read.received.lifetime_s(now.wall_ms);
  put.expected_generation = read.generation;
  ask(at, Stage::noting, std::move(put));
}

void Reader::on_written(Now /*now*/, Reads::iterator at, const data::CallResult& result) {
  if (std::holds_alternative<data::PutResult>(result)) return show(at);
  const auto* failure = std::get_if<data::CallFailure>(&result);
  if (failure != nullptr && failure->error == data::CallError::aborted) return ask_received(at);
  fail(at, failure_of(result));
}

// ---- the answer

void Reader::show(Reads::iterator at) {
  Read& read = at->second;
  MailboxContents out;
  out.taken_away = read.taken_away;
  std::erase_if(read.waiting,
                [&](const Waiting& each) { return read.received.has(each.node, each.message.id); });
  out.waiting = read.waiting.size();
  std::stable_sort(read.waiting.begin(), read.waiting.end(),
                   [](const Waiting& a, const Waiting& b) { return a.message.id < b.message.id; });
  const auto user = users_.find(read.request.user);
  const std::size_t limit = std::min(read.request.limit, k_max_shown_messages);
  for (std::size_t i = 0; i < std::min(limit, read.waiting.size()) && user != users_.end(); ++i) {
    const Waiting& each = read.waiting[i];
    auto opened = open_letter(user->second, each.writer, each.node, each.message);
    auto* letter = std::get_if<Letter>(&opened);
    if (letter == nullptr) {
      ++out.unopened;
      continue;
    }
    out.messages.push_back({{each.node, letter->id},
                            letter->sender,
                            letter->sent_ms,
                            letter->until_ms,
                            content_type_of(*letter),
                            std::move(letter->body)});
  }
  end(at, std::move(out));
}

void Reader::fail(Reads::iterator at, data::CallFailure failure) { end(at, std::move(failure)); }

void Reader::end(Reads::iterator at, std::variant<MailboxContents, data::CallFailure> result) {
  outputs_.emplace_back(MailboxRead{at->first, std::move(result)});
  asked_.erase(at->second.call);
  deadlines_.erase({at->second.deadline, at->first});
  reads_.erase(at);
}

void Reader::on_timer(Now now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now.mono)
    fail(reads_.find(deadlines_.begin()->second),
         {data::CallError::deadline_exceeded, "the overlay has not answered in time", 0});
}

Deadline Reader::next_wake() const {
  return deadlines_.empty() ? Deadline() : Deadline(deadlines_.begin()->first);
}

}  // namespace ringway::sip::messages

#include "sip-usage/element/letters.hpp"

#include <algorithm>

#include "sip-usage/messages/letter.hpp"

namespace ringway::sip::element {
namespace {

constexpr unsigned k_no_answer = 408;

std::vector<messages::OwnUser> list_of(const std::map<Aor, messages::OwnUser>& users) {
  std::vector<messages::OwnUser> out;
  out.reserve(users.size());
  for (const auto& [aor, user] : users) out.push_back(user);
  return out;
}

// The proxy says 500 where it has got 503 (RFC 3261 §16.7 step 6): nobody could be reached.
unsigned status_of(const std::optional<Message>& answer) {
  if (!answer) return k_no_answer;
  return answer->status() == 500 ? 503 : answer->status();
}

// A letter says who has written it; who calls himself otherwise does not want that.
bool is_from(const Message& request, const Aor& sender, std::string_view overlay_name) {
  const auto from = read_address(request.from.uri.print(), overlay_name);
  return from && from->aor == sender;
}

}  // namespace

Letters::Letters(std::string overlay_name, std::vector<messages::OwnUser> users)
    : overlay_name_(overlay_name), keeper_({}, std::move(overlay_name)), collector_({}), reader_({}) {
  renew_users({}, std::move(users));
}

void Letters::renew_users(Now now, std::vector<messages::OwnUser> users) {
  for (auto& user : users) {
    const auto before = users_.find(user.aor);
    if (before != users_.end() && before->second.node == user.node)
      user.keys.insert(user.keys.end(), before->second.keys.begin(), before->second.keys.end());
    if (user.keys.size() > k_max_keys_of_user) user.keys.resize(k_max_keys_of_user);
    const Aor aor = user.aor;
    users_.insert_or_assign(aor, std::move(user));
  }
  keeper_.use_users(list_of(users_));
  collector_.use_users(now, list_of(users_));
  reader_.use_users(list_of(users_));
}

void Letters::leave(Now now) {
  for (const auto& [aor, user] : users_) collector_.on_gone(now, aor);
}

// ---- requests under way

void Letters::note(MonoTime arrived_at, TransactionId transaction, const Message& request,
                   const Uri& recipient, const std::optional<Aor>& sender) {
  if (noted_.size() >= k_max_noted_messages || !messages::is_for_keeping(request)) return;
  Noted noted;
  if (sender) {
    if (!users_.contains(*sender) || !is_from(request, *sender, overlay_name_)) return;
    noted.sender = sender;
    noted.request = request;
    noted.request.request_uri() = recipient;
    // What is longer is refused, whatever it says.
    if (noted.request.body.size() > messages::k_max_body_bytes)
      noted.request.body.resize(messages::k_max_body_bytes + 1);
  }
  noted.deadline = arrived_at + (sender ? k_wait_for_answer : k_wait_of_others);
  deadlines_.insert({*noted.deadline, transaction});
  noted_.insert_or_assign(transaction, std::move(noted));
}

void Letters::watch(MonoTime now, TransactionId transaction, const Message& request, Duration time) {
  if (noted_.size() >= k_max_noted_messages || request.method() != "MESSAGE") return;
  Noted noted;
  noted.deadline = now + time;
  deadlines_.insert({*noted.deadline, transaction});
  noted_.insert_or_assign(transaction, std::move(noted));
}

void Letters::end_waiting(TransactionId transaction, Noted& noted) {
  if (noted.deadline) deadlines_.erase({*noted.deadline, transaction});
  noted.deadline.reset();
}

void Letters::end(TransactionId transaction) {
  const auto found = noted_.find(transaction);
  if (found == noted_.end()) return;
  end_waiting(transaction, found->second);
  noted_.erase(found);
}

bool Letters::keep(Now now, TransactionId transaction, std::optional<Message> answer) {
  const auto found = noted_.find(transaction);
  if (found == noted_.end() || found->second.is_given) return false;
  Noted& noted = found->second;
  end_waiting(transaction, noted);
  const unsigned status = status_of(answer);
  if (!noted.sender || !messages::means_absence(status)) {
    noted_.erase(found);
    return false;
  }
  noted.is_given = true;
  noted.status = status;
  noted.answer = std::move(answer);
  keeper_.keep(now, messages::KeepId{transaction.value}, noted.request, *noted.sender, status);
  return true;
}

std::vector<TransactionId> Letters::take_overdue(MonoTime now) {
  std::vector<TransactionId> out;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    out.push_back(deadlines_.begin()->second);
    end_waiting(out.back(), noted_.at(out.back()));
  }
  return out;
}

Letters::Outcome Letters::outcome(const messages::Answer& answer) {
  const TransactionId transaction{static_cast<std::uint64_t>(answer.keep)};
  const auto found = noted_.find(transaction);
  Outcome out;
  if (found != noted_.end() && found->second.status == answer.status && !answer.retry_after_s)
    out = {true, std::move(found->second.answer)};
  end(transaction);
  return out;
}

// ---- the rooms

void Letters::on_registered(Now now, const Aor& aor, bool is_here) {
  if (is_here) {
    collector_.on_registered(now, aor);
  } else {
    collector_.on_gone(now, aor);
  }
}

void Letters::on_delivered(Now now, messages::DeliveryId delivery, std::optional<unsigned> status) {
  collector_.on_delivered(now, delivery, status);
}

void Letters::on(Now now, const OverlayAnswered& answered) {
  if (answered.room == Room::keeper) {
    keeper_.on_call(now, answered.id, answered.result);
  } else if (answered.room == Room::reader) {
    reader_.on_call(now, answered.id, answered.result);
  } else {
    collector_.on_call(now, answered.id, answered.result);
  }
}

void Letters::on(Now now, const CertificatesAnswered& answered) {
  keeper_.on_certificates(now, answered.id, answered.found, answered.failure);
}

void Letters::on_timer(Now now) {
  keeper_.on_timer(now);
  collector_.on_timer(now);
  reader_.on_timer(now);
}

Deadline Letters::next_wake() const {
  const Deadline of_noted = deadlines_.empty() ? Deadline() : Deadline(deadlines_.begin()->first);
  const Deadline of_rooms = sooner(keeper_.next_wake(), sooner(collector_.next_wake(), reader_.next_wake()));
  return sooner(of_noted, of_rooms);
}

// What the rooms have put out: some of it is for the overlay, some for the element.
void Letters::sort_out() {
  for (auto& each : keeper_.take_outputs()) {
    if (auto* ask = std::get_if<messages::AskOverlay>(&each))
      outputs_.emplace_back(AskOverlay{Room::keeper, ask->id, std::move(ask->call)});
    else if (auto* of = std::get_if<messages::AskCertificates>(&each))
      outputs_.emplace_back(AskCertificates{Room::keeper, of->id, std::move(of->user_name)});
    else
      work_.emplace_back(std::get<messages::Answer>(each));
  }
  for (auto& each : collector_.take_outputs()) {
    if (auto* ask = std::get_if<messages::AskOverlay>(&each))
      outputs_.emplace_back(AskOverlay{Room::collector, ask->id, std::move(ask->call)});
    else
      work_.emplace_back(std::move(std::get<messages::Deliver>(each)));
  }
  for (auto& each : reader_.take_outputs()) {
    if (auto* ask = std::get_if<messages::AskOverlay>(&each))
      outputs_.emplace_back(AskOverlay{Room::reader, ask->id, std::move(ask->call)});
    else
      outputs_.emplace_back(std::move(std::get<MailboxRead>(each)));
  }
}

std::vector<Output> Letters::take_outputs() {
  sort_out();
  return std::exchange(outputs_, {});
}

std::vector<Letters::Work> Letters::take_work() {
  sort_out();
  return std::exchange(work_, {});
}

TableSizes Letters::sizes() const {
  return {keeper_.size(),
          collector_.size(),
          reader_.size(),
          {"MESSAGEs under way", noted_.size(), k_max_noted_messages}};
}

}  // namespace ringway::sip::element

// What kept messages mean for the other rooms: MESSAGEs that come to nothing, and requests of the element's
// own, which go through the proxy as another peer's do: to the phones here, and to nobody else.
#include <algorithm>

#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

// Transactions count from 1 and do not come that far.
constexpr std::uint64_t k_first_own_server = std::uint64_t{1} << 63U;
constexpr std::uint64_t k_first_sent = k_first_own_server | (std::uint64_t{1} << 62U);  // by programs
constexpr unsigned k_gave_up = 480;
constexpr unsigned k_everywhere = 600;  // from here on an answer is that of all phones (RFC 3261 §21.6)
constexpr std::uint8_t k_max_forwards = 70;

// Or it would say more than what the body is.
bool is_one_line(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

proxy::ServerId server_of(messages::DeliveryId id) {
  return proxy::ServerId{k_first_own_server | static_cast<std::uint64_t>(id)};
}

}  // namespace

// ---- to absent users

// Its time began when it came, however long it has waited for a name: who has sent it counts that, too.
void Element::note_message(MonoTime arrived_at, TransactionId transaction, const Message& request,
                           const proxy::Source& from, Duration wait_of_others) {
  if (request.method() != "MESSAGE" || from.side == proxy::Side::outside) return;
  const bool is_own = from.side == proxy::Side::phone;
  std::optional<Aor> sender;
  if (is_own) {
    auto user = Aor::of_user_name(from.user);
    if (!user) return;  // a program on this machine without an account
    sender = *std::move(user);
  }
  letters_.note(arrived_at, transaction, request,
                proxy::with_overlay_name(request.request_uri(), settings_.proxy), sender, wait_of_others);
}

// Of a request that has come. Only a peer may say for how long it waits, and nobody else is told.
Duration Element::take_wait(Message& request, const proxy::Source& from) {
  const std::string* field = request.field(k_answer_within);
  if (field == nullptr) return k_wait_of_others;
  const auto seconds = parse_number(*field, static_cast<std::uint32_t>(k_wait_of_others.count() / 1000));
  request.remove_field(k_answer_within);
  if (!seconds || from.side != proxy::Side::overlay) return k_wait_of_others;
  return std::max(k_least_wait, Duration{std::int64_t{*seconds} * 1000});
}

// Of a request that goes to another peer now. False: it would not be answered in time, and may be kept by
// then.
bool Element::tell_wait(MonoTime now, Parcel& parcel) const {
  const auto left = parcel.server ? letters_.time_for_others(now, *parcel.server) : std::nullopt;
  if (!left || *left >= k_wait_of_others) return true;
  if (*left < k_least_wait) return false;
  parcel.request.set_field(k_answer_within, std::to_string(left->count() / 1000));
  return true;
}

// What one of the user's phones has declined nobody is to be shown any more (RFC 3261 §21.6), though another
// one was silent. Otherwise it is as if nobody had answered. RFC 4320 §4.1 has no 408 for such requests; 480
// says the same of a phone that another peer calls here.
void Element::give_up_messages(Now now) {
  for (const TransactionId transaction : letters_.take_overdue(now.mono)) {
    const Message* request = transactions_.request(transaction);
    auto declined = proxy_.give_up(proxy::ServerId{transaction.value});
    if (declined && declined->status() < k_everywhere) declined.reset();
    if (transaction.value >= k_first_own_server) {
      give_up_own(now, transaction, std::move(declined));
      continue;
    }
    if (request == nullptr || letters_.keep(now, transaction, declined)) continue;
    auto response = declined ? *std::move(declined) : make_response(*request, k_gave_up, new_tag());
    mask(transaction, response);
    answer(now, transaction, response);
  }
}

// RFC 3428 §7: a 202 has neither body nor Contact.
void Element::act(Now now, messages::Answer& kept) {
  const TransactionId transaction{static_cast<std::uint64_t>(kept.keep)};
  auto outcome = letters_.outcome(kept);
  if (transaction.value >= k_first_own_server) {
    const unsigned first = outcome.answer ? outcome.answer->status() : k_gave_up;
    return tell_sent(transaction, outcome.stands ? first : kept.status, kept.retry_after_s);
  }
  if (outcome.stands) {
    if (outcome.answer) return answer(now, transaction, *outcome.answer);
    return add_work(transactions_.give_up(transaction));
  }
  const Message* request = transactions_.request(transaction);
  if (request == nullptr) return;
  auto response = make_response(*request, kept.status, new_tag());
  if (kept.retry_after_s) response.set_field("Retry-After", std::to_string(*kept.retry_after_s));
  answer(now, transaction, response);
}

// ---- to those who come

// After the answer to a REGISTER: whether that user has phones here now.
void Element::tell_of_phones(Now now, const Message& response) {
  if (response.status() != 200 || response.method() != "REGISTER") return;
  const auto user = registrar_.find(now.mono, response.to.uri);
  if (user.is_known) presence_.on_bindings(now, user.aor, !user.targets.empty());
  if (user.is_known && !is_leaving_) letters_.on_registered(now, user.aor, !user.targets.empty());
}

void Element::act(Now now, messages::Deliver& deliver) {
  const auto user = registrar_.find(now.mono, deliver.request.request_uri());
  if (user.targets.empty()) {
    letters_.on_delivered(now, deliver.id, std::nullopt);
    return letters_.on_registered(now, deliver.aor, false);
  }
  proxy_.on_request(now.mono, server_of(deliver.id), std::move(deliver.request),
                    {proxy::Side::overlay, {}, {}});
}

// ---- the outcome of the element's own requests

bool Element::is_of_own(Now now, proxy::ServerId server, std::optional<Message> answer) {
  const auto number = static_cast<std::uint64_t>(server);
  if (number < k_first_own_server) return false;
  if (answer && answer->status() < 200) return true;
  proxy_.on_server_ended(now.mono, server);
  const auto status = answer ? std::optional(answer->status()) : std::nullopt;
  if (number < k_first_sent) {
    letters_.on_delivered(now, messages::DeliveryId{number ^ k_first_own_server}, status);
    return true;
  }
  const TransactionId transaction{number};
  if (letters_.keep(now, transaction, std::move(answer))) return true;
  tell_sent(transaction, status.value_or(k_gave_up));
  return true;
}

void Element::give_up_own(Now now, TransactionId transaction, std::optional<Message> declined) {
  proxy_.on_server_ended(now.mono, proxy::ServerId{transaction.value});
  const unsigned status = declined ? declined->status() : k_gave_up;
  if (!letters_.keep(now, transaction, std::move(declined))) tell_sent(transaction, status);
}

void Element::tell_sent(TransactionId transaction, unsigned status, std::optional<unsigned> retry_after_s) {
  letters_.forget(transaction);
  if (const auto sent = sending_.extract(transaction))
    outputs_.emplace_back(MessageSent{sent.mapped(), status, retry_after_s});
}

// ---- of programs

// It goes the way of a phone's, and is kept as a phone's is.
void Element::on(Now now, SendMessage& send) {
  const bool is_full = sending_.size() >= k_max_sending;
  if (is_leaving_ || is_full || !letters_.has_user(send.sender)) {
    const unsigned status = is_leaving_ || is_full ? 503 : 403;
    outputs_.emplace_back(MessageSent{send.id, status, is_full ? std::optional(1U) : std::nullopt});
    return;
  }
  if (!is_one_line(send.content_type)) {
    outputs_.emplace_back(MessageSent{send.id, 400});
    return;
  }
  send.recipient.headers.clear();  // what a URI asks for besides is not said by whoever sends
  Message request;
  request.start = RequestLine{"MESSAGE", send.recipient};
  request.from.uri = *Uri::parse("sip:" + escaped(send.sender));
  request.from.parameters.set("tag", new_tag());
  request.to.uri = send.recipient;
  request.call_id = new_tag() + new_tag() + '@' + settings_.registrar.overlay_name;
  request.cseq = {1, "MESSAGE"};
  request.max_forwards = k_max_forwards;
  if (!send.content_type.empty()) request.set_field("Content-Type", send.content_type);
  if (send.expires_s) request.set_field("Expires", std::to_string(*send.expires_s));
  request.body = std::move(send.body);
  const TransactionId transaction{k_first_sent | ++last_sent_};
  sending_.emplace(transaction, send.id);
  proxy::Source from{proxy::Side::phone, {}, send.sender.name()};
  from.must_be_carried = true;
  if (settings_.hides_users)  // a letter would name its writer
    letters_.watch(now.mono, transaction, request, k_wait_for_answer);
  else
    note_message(now.mono, transaction, request, from);
  proxy_.on_request(now.mono, proxy::ServerId{transaction.value}, std::move(request), from);
}

void Element::on(Now now, ReadMailbox& read) { letters_.read(now, std::move(read)); }

}  // namespace ringway::sip::element

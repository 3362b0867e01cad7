// What kept messages mean for the other rooms: MESSAGEs that come to nothing, and requests of the element's
// own, which go through the proxy as another peer's do: to the phones here, and to nobody else.
#include "sip-usage/element/element.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/routing.hpp"

namespace ringway::sip::element {
namespace {

// Transactions count from 1 and do not come that far.
constexpr std::uint64_t k_first_own_server = std::uint64_t{1} << 63U;
constexpr unsigned k_gave_up = 480;

proxy::ServerId server_of(messages::DeliveryId id) {
  return proxy::ServerId{k_first_own_server | static_cast<std::uint64_t>(id)};
}

}  // namespace

// ---- to absent users

void Element::note_message(MonoTime now, TransactionId transaction, const Message& request,
                           const proxy::Source& from) {
  if (request.method() != "MESSAGE" || from.side == proxy::Side::outside) return;
  const bool is_own = from.side == proxy::Side::phone;
  std::optional<Aor> sender;
  if (is_own) {
    auto user = Aor::of_user_name(from.user);
    if (!user) return;  // a program on this machine without an account
    sender = *std::move(user);
  }
  letters_.note(now, transaction, request, proxy::with_overlay_name(request.request_uri(), settings_.proxy),
                sender);
}

// RFC 4320 §4.1 has no 408 for them; 480 says the same of a phone that another peer calls here.
void Element::give_up_messages(Now now) {
  for (const TransactionId transaction : letters_.take_overdue(now.mono)) {
    const Message* request = transactions_.request(transaction);
    proxy_.give_up(proxy::ServerId{transaction.value});
    if (request == nullptr || letters_.keep(now, transaction, std::nullopt)) continue;
    answer(now, transaction, make_response(*request, k_gave_up, new_tag()));
  }
}

// RFC 3428 §7: a 202 has neither body nor Contact.
void Element::act(Now now, messages::Answer& kept) {
  const TransactionId transaction{static_cast<std::uint64_t>(kept.keep)};
  auto outcome = letters_.outcome(kept);
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

bool Element::is_delivered(Now now, proxy::ServerId server, std::optional<unsigned> status) {
  const auto number = static_cast<std::uint64_t>(server);
  if (number < k_first_own_server) return false;
  proxy_.on_server_ended(now.mono, server);
  letters_.on_delivered(now, messages::DeliveryId{number ^ k_first_own_server}, status);
  return true;
}

}  // namespace ringway::sip::element

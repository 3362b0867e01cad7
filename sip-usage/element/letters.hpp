// MESSAGE requests (RFC 3428) as the element has them besides the proxy: those that come to nothing go to the
// Keeper, and a user who registers gets what the Collector finds (sip-usage/messages).
//
// A MESSAGE is given up here before its sender gives it up (RFC 3261 §17.1.2.2): a phone that is silent may
// be gone, and 202 has to come in time. The peer that a phone is registered at gives up first, so that no
// copy of the request is still on its way when it is kept. Those of who wants to stay unknown are kept
// nowhere, and are given up in the same way: their senders are told that they have failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/messages/collector.hpp"
#include "sip-usage/messages/keeper.hpp"
#include "sip-usage/messages/reader.hpp"
#include "sip-usage/transaction/transaction_table.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_noted_messages = 2048;  // under way; others are no different from requests
inline constexpr Duration k_wait_for_answer{16'000};  // and k_keeping_time: less than the 32 s of a phone
inline constexpr Duration k_wait_of_others{14'000};
static_assert(k_wait_of_others < k_wait_for_answer);
static_assert(k_wait_for_answer + messages::k_keeping_time < Duration{32'000});
// Envelopes that were closed for a certificate before the present one are opened with its key.
inline constexpr std::size_t k_max_keys_of_user = 4;

class Letters {
 public:
  Letters(std::string overlay_name, std::vector<messages::OwnUser> users);
  // These users have other keys from now on, or are new.
  void renew_users(Now now, std::vector<messages::OwnUser> users);
  void leave(Now now);  // nothing more is delivered

  // A MESSAGE that goes to the proxy now and has come at that time. `sender`: of this peer's users; nothing:
  // another peer has sent it.
  // `recipient` is its Request-URI in the overlay's name.
  void note(MonoTime arrived_at, TransactionId transaction, const Message& request, const Uri& recipient,
            const std::optional<Aor>& sender);
  // One that is not kept, whatever becomes of it; its time is over then.
  void watch(MonoTime now, TransactionId transaction, const Message& request, Duration time);
  void forget(TransactionId transaction) { end(transaction); }
  // What the proxy answers; nothing: it would leave the request without an answer. False: it is not kept, and
  // that is the answer.
  bool keep(Now now, TransactionId transaction, std::optional<Message> answer);
  // Those whose time is over since the last time: to be given up, and then kept or answered.
  std::vector<TransactionId> take_overdue(MonoTime now);
  // What the proxy has answered, if that stands.
  struct Outcome {
    bool stands = false;
    std::optional<Message> answer;
  };
  Outcome outcome(const messages::Answer& answer);

  // With the keys before the present ones.
  const std::map<Aor, messages::OwnUser>& users() const { return users_; }

  bool has_user(const Aor& aor) const { return users_.contains(aor); }
  void read(Now now, ReadMailbox&& order) { reader_.read(now, order.id, std::move(order.request)); }
  void on_registered(Now now, const Aor& aor, bool is_here);
  void on_delivered(Now now, messages::DeliveryId delivery, std::optional<unsigned> status);
  void on(Now now, const OverlayAnswered& answered);
  void on(Now now, const CertificatesAnswered& answered);
  void on_timer(Now now);
  Deadline next_wake() const;

  std::vector<Output> take_outputs();
  using Work = std::variant<messages::Answer, messages::Deliver>;
  std::vector<Work> take_work();
  TableSizes sizes() const;
  const messages::KeeperCounters& kept() const { return keeper_.counters(); }
  const messages::CollectorCounters& collected() const { return collector_.counters(); }

 private:
  struct Noted {
    Message request;            // of an own user
    std::optional<Aor> sender;  // that user
    Deadline deadline;
    bool is_given = false;  // to the keeper, with this
    unsigned status = 0;
    std::optional<Message> answer;
  };
  void end(TransactionId transaction);
  void end_waiting(TransactionId transaction, Noted& noted);
  void sort_out();

  std::string overlay_name_;
  std::map<Aor, messages::OwnUser> users_;
  messages::Keeper keeper_;
  messages::Collector collector_;
  messages::Reader reader_;
  std::map<TransactionId, Noted> noted_;
  std::set<std::pair<MonoTime, TransactionId>> deadlines_;
  std::vector<Output> outputs_;
  std::vector<Work> work_;
};

}  // namespace ringway::sip::element

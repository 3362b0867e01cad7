// The SIP element of one peer, whole and without I/O: registrar of its own users, proxy between their phones,
// other peers and servers outside. It is the wiring of the rooms of sip-usage/, as reload/peer/wiring.hpp is
// that of the overlay's.
//
// The driver hands over each Input with the time, carries out the Outputs of take_outputs() in their order,
// and calls on_timer() when next_wake() has come (late is fine). What an Input is answered by is said in
// events.hpp.
//
// Who is believed to be a user of this peer: who says so with credentials or over its own flow
// (Registrar::sender_of), and within a dialog who shows the token that the proxy has given to that flow.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/element/anonymity.hpp"
#include "sip-usage/element/call_rates.hpp"
#include "sip-usage/element/claims.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/element/finder.hpp"
#include "sip-usage/element/flows.hpp"
#include "sip-usage/element/intermediary.hpp"
#include "sip-usage/element/letters.hpp"
#include "sip-usage/element/presence.hpp"
#include "sip-usage/element/settings.hpp"
#include "sip-usage/element/trunk_servers.hpp"
#include "sip-usage/element/ways.hpp"
#include "sip-usage/proxy/proxy.hpp"
#include "sip-usage/proxy/tokens.hpp"
#include "sip-usage/registrar/registrar.hpp"
#include "sip-usage/transaction/transaction_table.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_sending = 256;  // messages of programs under way

struct ElementCounters {
  std::uint64_t refused_unread = 0;  // answers to what is no message
  std::uint64_t not_sent = 0;        // stateless requests without a way
  std::uint64_t merged = 0;          // 482 (RFC 3261 §8.2.2.2)
  std::uint64_t leaving = 0;         // 503: after Shutdown
  std::uint64_t false_from = 0;      // 403: a peer's request with the From of a user of another
  std::uint64_t passed_on = 0;       // requests of other peers, as an intermediate one
  std::uint64_t not_passed_on = 0;   // these, refused: what they say, k_max_passages
  std::uint64_t too_often = 0;       // 480: calls of one user here (Settings::calls_per_second)
};

class Element {
 public:
  // `accounts` and `settings.registrar` are what registrar::check() has found good.
  // `kept_calls`: what KeepCall has said before. What KeepBindings has said comes as Restarted.
  Element(Settings settings, std::vector<registrar::Account> accounts, std::shared_ptr<Random> random,
          std::vector<CallRecord> kept_calls = {});
  Element(const Element&) = delete;
  Element& operator=(const Element&) = delete;

  void handle(Now now, Input input);
  void on_timer(Now now);
  Deadline next_wake() const;
  // Since the last time.
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }

  std::set<Aor> users() const { return registrar_.users(); }  // whose phones may register
  const CallLog& calls() const { return calls_; }
  const ElementCounters& counters() const { return counters_; }
  const FlowCounters& flow_counters() const { return flows_.counters(); }
  const proxy::Counters& proxy_counters() const { return proxy_.counters(); }
  registrar::RegistrarCounters registrar_counters() const { return registrar_.counters(); }
  const messages::KeeperCounters& kept_messages() const { return letters_.kept(); }
  const messages::CollectorCounters& collected_messages() const { return letters_.collected(); }
  const presence::CompositorCounters& published_presence() const { return presence_.published(); }
  const presence::NotifierCounters& notified_presence() const { return presence_.notified(); }
  TransactionCounters transaction_counters() const { return transactions_.counters(); }
  TableSizes tables() const;

 private:
  // What the rooms have said and what is still to be carried out, in order: no room is called while another
  // one's call goes on.
  using Work = std::variant<TransactionOutput, proxy::Output, registrar::Output, FindAnswer, WayOutput,
                            Letters::Work, ClaimAnswer, Presence::Work>;
  struct Server {  // a server transaction
    FlowId flow{};
    std::optional<std::uint16_t> answer_port;  // where it is not that of the flow
    proxy::Hop back;                           // when the flow is gone (RFC 3261 §18.2.2)
    bool is_private = false;                   // of a phone here that wants to stay unknown
    std::optional<Uri> hidden_as{};            // to such a phone: what the other side calls it
    std::optional<Passage> passage{};
    std::vector<NodeId> bad_intermediates{};
    MonoTime arrived_at{};
    Duration wait = k_wait_of_others;  // of the peer that has sent it, for the answer to a MESSAGE
  };
  struct Client {
    FlowId flow{};
    std::optional<proxy::BranchId> branch;  // none: of a CANCEL
    std::optional<Uri> phone;               // of an INVITE or MESSAGE to a phone here: its Contact
    std::optional<presence::NotifyId> notify{};
    std::optional<Hiding> hiding{};         // of what an intermediate peer is to pass on
    std::optional<TransactionId> server{};  // whose request it sends on
    bool is_passed_on = false;
  };

  void on(Now now, FlowUp& up);
  void on(Now now, PeerUp& up);
  void on(Now now, Opened& opened);
  void on(Now now, OpenFailed& failed);
  void on(Now now, Received& piece);
  void on(Now now, Congested& congested);
  void on(Now now, Drained& drained);
  void on(Now now, FlowDown& down);
  void on(Now now, RegistrationsFetched& fetched);
  void on(Now now, ServersFound& found);
  void on(Now now, QuestionFailed& failed);
  void on(Now now, OverlayWritten& written);
  void on(Now now, OverlayAnswered& answered);
  void on(Now now, CertificatesAnswered& answered);
  void on(Now now, OverlayTold& told);
  void on(Now now, WatchUser& watch);
  void on(Now now, NextSight& next);
  void on(Now now, HideSight& hide);
  void on(Now now, SendMessage& send);
  void on(Now now, ReadMailbox& read);
  void on(Now now, KeysRenewed& renewed);
  void on(Now now, Shutdown& shutdown);
  void on(Now now, Restarted& restarted);
  void on(Now now, AccountsChanged& changed);
  void bring_up(Now now, FlowState flow, std::optional<OpenId> opened);
  void end_on_flow(Now now, TransactionId transaction);
  bool is_given_up(const Parcel& parcel) const;
  void send_answer(Now now, Ready& ready);
  void on_message(Now now, FlowState& flow, Message message);
  static TransactionSender sender_of(const FlowState& flow);
  void on_refusal(FlowState& flow, const Refusal& refusal);

  // Takes what the rooms have put out until nothing is left.
  void run(Now now);
  void collect();
  template <typename Outputs>
  void add_work(Outputs outputs) {
    for (auto& each : outputs) work_.emplace_back(std::move(each));
  }

  // Of transactions.
  void act(Now now, Transmit& transmit);
  void act(Now now, RequestArrived& arrived);
  void act(Now now, AckArrived& arrived);
  void act(Now now, ResponseArrived& arrived);
  void act(Now now, TransactionFailed& failed);
  void act(Now now, TransactionEnded& ended);
  // Of the proxy.
  void act(Now now, proxy::FindTargets& find);
  void act(Now now, proxy::DropFind& drop);
  void act(Now now, proxy::StartBranch& start);
  void act(Now now, proxy::CancelBranch& cancel);
  void act(Now now, proxy::RecallBranch& recall);
  void act(Now now, proxy::EndBranch& end);
  void act(Now now, proxy::Respond& respond);
  void act(Now now, proxy::EndServer& end);
  void act(Now now, proxy::PassToPeer& pass);
  void act(Now now, proxy::SendStateless& send);
  void act(Now now, proxy::HoldFlow& hold);
  // Of the registrar.
  void act(Now now, registrar::Respond& respond);
  void act(Now now, registrar::StoreRegistration& store);
  void act(Now now, registrar::RemoveRegistration& remove);
  void act(Now now, registrar::HoldFlow& hold);
  void act(Now now, registrar::KeepBindings& keep);
  void act(Now now, registrar::ForgetBindings& forget);
  // Of kept messages (carry_out_letters.cpp).
  void act(Now now, messages::Answer& kept);
  void act(Now now, messages::Deliver& deliver);
  void note_message(MonoTime arrived_at, TransactionId transaction, const Message& request,
                    const proxy::Source& from, Duration wait_of_others = k_wait_of_others);
  static Duration take_wait(Message& request, const proxy::Source& from);
  bool tell_wait(MonoTime now, Parcel& parcel) const;
  void give_up_messages(Now now);
  void tell_of_phones(Now now, const Message& response);
  // True: it was of a request of the element's own, which has this outcome.
  bool is_of_own(Now now, proxy::ServerId server, std::optional<Message> answer);
  void give_up_own(Now now, TransactionId transaction, std::optional<Message> declined);
  void tell_sent(TransactionId transaction, unsigned status, std::optional<unsigned> retry_after_s = {});
  // Of who wants to stay unknown (carry_out_hidden.cpp).
  void note_hidden(TransactionId transaction, Message& request, const FlowState& flow);
  bool is_private(const Message& request, const proxy::Source& from) const;
  bool let_pass(Now now, TransactionId transaction, Message& request, const FlowState& flow,
                proxy::Source& from);
  bool let_ack_pass(Message& ack, const FlowState& flow, proxy::Source& from);
  bool leaves_out_route(const Message& request) const;
  bool stays_unknown(TransactionId transaction) const;
  std::optional<Uri> hidden_contact(TransactionId transaction, const Message& request);
  // Of what goes to other peers (carry_out_contacts.cpp).
  void name_in_overlay(proxy::StartBranch& start);
  void name_in_overlay(proxy::Respond& respond);
  std::optional<Uri> contact_in_overlay(const proxy::Target& phone, const Uri& contact);
  void name_for_phone(MonoTime now, proxy::SendStateless& send) const;
  void send_hidden(Now now, proxy::StartBranch& start);
  void send_by_intermediate(Now now, Parcel parcel);
  bool try_another_intermediate(Now now, Parcel& parcel);
  bool is_asked_elsewhere(Now now, Client& client, std::optional<unsigned> status);
  static bool is_of_no_use(const Parcel& parcel, const FlowState* flow);
  void mask(TransactionId transaction, Message& response);
  // Of presence (carry_out_presence.cpp).
  void act(Now now, presence::SendNotify& notify);
  void act(Now now, Watching& watching);
  bool is_of_presence(Now now, const Message& request) const;
  bool serve_presence(Now now, RequestArrived& arrived, FlowState& flow);
  std::variant<proxy::Source, Message> source_of_subscriber(Now now, const Message& request, FlowState& flow);
  void publish(Now now, TransactionId transaction, const Message& request, const proxy::Source& from);
  std::optional<unsigned> refuse_watcher(Now now, const Message& request, const proxy::Source& from,
                                         const FlowState& flow) const;
  void end_notify(MonoTime now, const Client& client, std::optional<unsigned> status);
  void tell_presence(Now now, const Aor& aor);
  std::vector<messages::OwnUser> watched_users() const;
  // Of the others.
  void act(Now now, FindAnswer& answer);
  void act(Now now, ClaimAnswer& answer);
  void act(Now now, Ready& ready);
  void act(Now now, NoWay& none);
  void act(Now now, MoreServers& more);

  void log_request(Now now, const Message& request, const proxy::Source& from);
  void tell_of_calls(MonoTime now);

  // Who sends it, or the answer that it gets instead, or which peer says that it is somebody whom its
  // certificate does not name.
  struct Claimed {
    proxy::Source source;
    Aor name;
    NodeId peer;
    bool is_of_overlay = false;
  };
  using Sending = std::variant<proxy::Source, Message, Claimed>;
  Sending source_of(Now now, const Message& request, FlowState& flow);
  Sending source_of_peer(const Message& request, const FlowState& flow);
  Sending source_of_another_domain(proxy::Source peer, const Uri& from, const FlowState& flow) const;
  Message refuse_name(const Message& request);
  void ask_for_name(Now now, TransactionId transaction, Message request, Claimed claimed);
  void judge(Now now, Claim& claim, const NameFacts& facts);
  void pass_or_serve(Now now, TransactionId transaction, Message request, proxy::Source from);
  void serve(Now now, TransactionId transaction, Message request, proxy::Source from);
  void cancel(Now now, RequestArrived& arrived, const proxy::Source& from, const FlowState& flow);
  bool is_called_too_often(MonoTime now, const Message& request, const proxy::Source& from);
  bool is_user_of_overlay(MonoTime now, const Uri& uri) const;
  bool is_nameless_phone(const Message& request, const FlowState& flow) const;
  void name_this_registrar(MonoTime now, Message& request) const;
  bool is_for_this_peer(const Message& request) const;
  bool is_from_same(const FlowState& flow, TransactionId invite);
  std::optional<proxy::NetworkFlow> way_of_peer(FlowId id);
  bool shows_own_token(const Message& request, const FlowState& flow) const;
  bool may_be_of_user(Now now, const Message& request) const;
  void answer(Now now, TransactionId transaction, const Message& response);
  void serve_options(Now now, TransactionId transaction, const Message& request);
  std::string new_tag();
  Message busy(const Message& request);

  Settings settings_;
  std::shared_ptr<Random> random_;
  TransactionTable transactions_;
  registrar::Registrar registrar_;
  proxy::Proxy proxy_;
  proxy::Tokens tokens_;
  Flows flows_;
  Finder finder_;
  TrunkServers trunk_;
  Claims claims_;
  Ways ways_;
  Letters letters_;
  Presence presence_;
  std::map<TransactionId, SendId> sending_;  // of programs; these transactions are none of transactions_
  std::uint64_t last_sent_ = 0;
  Intermediary intermediary_;
  IntermediateChoice intermediates_;
  std::map<TransactionId, Server> servers_;
  std::map<TransactionId, Client> clients_;
  std::unordered_map<proxy::BranchId, TransactionId> transaction_of_;
  CallLog calls_;
  CallRates call_rates_;
  Deadline tell_calls_at_;  // when there is something to be told
  std::deque<Work> work_;
  std::vector<Output> outputs_;
  bool is_leaving_ = false;
  ElementCounters counters_;
};

}  // namespace ringway::sip::element

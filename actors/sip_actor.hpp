// The actor around sip::element::Element: it gives it what phones send and what the overlay answers, and
// carries out what it says. Where phones are called from the overlay is RFC 7904.
#pragma once

#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "actors/alarm.hpp"
#include "actors/interfaces.hpp"
#include "actors/peer_log.hpp"
#include "actors/sip_peers.hpp"
#include "actors/sip_servers.hpp"
#include "actors/system_clock.hpp"
#include "net/phones/phone_transports.hpp"
#include "reload/data/client.hpp"
#include "sip-usage/element/element.hpp"

namespace ringway::actors {

// Calls to storage have numbers: applications count from 1, and storage from data::k_first_own_number.
inline constexpr std::uint64_t k_first_sip_call = std::uint64_t{1} << 61U;
static_assert(k_first_sip_call < data::k_first_own_number);

struct SipSetup {
  std::string name;  // for the log
  std::shared_ptr<sip::element::Element> element;
  // In whose name registrations are stored (data::PutCall::as_user), by the address of the user.
  std::map<sip::Aor, std::string> writers;
  std::shared_ptr<net::phones::PhoneTransports> phones;
  std::shared_ptr<const Clock> clock;
  MailboxesPtr mailboxes;
  std::shared_ptr<CallBound> bound;                                // of calls to storage
  std::shared_ptr<net::app_links::AppLinks> peer_links = nullptr;  // null: no other peer is called
  std::shared_ptr<net::dns::Resolver> resolver = nullptr;          // null: DNS is not asked
};

class SipDriver {
 public:
  using Interface = SipActor;
  using Setup = SipSetup;

  SipDriver(SipActor::pointer self, SipSetup setup);
  SipActor::behavior_type make_behavior();

 private:
  void handle(SipBatch& batch);
  void handle(SipPeerBatch& batch);
  void tick(std::uint64_t generation);
  void tell_calls(const CallLogOrder& order) const;
  void show(SightOrder& order);
  // Of inputs that answer what was asked for here.
  void note_answer(const sip::element::Input& input);
  void send_message(SendMessageOrder& order);
  void read_mailbox(MailboxOrder& order);
  caf::typed_response_promise<LeftAtom> leave();
  SipReportPtr report() const;

  void step(sip::element::Input input);
  void end_turn();
  bool feed_from_peers();
  bool tell_congested();
  // Notes what a flow is, and says which wish it fulfils.
  void note(sip::element::FlowUp& up);
  bool is_failed_opening(const sip::element::FlowDown& down);

  void perform(sip::element::Send& send);
  void perform(sip::element::SendToPort& send);
  void perform(sip::element::GiveCredit& give);
  void perform(sip::element::HoldFlow& hold);
  void perform(sip::element::CloseFlow& close);
  void perform(sip::element::OpenAddress& open);
  void perform(sip::element::OpenPeer& open);
  void perform(sip::element::FetchFromOverlay& fetch);
  void perform(sip::element::AskServers& ask);
  void perform(sip::element::DropQuestion& drop);
  void perform(sip::element::StoreRegistration& store);
  void perform(sip::element::RemoveRegistration& remove);
  void perform(sip::element::AskOverlay& ask);
  void perform(sip::element::AskCertificates& ask);
  void perform(sip::element::WatchOverlay& watch);
  void perform(sip::element::EndOverlayWatch& end);
  void perform(sip::element::ShowSight& show);
  void perform(sip::element::MessageSent& sent);
  void perform(sip::element::MailboxRead& read);
  void perform(sip::element::KeepCall& keep);
  void perform(sip::element::ForgetCall& forget);
  void perform(sip::element::KeepBindings& keep);
  void perform(sip::element::ForgetBindings& forget);
  void perform(sip::element::Log& log);

  // The answer to what the element asked for while its outputs are carried out: it comes in its turn.
  void answer_later(sip::element::Input input);
  // One call to storage; `done` makes the element's input of its result.
  void call(data::Call call, std::function<sip::element::Input(const data::CallResult&)> done);
  void write(sip::registrar::OverlayRequestId request, const sip::Aor& aor, data::Call call);

  SipActor::pointer self_;
  SipSetup setup_;
  std::shared_ptr<spdlog::logger> log_;
  SipPeers peers_;
  std::optional<SipServers> servers_;
  Alarm alarm_;
  std::uint64_t last_call_ = k_first_sip_call;
  std::set<sip::element::FlowId> up_;  // bounded by the sockets
  std::unordered_map<sip::element::FlowId, std::vector<sip::element::OpenId>>
      opening_;                                                    // bounded by the element
  std::vector<sip::element::FlowId> congested_;                    // this turn
  std::map<sip::presence::WatchId, std::uint64_t> watches_;        // at storage; bounded by the element
  std::map<sip::presence::OnlookerId, SightHandlePtr> onlookers_;  // bounded by the element
  std::size_t writes_under_way_ = 0;
  // Of programs; bounded by the element, which answers what is too much at once.
  std::map<sip::element::SendId, Answer<MessageResult>> sending_;
  std::map<sip::messages::ReadId, Answer<MailboxResult>> reading_;
  std::uint64_t last_order_ = 0;
  std::optional<caf::typed_response_promise<LeftAtom>> leaving_;
};

}  // namespace ringway::actors

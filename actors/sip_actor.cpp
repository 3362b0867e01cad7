#include "actors/sip_actor.hpp"

#include <caf/send.hpp>
#include <utility>

#include "actors/driver.hpp"
#include "actors/phone_bridge.hpp"
#include "actors/system_random.hpp"
#include "reload/config/kinds.hpp"
#include "reload/link/link_id.hpp"
#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::actors {

namespace {

namespace element = sip::element;

net::phones::FlowId phone_flow(element::FlowId flow) { return {static_cast<std::uint64_t>(flow)}; }

std::optional<net::phones::Transport> transport_of(const std::string& name) {
  using net::phones::Transport;
  for (const auto each : {Transport::udp, Transport::tcp, Transport::tls})
    if (name_of(each) == name) return each;
  return std::nullopt;
}

std::optional<wire::IpAddressPort> address_of(const element::Endpoint& remote) {
  const bool is_ipv6 = remote.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? '[' + remote.host + ']' : remote.host;
  wire::IpAddressPort out;
  if (!link::parse_address(host + ':' + std::to_string(remote.port), out)) return std::nullopt;
  return out;
}

element::Input registrations_of(element::QuestionId question, const data::CallResult& result) {
  if (const auto* got = std::get_if<data::GetResult>(&result)) {
    element::RegistrationsFetched out{question, {}};
    for (const data::Entry& entry : got->entries)
      out.found.push_back({entry.writer_node, entry.value, entry.lifetime_s});
    return out;
  }
  const auto* failure = std::get_if<data::CallFailure>(&result);
  if (failure != nullptr && failure->error == data::CallError::not_found)
    return element::RegistrationsFetched{question, {}};
  return element::QuestionFailed{question,
                                 failure != nullptr ? failure->message : "an answer to another call"};
}

// Who leaves takes its users' presence from the overlay first, and notes there which messages a phone has
// been shown, lest it be shown them again.
bool is_waited_for(element::Room room) {
  return room == element::Room::presence || room == element::Room::collector;
}

}  // namespace

SipDriver::SipDriver(SipActor::pointer self, SipSetup setup)
    : self_(self),
      setup_(std::move(setup)),
      log_(peer_log(setup_.name)),
      peers_(setup_.peer_links, setup_.clock, setup_.mailboxes),
      alarm_([self](Duration delay, std::uint64_t generation) {
        self->delayed_send(self, delay, TickAtom::value, generation);
      }) {
  if (!setup_.resolver) return;
  servers_.emplace(setup_.resolver, std::make_unique<SystemRandom>(),
                   [mailboxes = setup_.mailboxes](element::Input answer) {
                     caf::anon_send(mailboxes->sip, SipBatch(std::move(answer)));
                   });
}

SipActor::behavior_type SipDriver::make_behavior() {
  return {
      [this](SipBatch& batch) { handle(batch); },
      [this](SipPeerBatch& batch) { handle(batch); },
      [this](TickAtom, std::uint64_t generation) { tick(generation); },
      [this](LeaveAtom) { return leave(); },
      [this](CallLogOrder& order) { tell_calls(order); },
      [this](SightOrder& order) { show(order); },
      [this](SendMessageOrder& order) { send_message(order); },
      [this](MailboxOrder& order) { read_mailbox(order); },
      [this](StatusAtom) { return report(); },
  };
}

void SipDriver::handle(SipBatch& batch) {
  for (auto& input : *batch.inputs) {
    if (auto* up = std::get_if<element::FlowUp>(&input)) note(*up);
    if (const auto* down = std::get_if<element::FlowDown>(&input);
        down != nullptr && is_failed_opening(*down))
      continue;
    note_answer(input);
    step(std::move(input));
  }
  end_turn();
}

void SipDriver::note_answer(const element::Input& input) {
  if (std::holds_alternative<element::OverlayWritten>(input)) --writes_under_way_;
  const auto* answered = std::get_if<element::OverlayAnswered>(&input);
  if (answered != nullptr && is_waited_for(answered->room)) --writes_under_way_;
  if (const auto* hide = std::get_if<element::HideSight>(&input)) {
    const auto onlooker = onlookers_.extract(hide->onlooker);
    if (onlooker) onlooker.mapped()->forget();
  }
  const auto* told = std::get_if<element::OverlayTold>(&input);
  if (told == nullptr) return;
  const auto watch = watches_.find(told->watch);
  if (watch == watches_.end()) return;
  if (std::holds_alternative<data::CallFailure>(told->result))
    watches_.erase(watch);
  else
    caf::anon_send(setup_.mailboxes->storage, WatchNextAtom::value, watch->second);
}

void SipDriver::handle(SipPeerBatch& batch) {
  peers_.handle(batch);
  end_turn();
}

void SipDriver::tick(std::uint64_t generation) {
  if (!alarm_.rang(generation)) return;
  peers_.tick();
  setup_.element->on_timer(setup_.clock->now());
  end_turn();
}

// Callers must not be led to a peer that has gone: the registrations are removed first.
caf::typed_response_promise<LeftAtom> SipDriver::leave() {
  auto promise = self_->make_response_promise<LeftAtom>();
  leaving_ = promise;
  step(element::Shutdown{});
  end_turn();
  return promise;
}

SipReportPtr SipDriver::report() const {
  SipReport out;
  out.listening_on = setup_.phones->listening_on();
  out.transports = setup_.phones->counters();
  out.registrar = setup_.element->registrar_counters();
  out.proxy = setup_.element->proxy_counters();
  out.element = setup_.element->counters();
  out.transactions = setup_.element->transaction_counters();
  out.tables = setup_.element->tables();
  if (servers_)
    for (const auto& table : servers_->tables()) out.tables.push_back(table);
  peers_.report(out);
  return std::make_shared<const SipReport>(std::move(out));
}

void SipDriver::step(element::Input input) { setup_.element->handle(setup_.clock->now(), std::move(input)); }

void SipDriver::end_turn() {
  do {
    for (auto& output : setup_.element->take_outputs())
      std::visit([this](auto& each) { perform(each); }, output);
  } while (tell_congested() || feed_from_peers());
  const auto wake = sooner(setup_.element->next_wake(), peers_.next_wake());
  alarm_.set(setup_.clock->now().mono, wake ? std::optional(*wake) : std::nullopt);
  if (leaving_ && writes_under_way_ == 0) std::exchange(leaving_, std::nullopt)->deliver(LeftAtom::value);
}

// False: there was nothing.
bool SipDriver::feed_from_peers() {
  auto inputs = peers_.settle();
  for (auto& input : inputs) step(std::move(input));
  return !inputs.empty();
}

// Within the turn: Drained may be in the mailbox already, and must come after it, or the flow would never be
// read again.
bool SipDriver::tell_congested() {
  const auto congested = std::exchange(congested_, {});
  for (const auto flow : congested) step(element::Congested{flow});
  return !congested.empty();
}

// ---- flows

void SipDriver::note(element::FlowUp& up) {
  up_.insert(up.flow);
  const auto opens = opening_.extract(up.flow);
  if (!opens) return;
  up.opened = opens.mapped().front();
  for (auto at = opens.mapped().begin() + 1; at != opens.mapped().end(); ++at)
    answer_later(element::Opened{*at, up.flow});
}

bool SipDriver::is_failed_opening(const element::FlowDown& down) {
  up_.erase(down.flow);
  const auto opens = opening_.extract(down.flow);
  if (!opens) return false;
  for (const auto open : opens.mapped()) step(element::OpenFailed{open, down.reason});
  return true;
}

void SipDriver::perform(element::Send& send) {
  using net::phones::Given;
  const auto given = is_of_peer(send.flow)
                         ? peers_.send(send.flow, std::move(send.octets))
                         : setup_.phones->send(phone_flow(send.flow), std::move(send.octets));
  // Of what was refused, FlowDown tells; a datagram is lost, as others are.
  if (given == Given::half_full) congested_.push_back(send.flow);
}

void SipDriver::perform(element::SendToPort& send) {
  setup_.phones->send_to_port(phone_flow(send.flow), send.port, std::move(send.octets));
}

void SipDriver::perform(element::GiveCredit& give) {
  if (is_of_peer(give.flow)) return peers_.credit(give.flow, give.credit);
  setup_.phones->credit(phone_flow(give.flow), give.credit);
}

void SipDriver::perform(element::HoldFlow& hold) {
  if (is_of_peer(hold.flow)) return peers_.hold(hold.flow, hold.held);
  setup_.phones->hold(phone_flow(hold.flow), hold.held);
}

void SipDriver::perform(element::CloseFlow& close) {
  if (is_of_peer(close.flow)) return peers_.close(close.flow, std::move(close.reason));
  setup_.phones->close(phone_flow(close.flow), std::move(close.reason));
}

void SipDriver::perform(element::OpenAddress& open) {
  const auto transport = transport_of(open.transport);
  const auto remote = address_of(open.remote);
  if (!transport || !remote)
    return answer_later(
        element::OpenFailed{open.open, "no way to " + open.transport + ' ' + open.remote.host});
  const auto& name = open.server_name.empty() ? open.remote.host : open.server_name;
  const auto local = address_of(open.local).value_or(wire::IpAddressPort{});
  const auto flow = setup_.phones->connect(*transport, *remote, name, local);
  if (!flow) return answer_later(element::OpenFailed{open.open, flow.error().reason});
  const auto id = element_flow(*flow);
  if (up_.contains(id)) return answer_later(element::Opened{open.open, id});
  opening_[id].push_back(open.open);  // of UDP two names may mean one flow
}

void SipDriver::perform(element::OpenPeer& open) { peers_.open(std::move(open)); }

// ---- the overlay

void SipDriver::perform(element::FetchFromOverlay& fetch) {
  data::GetCall get;
  get.key = fetch.aor.name();
  get.kind = config::k_sip_registration;
  call(std::move(get), [question = fetch.question](const data::CallResult& result) {
    return registrations_of(question, result);
  });
}

void SipDriver::perform(element::StoreRegistration& store) {
  const auto value = wire::encode_checked(store.registration);
  if (!value) {
    ++writes_under_way_;
    return answer_later(element::OverlayWritten{store.request, false});
  }
  data::PutCall put;
  put.key = store.aor.name();
  put.kind = config::k_sip_registration;
  put.value = *value;
  put.lifetime_s = store.lifetime_s;
  write(store.request, store.aor, std::move(put));
}

void SipDriver::perform(element::RemoveRegistration& remove) {
  data::RemoveCall gone;
  gone.key = remove.aor.name();
  gone.kind = config::k_sip_registration;
  write(remove.request, remove.aor, std::move(gone));
}

void SipDriver::write(sip::registrar::OverlayRequestId request, const sip::Aor& aor, data::Call order) {
  ++writes_under_way_;
  const auto writer = setup_.writers.find(aor);
  if (writer == setup_.writers.end()) return answer_later(element::OverlayWritten{request, false});
  std::visit(
      [&](auto& each) {
        if constexpr (requires { each.as_user; }) each.as_user = writer->second;
      },
      order);
  call(std::move(order), [request, log = log_, user = aor.name()](const data::CallResult& result) {
    const auto* failure = std::get_if<data::CallFailure>(&result);
    if (failure != nullptr)
      log->warn("the overlay does not take the registration of {}: {}", user, failure->message);
    return element::OverlayWritten{request, failure == nullptr};
  });
}

// In whose name it is written says the call itself. Of presence only writes are asked for, and the peer does
// not leave before they are done.
void SipDriver::perform(element::AskOverlay& ask) {
  if (is_waited_for(ask.room)) ++writes_under_way_;
  call(std::move(ask.call), [room = ask.room, id = ask.id](const data::CallResult& result) {
    return element::OverlayAnswered{room, id, result};
  });
}

void SipDriver::perform(element::AskCertificates& ask) {
  const auto answer = [sip = setup_.mailboxes->sip, room = ask.room,
                       id = ask.id](data::CertificatesFound found) {
    caf::anon_send(sip, SipBatch(element::CertificatesAnswered{room, id, std::move(found.certificates),
                                                               std::move(found.failure)}));
  };
  const auto stopped = [] {
    return data::CertificatesFound{
        0, {}, data::CallFailure{data::CallError::unavailable, "the peer has stopped", 0}};
  };
  caf::anon_send(
      setup_.mailboxes->storage,
      CertificatesOrder{std::move(ask.user_name), Answer<data::CertificatesFound>(answer, stopped)});
}

void SipDriver::perform(element::WatchOverlay& watch) {
  const std::uint64_t token = ++last_call_;
  watches_.emplace(watch.watch, token);
  auto event = [sip = setup_.mailboxes->sip, id = watch.watch](data::WatchResult result) {
    caf::anon_send(sip, SipBatch(element::OverlayTold{id, std::move(result)}));
  };
  caf::anon_send(
      setup_.mailboxes->storage,
      WatchOrder{token, {std::move(watch.key), {}, {}}, std::make_shared<WatchHandle>(std::move(event))});
}

void SipDriver::perform(element::EndOverlayWatch& end) {
  const auto watch = watches_.extract(end.watch);
  if (watch) caf::anon_send(setup_.mailboxes->storage, EndWatchAtom::value, watch.mapped());
}

void SipDriver::call(data::Call order, std::function<element::Input(const data::CallResult&)> done) {
  auto answer = [sip = setup_.mailboxes->sip,
                 done = std::move(done)](const std::vector<data::CallResult>& results) {
    caf::anon_send(sip, SipBatch(done(results.front())));
  };
  if (!setup_.bound->take(1)) {
    return answer(
        Submission::refuse(1, data::CallError::unavailable, "too many calls are under way at this peer"));
  }
  caf::anon_send(setup_.mailboxes->storage,
                 std::make_shared<Submission>(++last_call_, std::vector<data::Call>{std::move(order)},
                                              std::move(answer), setup_.bound));
}

// ---- others

void SipDriver::perform(element::AskServers& ask) {
  if (!servers_) return answer_later(element::QuestionFailed{ask.question, "DNS is not asked"});
  servers_->ask(ask);
}

// Of the overlay's answer nobody takes notice then.
void SipDriver::perform(element::DropQuestion& drop) {
  if (servers_) servers_->drop(drop.question);
}

void SipDriver::perform(element::KeepCall& keep) {
  caf::anon_send(setup_.mailboxes->committer,
                 data::PutFact{call_fact(keep.record.number), sip::encode(keep.record)});
}

void SipDriver::perform(element::ForgetCall& forget) {
  caf::anon_send(setup_.mailboxes->committer, data::DropFact{call_fact(forget.number)});
}

void SipDriver::perform(element::KeepBindings& keep) {
  caf::anon_send(setup_.mailboxes->committer, data::PutFact{binding_fact(keep.aor), std::move(keep.octets)});
}

void SipDriver::perform(element::ForgetBindings& forget) {
  caf::anon_send(setup_.mailboxes->committer, data::DropFact{binding_fact(forget.aor)});
}

void SipDriver::tell_calls(const CallLogOrder& order) const {
  order.done(setup_.element->calls().newest(order.limit, order.user));
}

void SipDriver::show(SightOrder& order) {
  onlookers_.emplace(order.watch.onlooker, std::move(order.handle));
  step(std::move(order.watch));
  end_turn();
}

void SipDriver::perform(element::ShowSight& show) {
  const auto found = onlookers_.find(show.onlooker);
  if (found == onlookers_.end()) return;
  const SightHandlePtr handle = found->second;
  if (std::holds_alternative<data::CallFailure>(show.result)) onlookers_.erase(found);
  handle->give(std::move(show.result));
}

void SipDriver::send_message(SendMessageOrder& order) {
  order.message.id = element::SendId{++last_order_};
  sending_.emplace(order.message.id, std::move(order.done));
  step(std::move(order.message));
  end_turn();
}

void SipDriver::read_mailbox(MailboxOrder& order) {
  const sip::messages::ReadId id{++last_order_};
  reading_.emplace(id, std::move(order.done));
  step(element::ReadMailbox{id, std::move(order.request)});
  end_turn();
}

void SipDriver::perform(element::MessageSent& sent) {
  if (const auto waiting = sending_.extract(sent.id))
    waiting.mapped()(MessageOutcome{sent.status, sent.retry_after_s});
}

void SipDriver::perform(element::MailboxRead& read) {
  if (const auto waiting = reading_.extract(read.id)) waiting.mapped()(std::move(read.result));
}

void SipDriver::perform(element::Log& log) { log_->info("phones: {}", log.line); }

void SipDriver::answer_later(element::Input input) {
  caf::anon_send(setup_.mailboxes->sip, SipBatch(std::move(input)));
}

}  // namespace ringway::actors

#include "actors/peer_impl.hpp"

#include <caf/send.hpp>
#include <utility>

namespace ringway::actors {

namespace {

data::CallFailure no_phones() {
  return {data::CallError::failed_precondition, "this peer serves no phones (ringwayd --sip-listen)", 0};
}
data::CallFailure has_stopped() {
  return {data::CallError::unavailable, "the peer has stopped: ask another peer", 0};
}

data::ServiceDone service_has_stopped() { return {0, has_stopped()}; }

}  // namespace

PeerImpl::~PeerImpl() {
  caf::anon_send(parts_.mailboxes->supervisor, StopAtom::value);
  if (!CallbackScope::active()) parts_.stopped.wait();
}

Peer::CallToken PeerImpl::submit(std::vector<data::Call> calls,
                                 std::function<void(std::vector<data::CallResult>)> done) {
  const CallToken token = ++last_token_;
  if (!parts_.bound->take(calls.size())) {
    done(Submission::refuse(calls.size(), data::CallError::resource_exhausted,
                            "too many calls are under way at this peer: try again later"));
    return token;
  }
  caf::anon_send(parts_.mailboxes->storage,
                 std::make_shared<Submission>(token, std::move(calls), std::move(done), parts_.bound));
  return token;
}

void PeerImpl::cancel(CallToken token) {
  caf::anon_send(parts_.mailboxes->storage, CancelAtom::value, token);
}

Peer::CallToken PeerImpl::watch(data::WatchCall call, std::function<void(data::WatchResult)> event) {
  const CallToken token = ++last_token_;
  caf::anon_send(parts_.mailboxes->storage,
                 WatchOrder{token, std::move(call), std::make_shared<WatchHandle>(std::move(event))});
  return token;
}

void PeerImpl::watch_next(CallToken token) {
  caf::anon_send(parts_.mailboxes->storage, WatchNextAtom::value, token);
}

void PeerImpl::cancel_watch(CallToken token) {
  caf::anon_send(parts_.mailboxes->storage, EndWatchAtom::value, token);
}

void PeerImpl::status(std::function<void(PeerStatus)> done) {
  const auto stopped = [identity = parts_.identity] {
    PeerStatus status = identity;
    status.routing.phase = "left";
    return status;
  };
  caf::anon_send(parts_.mailboxes->supervisor, Answer<PeerStatus>(std::move(done), stopped));
}

void PeerImpl::ping(wire::Destination destination, Duration deadline, std::function<void(PingOutcome)> done) {
  const auto stopped = [] {
    PingOutcome outcome;
    outcome.reason = "the peer has stopped";
    return outcome;
  };
  caf::anon_send(parts_.mailboxes->routing,
                 PingOrder{std::move(destination), deadline, Answer<PingOutcome>(std::move(done), stopped)});
}

void PeerImpl::use_credentials(std::string private_key_pem, std::string certificates_pem,
                               std::function<void(std::optional<std::string>)> done) {
  const auto stopped = [] { return std::optional<std::string>("the peer has stopped"); };
  caf::anon_send(parts_.mailboxes->supervisor,
                 CredentialsOrder{std::move(private_key_pem), std::move(certificates_pem),
                                  Answer<std::optional<std::string>>(std::move(done), stopped)});
}

void PeerImpl::use_users(std::vector<UserCredentials> users,
                         std::function<void(std::optional<std::string>)> done) {
  const auto stopped = [] { return std::optional<std::string>("the peer has stopped"); };
  caf::anon_send(parts_.mailboxes->supervisor,
                 UsersOrder{std::move(users), Answer<std::optional<std::string>>(std::move(done), stopped)});
}

void PeerImpl::use_phones(std::vector<sip::registrar::Account> accounts,
                          std::function<void(std::optional<std::string>)> done) {
  const auto stopped = [] { return std::optional<std::string>("the peer has stopped"); };
  caf::anon_send(parts_.mailboxes->supervisor,
                 PhonesOrder{std::make_shared<std::vector<sip::registrar::Account>>(std::move(accounts)),
                             Answer<std::optional<std::string>>(std::move(done), stopped)});
}

void PeerImpl::use_relay_secrets(std::shared_ptr<RelaySecrets> secrets,
                                 std::function<void(std::optional<std::string>)> done) {
  if (!parts_.relay.actor) return done("this peer relays nothing");
  const auto stopped = [] { return std::optional<std::string>("the peer has stopped"); };
  caf::anon_send(parts_.relay.actor, RelaySecretsOrder{std::move(secrets), Answer<std::optional<std::string>>(
                                                                               std::move(done), stopped)});
}

void PeerImpl::offer_document(SharedBytes document, std::function<void(routing::DocumentOffer)> done) {
  const auto stopped = [] {
    return routing::DocumentOffer{routing::DocumentOffer::Verdict::refused, "the peer has stopped"};
  };
  caf::anon_send(
      parts_.mailboxes->routing,
      DocumentOrder{std::move(document), Answer<routing::DocumentOffer>(std::move(done), stopped)});
}

void PeerImpl::find_certificates(data::CertificatesOf of, std::function<void(data::CertificatesFound)> done) {
  const auto stopped = [] {
    return data::CertificatesFound{
        0, {}, data::CallFailure{data::CallError::unavailable, "the peer has stopped", 0}};
  };
  caf::anon_send(parts_.mailboxes->storage,
                 CertificatesOrder{std::move(of), Answer<data::CertificatesFound>(std::move(done), stopped)});
}

void PeerImpl::register_service(std::string service, std::uint32_t lifetime_s,
                                std::function<void(data::ServiceDone)> done) {
  caf::anon_send(parts_.mailboxes->storage,
                 ServiceOrder{data::RegisterService{0, std::move(service), lifetime_s},
                              Answer<data::ServiceDone>(std::move(done), service_has_stopped)});
}

void PeerImpl::unregister_service(std::string service, std::function<void(data::ServiceDone)> done) {
  caf::anon_send(parts_.mailboxes->storage,
                 ServiceOrder{data::UnregisterService{0, std::move(service)},
                              Answer<data::ServiceDone>(std::move(done), service_has_stopped)});
}

void PeerImpl::find_service(std::string service, std::optional<NodeId> key,
                            std::function<void(data::ServiceDone)> done) {
  caf::anon_send(parts_.mailboxes->storage,
                 ServiceOrder{data::FindService{0, std::move(service), key},
                              Answer<data::ServiceDone>(std::move(done), service_has_stopped)});
}

void PeerImpl::advertise_relay(wire::IpAddressPort address) {
  StorageBatch batch;
  batch.inputs.emplace_back(data::AdvertiseRelay{std::move(address)});
  caf::anon_send(parts_.mailboxes->storage, std::move(batch));
}

void PeerImpl::withdraw_relay() {
  StorageBatch batch;
  batch.inputs.emplace_back(data::WithdrawRelay{});
  caf::anon_send(parts_.mailboxes->storage, std::move(batch));
}

void PeerImpl::find_relays(std::size_t wanted, std::function<void(data::RelaysFound)> done) {
  const auto stopped = [] { return data::RelaysFound{0, {}, has_stopped()}; };
  caf::anon_send(parts_.mailboxes->storage,
                 RelaysOrder{wanted, Answer<data::RelaysFound>(std::move(done), stopped)});
}

void PeerImpl::call_log(std::optional<std::string> user, std::size_t limit,
                        std::function<void(CallLogResult)> done) {
  if (!parts_.mailboxes->sip) return done(no_phones());
  CallLogOrder order;
  order.limit = limit;
  if (user) {
    auto aor = sip::Aor::of_user_name(*user);
    if (!aor) return done(std::vector<sip::CallRecord>{});
    order.user = *std::move(aor);
  }
  order.done = Answer<CallLogResult>(std::move(done), [] { return CallLogResult(has_stopped()); });
  caf::anon_send(parts_.mailboxes->sip, std::move(order));
}

void PeerImpl::send_message(TextMessage message, std::function<void(MessageResult)> done) {
  if (!parts_.mailboxes->sip) return done(no_phones());
  auto sender = sip::Aor::of_user_name(message.sender);
  if (!sender) return done(data::CallFailure{data::CallError::not_found, sender.error().reason, 0});
  auto recipient = sip::Uri::parse(message.recipient);
  if (!recipient)
    return done(data::CallFailure{data::CallError::invalid_argument, recipient.error().reason, 0});
  SendMessageOrder order;
  order.message = {{},
                   *std::move(sender),
                   *std::move(recipient),
                   std::move(message.content_type),
                   std::move(message.body),
                   message.expires_s};
  order.done = Answer<MessageResult>(std::move(done), [] { return MessageResult(has_stopped()); });
  caf::anon_send(parts_.mailboxes->sip, std::move(order));
}

void PeerImpl::mailbox(std::string user, std::size_t limit, std::vector<sip::messages::MessageName> take_away,
                       std::function<void(MailboxResult)> done) {
  if (!parts_.mailboxes->sip) return done(no_phones());
  auto aor = sip::Aor::of_user_name(user);
  if (!aor) return done(data::CallFailure{data::CallError::not_found, aor.error().reason, 0});
  MailboxOrder order;
  order.request = {*std::move(aor), limit, std::move(take_away)};
  order.done = Answer<MailboxResult>(std::move(done), [] { return MailboxResult(has_stopped()); });
  caf::anon_send(parts_.mailboxes->sip, std::move(order));
}

Peer::CallToken PeerImpl::watch_user(std::string address, std::string as_user,
                                     std::function<void(sip::presence::SightResult)> event) {
  const CallToken token = ++last_token_;
  if (!parts_.mailboxes->sip) {
    event(data::CallFailure{data::CallError::failed_precondition,
                            "this peer serves no phones (ringwayd --sip-listen)", 0});
    return token;
  }
  caf::anon_send(parts_.mailboxes->sip,
                 SightOrder{{sip::presence::OnlookerId{token}, std::move(address), std::move(as_user)},
                            std::make_shared<SightHandle>(std::move(event))});
  return token;
}

void PeerImpl::next_sight(CallToken token) {
  if (parts_.mailboxes->sip)
    caf::anon_send(parts_.mailboxes->sip,
                   SipBatch(sip::element::NextSight{sip::presence::OnlookerId{token}}));
}

void PeerImpl::cancel_sight(CallToken token) {
  if (parts_.mailboxes->sip)
    caf::anon_send(parts_.mailboxes->sip,
                   SipBatch(sip::element::HideSight{sip::presence::OnlookerId{token}}));
}

void PeerImpl::leave(std::function<void()> done) {
  caf::anon_send(parts_.mailboxes->supervisor, LeaveAtom::value,
                 Answer<Stopped>([done = std::move(done)](Stopped) { done(); }, [] { return Stopped{}; }));
}

}  // namespace ringway::actors

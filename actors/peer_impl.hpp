// The public Peer over its actors: every call becomes one message.
#pragma once

#include <atomic>
#include <future>
#include <memory>

#include "actors/interfaces.hpp"
#include "actors/peer.hpp"
#include "actors/relay_actor.hpp"
#include "actors/submission.hpp"

namespace ringway::actors {

class PeerImpl : public Peer {
 public:
  struct Parts {
    std::shared_ptr<PeerHost> host;  // first, so that it goes last
    MailboxesPtr mailboxes;
    std::shared_ptr<CallBound> bound;
    std::future<void> stopped;
    PeerStatus identity;
    std::vector<net::phones::PhoneListen> phones_listening_on;
    RunningRelay relay{};
  };
  explicit PeerImpl(Parts parts) : parts_(std::move(parts)) {}
  // Stops without leaving the ring, and waits for the end unless a callback of this peer is running here.
  ~PeerImpl() override;
  PeerImpl(const PeerImpl&) = delete;
  PeerImpl& operator=(const PeerImpl&) = delete;

  CallToken submit(std::vector<data::Call> calls,
                   std::function<void(std::vector<data::CallResult>)> done) override;
  void cancel(CallToken token) override;
  CallToken watch(data::WatchCall call, std::function<void(data::WatchResult)> event) override;
  void watch_next(CallToken token) override;
  void cancel_watch(CallToken token) override;
  void status(std::function<void(PeerStatus)> done) override;
  void ping(wire::Destination destination, Duration deadline, std::function<void(PingOutcome)> done) override;
  void use_credentials(std::string private_key_pem, std::string certificates_pem,
                       std::function<void(std::optional<std::string>)> done) override;
  void use_users(std::vector<UserCredentials> users,
                 std::function<void(std::optional<std::string>)> done) override;
  void use_phones(std::vector<sip::registrar::Account> accounts,
                  std::function<void(std::optional<std::string>)> done) override;
  void use_relay_secrets(std::shared_ptr<RelaySecrets> secrets,
                         std::function<void(std::optional<std::string>)> done) override;
  void offer_document(SharedBytes document, std::function<void(routing::DocumentOffer)> done) override;
  void find_certificates(data::CertificatesOf of, std::function<void(data::CertificatesFound)> done) override;
  void register_service(std::string service, std::uint32_t lifetime_s,
                        std::function<void(data::ServiceDone)> done) override;
  void unregister_service(std::string service, std::function<void(data::ServiceDone)> done) override;
  void find_service(std::string service, std::optional<NodeId> key,
                    std::function<void(data::ServiceDone)> done) override;
  void advertise_relay(wire::IpAddressPort address) override;
  void withdraw_relay() override;
  void find_relays(std::size_t wanted, std::function<void(data::RelaysFound)> done) override;
  void call_log(std::optional<std::string> user, std::size_t limit,
                std::function<void(CallLogResult)> done) override;
  CallToken watch_user(std::string address, std::string as_user,
                       std::function<void(sip::presence::SightResult)> event) override;
  void next_sight(CallToken token) override;
  void cancel_sight(CallToken token) override;
  void send_message(TextMessage message, std::function<void(MessageResult)> done) override;
  void mailbox(std::string user, std::size_t limit, std::vector<sip::messages::MessageName> take_away,
               std::function<void(MailboxResult)> done) override;
  void leave(std::function<void()> done) override;
  NodeId node_id() const override { return parts_.identity.node; }
  wire::IpAddressPort listening_on() const override { return parts_.identity.listening_on; }
  std::vector<net::phones::PhoneListen> phones_listening_on() const override {
    return parts_.phones_listening_on;
  }
  std::vector<std::string> relay_listening_on() const override { return parts_.relay.listening_on; }

 private:
  Parts parts_;
  std::atomic<CallToken> last_token_{0};
};

}  // namespace ringway::actors

// A peer that records what it is asked and answers when the test says so.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/peer.hpp"
#include "actors/relay_settings.hpp"

namespace ringway::services {

class FakePeer final : public actors::Peer {
 public:
  using Answer = std::function<void(std::vector<data::CallResult>)>;
  struct Submission {
    std::vector<data::Call> calls;
    Answer done;
  };

  // Answers at once, with one of these for each call; without it calls wait for take_submission().
  std::function<data::CallResult(const data::Call&)> answer;
  actors::PeerStatus present;
  actors::PingOutcome ping_outcome;
  std::optional<wire::Destination> pinged;
  // Without them everything is accepted, or refused.
  std::function<std::optional<std::string>(const std::string& key, const std::string& chain)> on_credentials;
  std::function<std::optional<std::string>(const std::vector<actors::UserCredentials>&)> on_users;
  std::function<std::optional<std::string>(const std::vector<sip::registrar::Account>&)> on_phones;
  std::function<std::optional<std::string>(const actors::RelaySecrets&)> on_relay_secrets;
  std::function<routing::DocumentOffer(const SharedBytes&)> on_document;

  CallToken submit(std::vector<data::Call> calls, Answer done) override {
    if (answer) {
      std::vector<data::CallResult> results;
      for (const auto& call : calls) results.push_back(answer(call));
      done(std::move(results));
      return 0;
    }
    const std::scoped_lock lock(mutex_);
    waiting_.emplace_back(Submission{std::move(calls), std::move(done)});
    changed_.notify_all();
    return ++tokens_;
  }
  void cancel(CallToken token) override {
    const std::scoped_lock lock(mutex_);
    cancelled_.push_back(token);
    changed_.notify_all();
  }
  CallToken watch(data::WatchCall call, std::function<void(data::WatchResult)> event) override {
    const std::scoped_lock lock(mutex_);
    watched.push_back(std::move(call));
    watcher_ = std::move(event);
    changed_.notify_all();
    return ++tokens_;
  }
  void watch_next(CallToken) override {
    const std::scoped_lock lock(mutex_);
    ++nexts_;
    changed_.notify_all();
  }
  void cancel_watch(CallToken token) override { cancel(token); }
  CallToken watch_user(std::string address, std::string as_user,
                       std::function<void(sip::presence::SightResult)> event) override {
    const std::scoped_lock lock(mutex_);
    watched_users.emplace_back(std::move(address), std::move(as_user));
    onlooker_ = std::move(event);
    changed_.notify_all();
    return ++tokens_;
  }
  void next_sight(CallToken token) override { watch_next(token); }
  void cancel_sight(CallToken token) override { cancel(token); }
  void status(std::function<void(actors::PeerStatus)> done) override { done(present); }
  void ping(wire::Destination destination, Duration, std::function<void(actors::PingOutcome)> done) override {
    pinged = std::move(destination);
    done(ping_outcome);
  }
  void use_credentials(std::string key, std::string chain,
                       std::function<void(std::optional<std::string>)> done) override {
    done(on_credentials ? on_credentials(key, chain) : std::nullopt);
  }
  void use_users(std::vector<actors::UserCredentials> users,
                 std::function<void(std::optional<std::string>)> done) override {
    done(on_users ? on_users(users) : std::nullopt);
  }
  void use_phones(std::vector<sip::registrar::Account> accounts,
                  std::function<void(std::optional<std::string>)> done) override {
    done(on_phones ? on_phones(accounts) : std::nullopt);
  }
  void use_relay_secrets(std::shared_ptr<actors::RelaySecrets> secrets,
                         std::function<void(std::optional<std::string>)> done) override {
    done(on_relay_secrets ? on_relay_secrets(*secrets) : std::nullopt);
  }
  void offer_document(SharedBytes document, std::function<void(routing::DocumentOffer)> done) override {
    done(on_document ? on_document(document) : routing::DocumentOffer{});
  }
  void find_certificates(data::CertificatesOf, std::function<void(data::CertificatesFound)> done) override {
    done({});
  }
  void register_service(std::string service, std::uint32_t lifetime_s,
                        std::function<void(data::ServiceDone)> done) override {
    registered_services[service] = lifetime_s;
    done({0, service_result});
  }
  void unregister_service(std::string service, std::function<void(data::ServiceDone)> done) override {
    if (registered_services.erase(service) > 0) return done({0, data::ServiceChanged{}});
    done({0, data::CallFailure{data::CallError::not_found, "this peer does not provide the service", 0}});
  }
  void find_service(std::string service, std::optional<NodeId> key,
                    std::function<void(data::ServiceDone)> done) override {
    asked_service = {std::move(service), key};
    done({0, service_result});
  }
  void advertise_relay(wire::IpAddressPort) override {}
  void withdraw_relay() override {}
  void find_relays(std::size_t, std::function<void(data::RelaysFound)> done) override { done({}); }
  std::map<std::string, std::uint32_t> registered_services;
  std::pair<std::string, std::optional<NodeId>> asked_service;
  decltype(data::ServiceDone::result) service_result = data::ServiceChanged{3};

  void leave(std::function<void()> done) override { done(); }
  NodeId node_id() const override { return present.node; }
  wire::IpAddressPort listening_on() const override { return present.listening_on; }
  void call_log(std::optional<std::string> user, std::size_t limit,
                std::function<void(actors::CallLogResult)> done) override {
    asked_calls = {user.value_or(""), limit};
    done(logged_calls);
  }
  void send_message(actors::TextMessage message, std::function<void(actors::MessageResult)> done) override {
    sent_messages.push_back(std::move(message));
    done(message_result);
  }
  void mailbox(std::string user, std::size_t limit, std::vector<sip::messages::MessageName> take_away,
               std::function<void(actors::MailboxResult)> done) override {
    asked_mailbox = {std::move(user), limit};
    taken_away.insert(taken_away.end(), take_away.begin(), take_away.end());
    done(mailbox_result);
  }
  std::vector<actors::TextMessage> sent_messages;
  actors::MessageResult message_result =
      data::CallFailure{data::CallError::failed_precondition, "this peer serves no phones", 0};
  std::pair<std::string, std::size_t> asked_mailbox;
  std::vector<sip::messages::MessageName> taken_away;
  actors::MailboxResult mailbox_result =
      data::CallFailure{data::CallError::failed_precondition, "this peer serves no phones", 0};
  actors::CallLogResult logged_calls =
      data::CallFailure{data::CallError::failed_precondition, "this peer serves no phones", 0};
  std::pair<std::string, std::size_t> asked_calls;
  std::vector<net::phones::PhoneListen> phones_listening_on() const override { return {}; }
  std::vector<std::string> relay_listening_on() const override { return {}; }

  // Waits for a call (for ten seconds; the test has failed then).
  std::optional<Submission> take_submission() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(10), [this] { return !waiting_.empty(); })) return {};
    auto first = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return first;
  }
  // Gives the last watch an event, once somebody watches and has asked for as many as came before.
  bool give(data::WatchResult result) { return give_to(watcher_, std::move(result)); }
  bool give_sight(sip::presence::SightResult result) { return give_to(onlooker_, std::move(result)); }
  std::vector<data::WatchCall> watched;
  std::vector<std::pair<std::string, std::string>> watched_users;  // address and as_user
  std::vector<CallToken> wait_for_cancel() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [this] { return !cancelled_.empty(); });
    return cancelled_;
  }

 private:
  template <typename Result>
  bool give_to(const std::function<void(Result)>& watcher, Result result) {
    std::function<void(Result)> to;
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait_for(lock, std::chrono::seconds(10), [&] { return watcher && nexts_ >= given_; }))
        return false;
      ++given_;
      to = watcher;
    }
    to(std::move(result));
    return true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Submission> waiting_;
  std::vector<CallToken> cancelled_;
  CallToken tokens_ = 0;
  std::function<void(data::WatchResult)> watcher_;
  std::function<void(sip::presence::SightResult)> onlooker_;
  std::size_t nexts_ = 0, given_ = 0;
};

}  // namespace ringway::services

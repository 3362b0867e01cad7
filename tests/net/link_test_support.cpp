#include "tests/net/link_test_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace ringway::net::test {

wire::IpAddressPort loopback(std::uint16_t port) {
  wire::IpAddressPort address;
  address.type = wire::AddressType::ipv4;
  address.address = {127, 0, 0, 1};
  address.port = port;
  return address;
}

Bytes numbered(std::uint32_t number, std::size_t size_bytes) {
  Bytes message(std::max<std::size_t>(size_bytes, 4), 0x5a);
  for (std::size_t i = 0; i < 4; ++i) message[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return message;
}

std::uint32_t number_of(BytesView message) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4 && i < message.size(); ++i) number = number << 8 | message[i];
  return number;
}

template <typename Change>
void Recorder::change(char letter, const Change& change) {
  const std::lock_guard lock(mutex_);
  change(seen_);
  if (letter != 'm' || !seen_.order.ends_with('m')) seen_.order += letter;
  ++seen_.events;
  changed_.notify_all();
}

void Recorder::link_up(routing::LinkUp event) {
  change('u', [&](Seen& seen) { seen.ups.push_back(std::move(event)); });
}

void Recorder::link_down(routing::LinkDown event) {
  change('d', [&](Seen& seen) { seen.downs.push_back(std::move(event)); });
}

void Recorder::link_suspected(routing::LinkSuspected event) {
  change(event.suspected ? 's' : 't', [&](Seen& seen) { seen.suspicions.push_back(event); });
}

void Recorder::link_messages(link::LinkId link, std::vector<SharedBytes> messages) {
  const std::size_t count = messages.size();
  change('m', [&](Seen& seen) {
    for (auto& message : messages) seen.messages.emplace_back(link, std::move(message));
    if (credit_to_ != nullptr) credit_to_->credit(link, count);
  });
}

Recorder::Seen Recorder::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool Recorder::wait(const std::function<bool(const Seen&)>& enough, std::chrono::milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] { return enough(seen_); });
}

void Recorder::credit_to(TlsLinks* links) {
  const std::lock_guard lock(mutex_);
  credit_to_ = links;
}

TestPeer::TestPeer(IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node,
                   const TestPeerOptions& options) {
  const auto credentials = options.credentials
                               ? *options.credentials
                               : authority.credentials("user@" + authority.overlay_name(), node);
  LinkSettings settings;
  settings.listen = loopback();
  settings.private_key_pem = credentials.private_key_pem;
  settings.certificates_pem = credentials.certificate_pem;
  if (options.change) options.change(settings);
  auto started =
      TlsLinks::start(pool, std::move(settings), options.trust ? options.trust : authority.trust(), events_);
  if (!started) {
    ADD_FAILURE() << started.error().reason;
    std::abort();
  }
  links_ = *std::move(started);
  if (options.give_credits) events_->credit_to(links_.get());
}

TestPeer::~TestPeer() {
  links_->stop();
  events_->credit_to(nullptr);
}

void TestPeer::open(std::uint64_t attempt, const wire::IpAddressPort& address,
                    std::optional<NodeId> expected) {
  links_->open({attempt, {address}, expected});
}

std::optional<link::LinkId> TestPeer::first_link() const {
  if (!events_->wait([](const Recorder::Seen& seen) { return !seen.ups.empty(); })) return std::nullopt;
  return events_->seen().ups.front().link;
}

void TestPeer::send(link::LinkId link, Bytes message) {
  links_->transmit({link, std::move(message), SharedBytes()});
}

}  // namespace ringway::net::test

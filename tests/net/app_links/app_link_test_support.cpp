#include "tests/net/app_links/app_link_test_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::net::app_links::test {

wire::IpAddressPort loopback(std::uint16_t port) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address("127.0.0.1:" + std::to_string(port), out));
  return out;
}

template <typename Change>
void Recorder::change(const Change& change) {
  const std::lock_guard lock(mutex_);
  change(seen_);
  changed_.notify_all();
}

void Recorder::flow_up(phones::FlowUp event) {
  change([&](Seen& seen) { seen.ups.push_back(std::move(event)); });
}

void Recorder::received(phones::Received event) {
  change([&](Seen& seen) {
    if (credit_to_ != nullptr) credit_to_->credit(event.flow, event.credit);
    seen.received.push_back(std::move(event));
  });
}

void Recorder::drained(FlowId flow) {
  change([&](Seen& seen) { seen.drained.push_back(flow); });
}

void Recorder::flow_down(phones::FlowDown event) {
  change([&](Seen& seen) { seen.downs.push_back(std::move(event)); });
}

Recorder::Seen Recorder::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool Recorder::wait(const std::function<bool(const Seen&)>& enough) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, k_patience, [&] { return enough(seen_); });
}

void Recorder::credit_to(AppLinks* links) {
  const std::lock_guard lock(mutex_);
  credit_to_ = links;
}

std::string Recorder::Seen::text_of(FlowId flow) const {
  std::string text;
  for (const auto& one : received)
    if (one.flow == flow) text += ringway::text_of(one.bytes);
  return text;
}

bool Recorder::Seen::is_down(FlowId flow) const {
  return std::any_of(downs.begin(), downs.end(), [&](const auto& one) { return one.flow == flow; });
}

std::string Recorder::Seen::why_down(FlowId flow) const {
  for (const auto& one : downs)
    if (one.flow == flow) return one.reason;
  return "it is up";
}

Peer::Peer(IoPool& pool, const ringway::test::TestAuthority& authority, const NodeId& node,
           const std::string& user, const PeerOptions& options) {
  const auto credentials = options.credentials ? *options.credentials : authority.credentials(user, node);
  AppLinkSettings settings;
  settings.listen = loopback();
  settings.protocol = "sip/2";
  settings.private_key_pem = credentials.private_key_pem;
  settings.certificates_pem = credentials.certificate_pem;
  if (options.change) options.change(settings);
  auto started =
      AppLinks::start(pool, std::move(settings), options.trust ? options.trust : authority.trust(), events_);
  if (!started) {
    ADD_FAILURE() << started.error().reason;
    std::abort();
  }
  links_ = *std::move(started);
  events_->credit_to(links_.get());
}

Peer::~Peer() {
  links_->stop();
  events_->credit_to(nullptr);
}

FlowId Peer::connect(const Peer& other, const NodeId& node) {
  const auto flow = links_->connect({other.address()}, node);
  EXPECT_TRUE(flow.ok());
  return flow ? *flow : FlowId{};
}

phones::FlowUp Peer::flow(std::size_t index) const {
  const bool up = events_->wait([&](const auto& seen) { return seen.ups.size() > index; });
  EXPECT_TRUE(up) << "no such flow";
  return up ? events_->seen().ups[index] : phones::FlowUp{};
}

bool Peer::wait_down(FlowId flow) const {
  return events_->wait([&](const auto& seen) { return seen.is_down(flow); });
}

std::uint64_t Peer::handshakes_failed(std::uint64_t at_least) const {
  const auto deadline = std::chrono::steady_clock::now() + k_patience;
  const auto count = [&] { return links_->counters().handshakes_failed; };
  while (count() < at_least && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  return count();
}

bool Peer::wait_text(FlowId flow, const std::string& text) const {
  return events_->wait([&](const auto& seen) { return seen.text_of(flow) == text; });
}

void Peer::send(FlowId flow, const std::string& text) {
  EXPECT_NE(links_->send(flow, copy_of(view_of(text))), Given::refused);
}

PeerOptions changed(std::function<void(AppLinkSettings&)> change) {
  PeerOptions options;
  options.change = std::move(change);
  return options;
}

PeerOptions with_shared_secret(bool used, const std::string& secret) {
  if (!used) return {};
  return changed([secret](AppLinkSettings& settings) {
    settings.shared_secret = secret.empty() ? "UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=" : secret;
    settings.overlay_name = "overlay.example.org";
  });
}

}  // namespace ringway::net::app_links::test

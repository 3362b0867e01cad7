#include "tests/net/phones/phone_test_support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::net::phones::test {

wire::IpAddressPort loopback(std::uint16_t port) { return address("127.0.0.1:" + std::to_string(port)); }

wire::IpAddressPort address(const std::string& text) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address(text, out)) << text;
  return out;
}

// ---- Recorder

template <typename Change>
void Recorder::change(const Change& change) {
  const std::lock_guard lock(mutex_);
  change(seen_);
  ++seen_.events;
  changed_.notify_all();
}

void Recorder::flow_up(FlowUp event) {
  change([&](Seen& seen) { seen.ups.push_back(std::move(event)); });
}

void Recorder::received(Received event) {
  change([&](Seen& seen) {
    if (credit_to_ != nullptr) credit_to_->credit(event.flow, event.credit);
    if (echo_to_ != nullptr) echo_to_->send(event.flow, event.bytes);
    seen.received.push_back(std::move(event));
  });
}

void Recorder::drained(FlowId flow) {
  change([&](Seen& seen) { seen.drained.push_back(flow); });
}

void Recorder::flow_down(FlowDown event) {
  change([&](Seen& seen) { seen.downs.push_back(std::move(event)); });
}

Recorder::Seen Recorder::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

bool Recorder::wait(const std::function<bool(const Seen&)>& enough, std::chrono::milliseconds at_most) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [&] { return enough(seen_); });
}

void Recorder::credit_to(PhoneTransports* transports) {
  const std::lock_guard lock(mutex_);
  credit_to_ = transports;
}

void Recorder::echo_to(PhoneTransports* transports) {
  const std::lock_guard lock(mutex_);
  echo_to_ = transports;
}

std::string Recorder::Seen::text_of(FlowId flow) const {
  std::string text;
  for (const auto& one : received)
    if (one.flow == flow) text += ringway::text_of(one.bytes);
  return text;
}

std::size_t Recorder::Seen::messages_of(FlowId flow) const {
  return static_cast<std::size_t>(
      std::count_if(received.begin(), received.end(), [&](const auto& one) { return one.flow == flow; }));
}

bool Recorder::Seen::is_down(FlowId flow) const {
  return std::any_of(downs.begin(), downs.end(), [&](const auto& one) { return one.flow == flow; });
}

std::string Recorder::Seen::why_down(FlowId flow) const {
  for (const auto& one : downs)
    if (one.flow == flow) return one.reason;
  return "it is up";
}

// ---- certificates

namespace {

services::CertificateFields fields(const std::string& name, bool authority) {
  using namespace std::chrono;
  const auto now =
      static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
  constexpr WallMs k_hour_ms = 3'600'000;
  services::CertificateFields out;
  out.common_name = name;
  out.authority = authority;
  out.not_before_ms = now - k_hour_ms;
  out.not_after_ms = now + k_hour_ms;
  return out;
}

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "ringway-phones-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return name;
}

}  // namespace

PhoneCertificates::PhoneCertificates()
    : folder_(new_folder()),
      key_(ringway::test::new_key()),
      root_(ringway::test::custom_certificate(fields("the test's CA", true), key_, nullptr, key_)) {
  write(authorities_file(), services::certificate_pem(root_.x509));
  issue(k_server_name);
}

PhoneCertificates::~PhoneCertificates() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string PhoneCertificates::issue(const std::vector<services::AlternativeName>& names) const {
  auto leaf = fields("a server", false);
  leaf.alternative_names = names;
  const auto made = ringway::test::custom_certificate(leaf, ringway::test::new_key(), root_.x509, root_.key);
  write(certificates_file(), services::certificate_pem(made.x509));
  write(private_key_file(), *services::write_key(made.key));
  return services::serial_hex(made.x509);
}

void PhoneCertificates::write(const std::string& file, const std::string& text) const {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
}

// ---- Phones

Phones::Phones(IoPool& pool, PhoneSettings settings) {
  auto started = PhoneTransports::start(pool, std::move(settings), events_);
  EXPECT_TRUE(started.ok()) << (started ? "" : started.error().reason);
  transports_ = *std::move(started);
  events_->credit_to(transports_.get());
}

Phones::~Phones() { transports_->stop(); }

wire::IpAddressPort Phones::at(Transport transport) const {
  for (const auto& one : transports_->listening_on())
    if (one.transport == transport) return one.at;
  ADD_FAILURE() << "it does not listen there";
  return {};
}

FlowUp Phones::flow(std::size_t index) const {
  const bool up = events_->wait([&](const auto& seen) { return seen.ups.size() > index; });
  EXPECT_TRUE(up) << "no such flow";
  return up ? events_->seen().ups[index] : FlowUp{};
}

bool Phones::wait_down(FlowId flow) const {
  return events_->wait([&](const auto& seen) { return seen.is_down(flow); });
}

void Phones::send(FlowId flow, const std::string& text) {
  EXPECT_NE(transports_->send(flow, copy_of(view_of(text))), Given::refused);
}

PhoneSettings everywhere(const PhoneCertificates& certificates) {
  PhoneSettings settings;
  for (const auto transport : {Transport::udp, Transport::tcp, Transport::tls, Transport::ws, Transport::wss})
    settings.listen.push_back({transport, loopback()});
  settings.certificates_file = certificates.certificates_file();
  settings.private_key_file = certificates.private_key_file();
  settings.authorities_file = certificates.authorities_file();
  return settings;
}

PhoneSettings only(Transport transport, const PhoneCertificates& certificates) {
  PhoneSettings settings = everywhere(certificates);
  settings.listen = {{transport, loopback()}};
  return settings;
}

PhoneSettings only(Transport transport) {
  PhoneSettings settings;
  settings.listen = {{transport, loopback()}};
  return settings;
}

}  // namespace ringway::net::phones::test

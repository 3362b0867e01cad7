// Sockets towards phones for tests: what happens to them is recorded, and waited for with a limit.
// Certificates of a CA of the test's own, in files as the transports read them.
#pragma once

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/io_pool.hpp"
#include "net/phones/phone_transports.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::phones::test {

inline constexpr std::chrono::seconds k_patience{20};
inline constexpr const char* k_server_name = "phones.example.org";

wire::IpAddressPort loopback(std::uint16_t port = 0);
wire::IpAddressPort address(const std::string& text);  // "127.0.0.2:0", "[::1]:0"

// Keeps every event. Gives credits back at once and echoes what comes when told so.
class Recorder : public PhoneEvents {
 public:
  void flow_up(FlowUp event) override;
  void received(Received event) override;
  void drained(FlowId flow) override;
  void flow_down(FlowDown event) override;

  struct Seen {
    std::vector<FlowUp> ups;
    std::vector<Received> received;
    std::vector<FlowId> drained;
    std::vector<FlowDown> downs;
    std::size_t events = 0;

    std::string text_of(FlowId flow) const;  // all that came over it
    std::size_t messages_of(FlowId flow) const;
    bool is_down(FlowId flow) const;
    std::string why_down(FlowId flow) const;
  };
  Seen seen() const;
  // True once `enough` is; false when that takes too long.
  bool wait(const std::function<bool(const Seen&)>& enough,
            std::chrono::milliseconds at_most = k_patience) const;

  void credit_to(PhoneTransports* transports);  // null: keep the credits
  void echo_to(PhoneTransports* transports);

 private:
  template <typename Change>
  void change(const Change& change);

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  Seen seen_;
  PhoneTransports* credit_to_ = nullptr;
  PhoneTransports* echo_to_ = nullptr;
};

// A CA, and files of what it certifies.
class PhoneCertificates {
 public:
  PhoneCertificates();
  ~PhoneCertificates();
  PhoneCertificates(const PhoneCertificates&) = delete;
  PhoneCertificates& operator=(const PhoneCertificates&) = delete;

  // Into the files, in place of what was there. Returns the serial number.
  std::string issue(const std::vector<services::AlternativeName>& names) const;
  std::string issue(const std::string& domain) const {
    return issue({{services::AlternativeName::Type::dns, domain}});
  }
  std::string certificates_file() const { return folder_ / "certificates.pem"; }
  std::string private_key_file() const { return folder_ / "key.pem"; }
  std::string authorities_file() const { return folder_ / "authorities.pem"; }
  void write(const std::string& file, const std::string& text) const;

 private:
  const std::filesystem::path folder_;
  const services::Key key_;
  const ringway::test::CustomCertificate root_;
};

// Transports with their recorder.
class Phones {
 public:
  explicit Phones(IoPool& pool, PhoneSettings settings);
  ~Phones();
  Phones(const Phones&) = delete;
  Phones& operator=(const Phones&) = delete;

  PhoneTransports& transports() { return *transports_; }
  Recorder& events() { return *events_; }
  Recorder::Seen seen() const { return events_->seen(); }
  wire::IpAddressPort at(Transport transport) const;
  // The flow that came up as number `index`; gives up after the usual patience.
  FlowUp flow(std::size_t index = 0) const;
  bool wait_down(FlowId flow) const;
  void send(FlowId flow, const std::string& text);

 private:
  std::shared_ptr<Recorder> events_ = std::make_shared<Recorder>();
  std::shared_ptr<PhoneTransports> transports_;
};

// All transports on loopback.
PhoneSettings everywhere(const PhoneCertificates& certificates);
PhoneSettings only(Transport transport, const PhoneCertificates& certificates);
PhoneSettings only(Transport transport);  // no TLS

}  // namespace ringway::net::phones::test

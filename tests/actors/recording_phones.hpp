// Sockets towards phones that only write down what they are told.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/link/link_id.hpp"

namespace ringway::actors {

inline wire::IpAddressPort address(const std::string& text) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address(text, out));
  return out;
}

class RecordingPhones : public net::phones::PhoneTransports {
 public:
  std::vector<net::phones::PhoneListen> listening_on() const override {
    return {{net::phones::Transport::udp, address("192.0.2.9:5060")}};
  }
  Result<net::phones::FlowId> connect(net::phones::Transport, const wire::IpAddressPort& remote,
                                      const std::string& server_name,
                                      const wire::IpAddressPort& local) override {
    connected.emplace_back(remote, server_name);
    connected_from.push_back(local);
    if (next_flow == 0) return Failure{"no way"};
    return net::phones::FlowId{next_flow};
  }
  net::phones::Given send(net::phones::FlowId flow, SharedBytes message) override {
    sent.emplace_back(flow.number, std::string(message.view().begin(), message.view().end()));
    return on_send ? on_send() : net::phones::Given::queued;
  }
  net::phones::Given send_to_port(net::phones::FlowId, std::uint16_t, SharedBytes) override {
    return net::phones::Given::queued;
  }
  void close(net::phones::FlowId flow, std::string) override { closed.push_back(flow.number); }
  void credit(net::phones::FlowId, std::size_t credit) override { credits += credit; }
  void hold(net::phones::FlowId, bool) override {}
  Outcome<> reload() override {
    ++reloads;
    return on_reload;
  }
  void stop() override {}
  net::phones::PhoneCounters counters() const override { return {}; }
  TableSizes tables() const override { return {}; }

  std::vector<std::pair<wire::IpAddressPort, std::string>> connected;
  std::vector<wire::IpAddressPort> connected_from;
  std::vector<std::pair<std::uint64_t, std::string>> sent;
  std::vector<std::uint64_t> closed;
  std::size_t credits = 0;
  std::size_t reloads = 0;
  Outcome<> on_reload = Done{};
  std::uint64_t next_flow = 0;
  std::function<net::phones::Given()> on_send;
};

}  // namespace ringway::actors

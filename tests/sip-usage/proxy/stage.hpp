// A proxy with a driver made of lines of text: requests in, what comes out by its kind. Time stands still
// until it is moved.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/seeded_random.hpp"
#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/proxy.hpp"
#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip::proxy::test {

using sip::test::message;

inline Settings settings() {
  Settings out;
  out.own_addresses = {{"192.0.2.1", 5060}, {"192.0.2.1", 5061}};
  out.domains = {"ring.example"};
  out.overlay_gr = "AAAA";
  out.overlay_here = {"TLS", "ring.example", std::nullopt};
  out.outside_here = {"UDP", "192.0.2.1", 5060};
  out.key = Bytes(32, 0x5a);
  return out;
}

inline NetworkFlow flow(std::uint64_t id, std::string transport = "UDP") {
  return {id, {std::move(transport), "192.0.2.1", 5060}, "10.0.0." + std::to_string(id) + ":5060"};
}
inline Source phone(std::uint64_t id) { return {Side::phone, flow(id)}; }
inline Source peer(std::uint64_t id = 90) { return {Side::overlay, flow(id, "TLS")}; }
inline Source outsider(std::uint64_t id = 80) { return {Side::outside, flow(id)}; }

inline Uri uri(std::string_view text) {
  auto parsed = Uri::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed ? *parsed : Uri{};
}

// A phone of this peer.
inline Target binding(std::uint64_t id, unsigned q_thousandths = 1000, std::string instance = "") {
  Target target;
  target.uri = uri("sip:bob@10.0.0." + std::to_string(id));
  target.hop = FlowHop{flow(id)};
  target.q_thousandths = q_thousandths;
  target.instance = std::move(instance);
  return target;
}
inline Target device(std::uint8_t node, unsigned q_thousandths = 1000) {
  NodeId id;
  id.bytes.fill(node);
  Target target;
  target.uri = uri("sip:bob@ring.example");
  target.hop = PeerHop{{wire::to_node(id)}};
  target.q_thousandths = q_thousandths;
  return target;
}

inline Message request(std::string_view method, std::string_view request_uri = "sip:bob@ring.example",
                       const std::vector<std::string>& more = {}, std::string_view call_id = "call-1",
                       std::string_view to_tag = "") {
  std::vector<std::string> lines = {
      std::string(method) + ' ' + std::string(request_uri) + " SIP/2.0",
      "Via: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK" + std::string(call_id) + std::string(method) + ";rport",
      "To: <sip:bob@ring.example>" + (to_tag.empty() ? "" : ";tag=" + std::string(to_tag)),
      "From: <sip:alice@ring.example>;tag=a1",
      "Call-ID: " + std::string(call_id),
      "CSeq: 7 " + std::string(method)};
  lines.insert(lines.end(), more.begin(), more.end());
  return message(lines);
}

class Stage {
 public:
  explicit Stage(Settings with = settings(), std::uint64_t seed = 1)
      : proxy(std::move(with), std::make_shared<sim::SeededRandom>(seed)) {}

  // What has come out of this kind and was not taken before.
  template <typename T>
  std::vector<T> take() {
    pull();
    std::vector<T> found;
    std::vector<Output> rest;
    for (auto& output : pending_) {
      if (auto* wanted = std::get_if<T>(&output))
        found.push_back(std::move(*wanted));
      else
        rest.push_back(std::move(output));
    }
    pending_ = std::move(rest);
    return found;
  }
  template <typename T>
  T one() {
    auto found = take<T>();
    EXPECT_EQ(found.size(), 1u);
    return found.empty() ? T{} : std::move(found.front());
  }
  // The statuses that went upstream since the last time, 100 left out.
  std::vector<unsigned> statuses() {
    std::vector<unsigned> out;
    for (const auto& each : take<Respond>())
      if (each.response.status() != 100) out.push_back(each.response.status());
    return out;
  }

  ServerId start(Message message, const Source& source = phone(1)) {
    const ServerId id{++last_server_};
    proxy.on_request(now, id, std::move(message), source);
    return id;
  }
  // A request for which the location service finds these.
  ServerId call(std::vector<Target> targets, Message message = request("INVITE"),
                const Source& source = phone(1)) {
    const ServerId id = start(std::move(message), source);
    const auto find = one<FindTargets>();
    proxy.on_found(now, find.find, {std::move(targets), false});
    return id;
  }
  std::vector<StartBranch> branches() { return take<StartBranch>(); }

  // As the one who is called answers.
  void answer(const StartBranch& branch, unsigned status, const std::vector<HeaderField>& fields = {}) {
    auto response = make_response(branch.request, status, "b" + std::to_string(tag_++));
    for (const auto& field : fields) response.add_field(field.name, field.value);
    proxy.on_response(now, branch.branch, std::move(response));
  }
  // A final response and the end of the transaction.
  void end(const StartBranch& branch, unsigned status, const std::vector<HeaderField>& fields = {}) {
    answer(branch, status, fields);
    proxy.on_branch_ended(now, branch.branch);
  }
  ServerId cancel(ServerId invite) {
    const ServerId id{++last_server_};
    proxy.on_cancel(now, id, invite, request("CANCEL"), phone(1));
    return id;
  }
  // Moves the time, and wakes the proxy whenever it asked for it.
  void pass(Duration time) {
    const MonoTime until = now + time;
    for (auto wake = proxy.next_wake(); wake && *wake <= until; wake = proxy.next_wake()) {
      now = std::max(now, *wake);
      proxy.on_timer(now);
    }
    now = until;
  }

  Proxy proxy;
  MonoTime now{1000};

 private:
  void pull() {
    for (auto& output : proxy.take_outputs()) pending_.push_back(std::move(output));
  }

  std::vector<Output> pending_;
  std::uint64_t last_server_ = 0;
  unsigned tag_ = 0;
};

}  // namespace ringway::sip::proxy::test

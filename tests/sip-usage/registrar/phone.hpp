// REGISTERs as phones send them, and the registrar that they are sent to.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sip-usage/message/credentials.hpp"
#include "sip-usage/registrar/registrar.hpp"
#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip::registrar::test {

inline constexpr const char* k_overlay = "example.org";

class CountingRandom : public Random {
 public:
  std::uint64_t next() override { return ++last_ * 0x9E3779B97F4A7C15ULL; }

 private:
  std::uint64_t last_ = 0;
};

inline Aor aor(const std::string& name) { return *Aor::of_user_name(name); }
inline NodeId node(std::uint8_t last) {
  NodeId out;
  out.bytes.back() = last;
  return out;
}

struct Request {
  std::string user = "alice@example.org";
  std::vector<std::string> contacts{};  // values of Contact
  std::string call_id = "call-1";
  std::uint32_t cseq = 1;
  std::vector<std::string> more{};  // other lines
};

inline Message message_of(const Request& request) {
  std::vector<std::string> lines = {
      "REGISTER sip:example.org SIP/2.0",
      "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK" + request.call_id + std::to_string(request.cseq),
      "Max-Forwards: 70",
      "To: <sip:" + request.user + ">",
      "From: <sip:" + request.user + ">;tag=f",
      "Call-ID: " + request.call_id,
      "CSeq: " + std::to_string(request.cseq) + " REGISTER"};
  for (const auto& contact : request.contacts) lines.push_back("Contact: " + contact);
  for (const auto& line : request.more) lines.push_back(line);
  return sip::test::message(lines);
}

inline Source source_of(std::uint64_t flow, const std::string& address = "192.0.2.1") {
  return {FlowId{flow}, address, address, false};
}
inline Source loopback(std::uint64_t flow) { return {FlowId{flow}, "127.0.0.1", "127.0.0.1", true}; }

inline Settings settings() {
  Settings out;
  out.overlay_name = k_overlay;
  out.route = {wire::to_node(node(7))};
  out.trusts_loopback = true;
  return out;
}

inline std::vector<Account> accounts(const std::vector<std::string>& users) {
  std::vector<Account> out;
  for (const auto& user : users) {
    Account account{aor(user + "@example.org"), user, {}};
    for (const Algorithm each : {Algorithm::md5, Algorithm::sha256})
      account.keys.push_back(Ha1::of_password(each, user, k_overlay, user + "-secret"));
    out.push_back(std::move(account));
  }
  return out;
}

// The Authorization of a phone that answers a 401.
struct Answer {
  std::string user = "alice", password = "alice-secret";
  Algorithm algorithm = Algorithm::sha256;
  std::string nonce{}, count = "00000001", qop = "auth", uri = "sip:example.org", realm = k_overlay;
};
inline std::string authorization(const Answer& answer) {
  Credentials out;
  out.username = answer.user;
  out.realm = answer.realm;
  out.nonce = answer.nonce;
  out.uri = answer.uri;
  out.algorithm = std::string(name_of(answer.algorithm));
  out.cnonce = "0a4f113b";
  out.qop = answer.qop;
  out.nonce_count = answer.count;
  const auto key = Ha1::of_password(answer.algorithm, answer.user, answer.realm, answer.password);
  out.response = digest_response(key, out, "REGISTER");
  return "Authorization: " + out.print();
}

// A registrar and what has come out of it since the last look.
struct Stage {
  explicit Stage(Settings its_settings = settings(), const std::vector<std::string>& users = {"alice", "bob"})
      : registrar(std::move(its_settings), accounts(users), std::make_shared<CountingRandom>()) {}

  void note(Outputs outputs) {
    for (auto& each : outputs) {
      if (auto* answer = std::get_if<Respond>(&each)) responses.push_back(std::move(answer->response));
      if (auto* store = std::get_if<StoreRegistration>(&each)) stores.push_back(std::move(*store));
      if (auto* removal = std::get_if<RemoveRegistration>(&each)) removals.push_back(std::move(*removal));
      if (auto* hold = std::get_if<HoldFlow>(&each)) holds.emplace_back(hold->flow, hold->held);
      if (auto* keep = std::get_if<KeepBindings>(&each)) keeps.push_back(std::move(*keep));
      if (auto* forget = std::get_if<ForgetBindings>(&each)) keeps.push_back({forget->aor, {}});
    }
  }
  void ask(const Request& request, const Source& source = loopback(1)) {
    note(registrar.receive(now, RequestId{++last_request}, message_of(request), source));
  }
  // The oldest write that waits.
  void overlay_answers(bool is_done) {
    ASSERT_FALSE(stores.empty());
    const auto request = stores.front().request;
    stores.erase(stores.begin());
    note(registrar.on_overlay(now, request, is_done));
  }
  void overlay_removes(bool is_done) {
    ASSERT_FALSE(removals.empty());
    const auto request = removals.front().request;
    removals.erase(removals.begin());
    note(registrar.on_overlay(now, request, is_done));
  }
  // Asks, and the overlay takes what comes of it.
  Message registered(const Request& request, const Source& source = loopback(1)) {
    ask(request, source);
    if (!stores.empty()) overlay_answers(true);
    return take_response();
  }
  Message take_response() {
    EXPECT_FALSE(responses.empty());
    if (responses.empty()) return message_of({});
    Message out = std::move(responses.front());
    responses.erase(responses.begin());
    return out;
  }
  void pass(Duration time) {
    const MonoTime until = now.mono + time;
    while (registrar.next_wake() && *registrar.next_wake() <= until) {
      set_time(std::max(now.mono, *registrar.next_wake()));
      note(registrar.on_timer(now));
    }
    set_time(until);
  }
  void set_time(MonoTime at) {
    now.wall_ms += static_cast<WallMs>((at - now.mono).count());
    now.mono = at;
  }
  std::vector<std::string> targets(const std::string& uri) const {
    std::vector<std::string> out;
    for (const Target& each : registrar.find(now.mono, *Uri::parse(uri)).targets)
      out.push_back(each.uri.print());
    return out;
  }

  Registrar registrar;
  Now now{{1'000'000}, 1'700'000'000'000};
  std::uint64_t last_request = 0;
  std::vector<Message> responses;
  std::vector<StoreRegistration> stores;
  std::vector<RemoveRegistration> removals;
  std::vector<std::pair<FlowId, bool>> holds;
  std::vector<KeptBindings> keeps;  // without octets: forgotten
};

}  // namespace ringway::sip::registrar::test

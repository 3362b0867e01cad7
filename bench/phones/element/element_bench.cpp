// What one peer's SIP costs before sockets and actors: registrations, and whole calls between two peers. The
// time is that of the elements and of the overlay's storage; the phones' scripts are left out. The counters
// are shares of that time: what was read and written is read and written again, alone, to measure it.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdio>
#include <stdexcept>

#include "bench/phones/element/element_pair.hpp"
#include "bench/phones/element/stopwatch.hpp"
#include "bench/phones/script/phone_script.hpp"
#include "reload/security/inspector.hpp"
#include "sip-usage/message/credentials.hpp"
#include "sip-usage/message/parse.hpp"
#include "sip-usage/message/stream_framer.hpp"
#include "sip-usage/registrar/digest.hpp"

namespace {

using namespace ringway;
using bench::ElementPair;
using bench::PhoneScript;

constexpr unsigned k_expires_s = 3600;
// Between two works. Transactions over UDP live for 32 s: of 100 calls a second there are some thousands.
constexpr Duration k_pause{10};
constexpr Duration k_between_writes{6'000};  // past registrar::k_store_interval
constexpr int k_replays = 200;

PhoneScript phone_of(ElementPair::Side side) {
  return {ElementPair::user_of(side), ElementPair::k_domain, ElementPair::phone_address(side), "UDP"};
}

std::string only(std::vector<std::string> heard) {
  if (heard.size() != 1) throw std::runtime_error("not one message but " + std::to_string(heard.size()));
  return std::move(heard.front());
}

void expect(const std::string& message, const std::string& what) {
  if (bench::status_of(message) != what && bench::method_of(message) != what)
    throw std::runtime_error(what + " was expected, not " + message.substr(0, message.find('\r')));
}

// ---- what is measured

void register_once(ElementPair& pair, PhoneScript& phone, unsigned expires_s) {
  pair.say(ElementPair::callee, phone.register_request(expires_s));
  expect(only(pair.take_heard(ElementPair::callee)), "200");
}

// Answers challenges as a phone does, and counts the uses of a nonce.
class DigestPhone {
 public:
  explicit DigestPhone(ElementPair& pair) : pair_(pair) {}

  void register_once() {
    auto answer = ask();
    for (int again = 0; again < 2 && bench::status_of(answer) == "401"; ++again) {
      note_challenge(answer);
      answer = ask();
    }
    expect(answer, "200");
  }

 private:
  std::string ask() {
    pair_.say(ElementPair::callee, phone_.register_request(k_expires_s, authorization()));
    return only(pair_.take_heard(ElementPair::callee));
  }
  void note_challenge(const std::string& answer) {
    for (const auto value : bench::fields(answer, "WWW-Authenticate")) {
      const auto challenge = sip::Challenge::parse(value);
      if (!challenge || challenge->algorithm != "SHA-256") continue;
      nonce_ = challenge->nonce;
      uses_ = 0;
    }
  }
  std::string authorization() {
    if (nonce_.empty()) return {};
    sip::Credentials out;
    out.username = ElementPair::user_of(ElementPair::callee);
    out.realm = ElementPair::k_domain;
    out.nonce = nonce_;
    out.uri = std::string("sip:") + ElementPair::k_domain;
    out.algorithm = "SHA-256";
    out.cnonce = "0a4f113b";
    out.qop = "auth";
    char count[9];
    std::snprintf(count, sizeof count, "%08x", ++uses_);
    out.nonce_count = count;
    out.response = sip::registrar::digest_response(key_, out, "REGISTER");
    return out.print();
  }

  ElementPair& pair_;
  PhoneScript phone_ = phone_of(ElementPair::callee);
  const sip::registrar::Ha1 key_ = sip::registrar::Ha1::of_password(sip::registrar::Algorithm::sha256, "bob",
                                                                    ElementPair::k_domain, "bob-secret");
  std::string nonce_;
  unsigned uses_ = 0;
};

void call_once(ElementPair& pair, PhoneScript& alice, const PhoneScript& bob) {
  constexpr auto k_caller = ElementPair::caller, k_callee = ElementPair::callee;
  pair.say(k_caller, alice.invite(bob.aor()));
  const auto invite = only(pair.take_heard(k_callee));
  expect(invite, "INVITE");
  pair.say(k_callee, bob.answer(invite, 180, "Ringing"));
  expect(only(pair.take_heard(k_caller)), "180");
  pair.say(k_callee, bob.answer(invite, 200, "OK"));
  const auto ok = only(pair.take_heard(k_caller));
  expect(ok, "200");
  pair.say(k_caller, alice.ack(ok));
  expect(only(pair.take_heard(k_callee)), "ACK");
  pair.say(k_caller, alice.bye(ok));
  const auto bye = only(pair.take_heard(k_callee));
  expect(bye, "BYE");
  pair.say(k_callee, bob.answer(bye, 200, "OK"));
  expect(only(pair.take_heard(k_caller)), "200");
}

// ---- shares

// So many times all of them, as the elements did: in nanoseconds for one time.
double reading_ns(const std::vector<bench::Piece>& pieces) {
  std::int64_t sum_ns = 0;
  for (int replay = 0; replay < k_replays; ++replay) {
    for (const auto& piece : pieces) {
      if (!piece.came_in) continue;
      sip::StreamFramer framer(sip::StreamEnd::accepted);
      const bench::Stopwatch watch(sum_ns);
      if (piece.is_stream) {
        framer.receive(piece.octets);
        benchmark::DoNotOptimize(framer.next());
      } else {
        benchmark::DoNotOptimize(sip::parse_message(piece.octets, sip::Framing::datagram));
      }
    }
  }
  return static_cast<double>(sum_ns) / k_replays;
}

double writing_ns(const std::vector<bench::Piece>& pieces) {
  std::int64_t sum_ns = 0;
  for (const auto& piece : pieces) {
    if (piece.came_in) continue;
    const auto message = sip::parse_message(piece.octets, sip::Framing::datagram);
    if (!message) throw std::runtime_error("an element has written what is no message");
    const bench::Stopwatch watch(sum_ns);
    for (int replay = 0; replay < k_replays; ++replay) benchmark::DoNotOptimize(message->print());
  }
  return static_cast<double>(sum_ns) / k_replays;
}

// Runs `once` for as long as Google Benchmark wants, with a pause of virtual time after each, whose timers
// count. `works`: how many registrations or calls it stands for.
template <typename Once>
void measure(benchmark::State& state, ElementPair& pair, Duration pause, const Once& once) {
  once();  // connections, challenges, room in tables
  pair.pass(pause);
  const auto start = pair.work();
  for (auto _ : state) {
    const auto before = pair.work();
    once();
    pair.pass(pause);
    const auto after = pair.work();
    const auto took_ns = after.element_ns - before.element_ns + after.overlay.all_ns - before.overlay.all_ns;
    state.SetIterationTime(static_cast<double>(took_ns) * 1e-9);
  }
  const auto end = pair.work();
  pair.record();
  once();
  state.SetItemsProcessed(state.iterations());

  const double works = static_cast<double>(state.iterations());
  const auto mean = [&](std::int64_t sum_ns) { return static_cast<double>(sum_ns) / works; };
  const double signing_ns = mean(end.overlay.signing_ns - start.overlay.signing_ns);
  const double overlay_ns = mean(end.overlay.all_ns - start.overlay.all_ns) - signing_ns;
  const double element_ns = mean(end.element_ns - start.element_ns);
  const double all_ns = element_ns + overlay_ns + signing_ns;
  const double reading = reading_ns(pair.recorded()), writing = writing_ns(pair.recorded());
  state.counters["us"] = all_ns / 1000;
  state.counters["reading%"] = 100 * reading / all_ns;
  state.counters["writing%"] = 100 * writing / all_ns;
  state.counters["sip%"] = 100 * (element_ns - reading - writing) / all_ns;
  state.counters["overlay%"] = 100 * overlay_ns / all_ns;
  state.counters["signing%"] = 100 * signing_ns / all_ns;
}

// A registration is renewed: what the overlay has stays as it is.
void Renewal(benchmark::State& state) {
  ElementPair pair(true);
  auto bob = phone_of(ElementPair::callee);
  measure(state, pair, k_pause, [&] { register_once(pair, bob, k_expires_s); });
}
BENCHMARK(Renewal)->UseManualTime();

void RenewalWithDigest(benchmark::State& state) {
  ElementPair pair(false);
  DigestPhone bob(pair);
  measure(state, pair, k_pause, [&] { bob.register_once(); });
}
BENCHMARK(RenewalWithDigest)->UseManualTime();

// A phone comes and goes: the entry in the overlay is written and removed.
void RegisterAndUnregister(benchmark::State& state) {
  ElementPair pair(true);
  auto bob = phone_of(ElementPair::callee);
  measure(state, pair, k_between_writes, [&] {
    register_once(pair, bob, k_expires_s);
    pair.pass(k_between_writes);
    register_once(pair, bob, 0);
  });
}
BENCHMARK(RegisterAndUnregister)->UseManualTime();

// INVITE to the answer to BYE through two peers: both peers' time.
void Call(benchmark::State& state) {
  ElementPair pair(true);
  auto alice = phone_of(ElementPair::caller), bob = phone_of(ElementPair::callee);
  register_once(pair, bob, k_expires_s);
  measure(state, pair, k_pause, [&] { call_once(pair, alice, bob); });
}
BENCHMARK(Call)->UseManualTime();

// What a peer does that gets somebody's registration from another one, for each: by whom is it signed?
void CheckOfARegistration(benchmark::State& state) {
  const bench::LonePeer peer("bob@example.org", test::node_id(0x12));
  wire::StoredData values[2];
  ResourceId resource;
  for (auto& value : values) {
    value.storage_time_ms = test::k_now_ms + static_cast<WallMs>(&value - values);
    value.lifetime_s = k_expires_s;
    value.value.model = wire::DataModel::dictionary;
    value.value.key = SharedBytes(Bytes(16, 0x12));
    value.value.data = {true, SharedBytes(Bytes(40, 'x'))};
    value.value_wire = SharedBytes(wire::encode(value.value));
    value.signature = peer.signer()->sign(
        security::value_signature_input(resource, config::k_sip_registration, value.storage_time_ms,
                                        wire::DataModel::dictionary, value.value_wire));
  }
  // It remembers one signature, and there are two.
  security::InspectionLimits limits;
  limits.max_signatures = 1;
  security::Inspector inspector({peer.trust(), {peer.configuration(), &peer.configuration()->kinds}}, limits);
  const std::vector<wire::GenericCertificate> certificates = {
      {wire::CertificateType::x509, peer.signer()->certificate()->der()}};
  std::size_t next = 0;
  for (auto _ : state) {
    const auto verdict = inspector.check_value(test::k_now_ms, resource, config::k_sip_registration,
                                               values[next++ % 2], certificates);
    if (!verdict.signer) {
      state.SkipWithError(verdict.reason.c_str());
      break;
    }
  }
}
BENCHMARK(CheckOfARegistration);

}  // namespace

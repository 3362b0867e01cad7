// From a proof to a certificate: fresh Node-IDs, the records' verdict, the authority's signature.
#include <algorithm>

#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr int k_most_draws = 4;  // of Node-IDs that somebody has: not once in the life of the universe
// Certificates begin an hour ago, so that a peer whose clock is a little behind accepts them.
constexpr WallMs k_clock_difference_ms = 3'600'000;

struct Told {
  Refusal refusal;
  const char* message;
};

// What a claimant hears. Whatever is wrong with a proof sounds the same.
Told told(Verdict verdict) {
  switch (verdict) {
    case Verdict::name_taken:
    case Verdict::account_blocked:
      return {Refusal::name_not_available, "this name cannot be had"};
    case Verdict::quota_reached:
      return {Refusal::nodes_not_available,
              "this name has as many nodes as it may have: replace one, or have one revoked"};
    case Verdict::key_revoked:
    case Verdict::key_in_use:
      return {Refusal::bad_csr, "this key cannot be certified: make another"};
    case Verdict::device_revoked:
      return {Refusal::wrong_proof, "this device is shut out"};
    case Verdict::no_such_device:
      return {Refusal::bad_request, "this name has no such device"};
    case Verdict::proof_expired:
    case Verdict::out_of_attempts:
    case Verdict::proof_used:
    case Verdict::wrong_proof:
    default:
      return {Refusal::wrong_proof, k_not_good};
  }
}

}  // namespace

Result<Certificate> Registrar::sign(const Device& device, const services::Key& key, WallMs now_ms) const {
  const auto life_ms = static_cast<WallMs>(settings_.certificate_for.count());
  const WallMs end_ms = std::min(now_ms + life_ms, tools_.authority.not_after_ms());
  if (end_ms <= now_ms) return Failure{"the authority's certificate has ended"};
  const services::NodeRequest request{
      device.user_name, device.nodes, {now_ms - std::min(now_ms, k_clock_difference_ms), end_ms}};
  const auto made = tools_.authority.certify(request, key);
  if (!made) return made.error();
  const auto& certificate = *made->certificate;
  return Certificate{copy_of(certificate.der()), made->serial_hex, now_ms, certificate.not_after_ms()};
}

Result<Enrolled> Registrar::enrol(const Proven& proven, const Caller& caller, WallMs now_ms) {
  EnrolRequest request;
  request.proof = proven.proof;
  request.user_name = proven.user_name;
  request.key = proven.key;
  request.label = proven.label;
  request.quota_nodes = settings_.limits.nodes_of_name;
  request.replace = proven.replace;
  request.source = caller.source;
  request.now_ms = now_ms;
  const Sign sign_device = [&](const Device& device) { return sign(device, proven.public_key, now_ms); };
  for (int draw = 1;; ++draw) {
    request.nodes.clear();
    while (request.nodes.size() < proven.node_count) {
      const auto node = tools_.randomness.node_id();
      if (!node) return node.error();
      request.nodes.push_back(*node);
    }
    auto enrolled = tools_.records.enrol(request, sign_device);
    if (!enrolled || enrolled->verdict != Verdict::node_id_taken || draw == k_most_draws) return enrolled;
    tally_.count(Verdict::node_id_taken);
  }
}

Answer<Delivered> Registrar::deliver(const Device& device) {
  Delivered out;
  out.chain.push_back(device.certificate.der);
  for (const SharedBytes& between : tools_.authority.intermediates_der())
    out.chain.push_back(copy_of(between));
  out.nodes = device.nodes;
  out.user_name = device.user_name;
  out.not_after_ms = device.certificate.expires_ms;
  auto newest = tools_.records.newest_document();
  if (!newest) return trouble(newest.error());
  if (*newest) out.configuration = std::move((*newest)->bytes);
  return out;
}

Answer<Delivered> Registrar::answer_of(const Result<Enrolled>& enrolled) {
  if (!enrolled) return trouble(enrolled.error());
  tally_.count(enrolled->verdict);
  if (made_certificate(enrolled->verdict) && enrolled->device) return deliver(*enrolled->device);
  // A right proof that was used a moment ago, by the same key: what it was used for.
  if (enrolled->verdict == Verdict::proof_used && enrolled->device && !enrolled->device->revoked_ms)
    return deliver(*enrolled->device);
  const Told why = told(enrolled->verdict);
  return Refused{why.refusal, why.message, Duration{0}, name_of(enrolled->verdict)};
}

Answer<Delivered> Registrar::certify(const Proven& proven, const Caller& caller, WallMs now_ms) {
  if (auto good = may_certify(proven.user_name, proven.node_count, caller, now_ms); !good)
    return good.error();
  // Whom an operator has shut out by the document alone the records know as good.
  const auto device = tools_.records.find_device_of_key(proven.user_name, proven.key);
  if (!device) return trouble(device.error());
  if (*device) {
    const auto held = security::Certificate::parse(SharedBytes((*device)->certificate.der));
    if (!held) return trouble({held.error().reason, 0});
    const auto shut = is_shut_out(**held);
    if (!shut) return trouble(shut.error());
    if (*shut) return answer_of(Enrolled{Verdict::key_revoked, std::nullopt});
  }
  if (proven.replace) {
    if (auto good = may_replace(proven.user_name, caller, now_ms); !good) return good.error();
  }
  // A replaced device is marked, and shut out with the next document that gather_document() publishes.
  return answer_of(enrol(proven, caller, now_ms));
}

Answer<Delivered> Registrar::certify_pending(const Pending& pending, Proof proof, const Caller& caller,
                                             WallMs now_ms) {
  // Read again: what was kept is the request as it came.
  const auto csr = read_signing_request(pending.csr);
  if (!csr) return trouble(csr.error());
  if (digest_of_key(*csr) != pending.key) return trouble({"a kept signing request has another key", 0});
  return certify({pending.user_name, csr->public_key, pending.key, pending.label, pending.node_count,
                  pending.replace, proof},
                 caller, now_ms);
}

}  // namespace ringway::enrolld

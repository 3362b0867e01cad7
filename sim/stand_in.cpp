#include "sim/stand_in.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "reload/wire/codec.hpp"
#include "sim/seeded_random.hpp"

namespace ringway::sim {

namespace {

constexpr WallMs k_hour_ms = 3'600'000;
constexpr std::string_view k_certificates = "certificate";

// The head of a DER SEQUENCE with a length of two bytes: certificates are stored one behind the other and
// taken apart again by it.
constexpr std::array<std::uint8_t, 2> k_sequence{0x30, 0x82};
constexpr std::size_t k_head_bytes = 4;
constexpr std::size_t k_mac_bytes = SHA256_DIGEST_LENGTH;

Failure refused(std::string reason) { return {"certificate: " + std::move(reason), 0}; }

class StandInSigner : public security::Signer {
 public:
  StandInSigner(std::shared_ptr<const StandIn> scheme, security::CertificatePtr certificate)
      : scheme_(std::move(scheme)), certificate_(std::move(certificate)) {}

  const security::CertificatePtr& certificate() const override { return certificate_; }
  NodeId node_id() const override { return certificate_->node_ids().front(); }
  const std::vector<SharedBytes>& chain_der() const override {
    static const std::vector<SharedBytes> none;
    return none;
  }
  wire::Signature sign(BytesView input) const override {
    wire::Signature out = unsigned_one();
    Bytes whole = copy_of(input);
    append(whole, out.identity_wire);
    out.value = SharedBytes(scheme_->sign(node_id(), whole));
    return out;
  }
  wire::Signature sign_exact(BytesView input) const override {
    wire::Signature out = unsigned_one();
    out.value = SharedBytes(scheme_->sign(node_id(), input));
    return out;
  }

 private:
  wire::Signature unsigned_one() const {
    wire::Signature out;
    out.hash = wire::HashAlgorithm::sha256;
    out.algorithm = wire::SignatureAlgorithm::ecdsa;
    out.identity = security::make_identity(*certificate_, node_id());
    out.identity_wire = SharedBytes(wire::encode(out.identity));
    return out;
  }

  std::shared_ptr<const StandIn> scheme_;
  security::CertificatePtr certificate_;
};

}  // namespace

StandIn::StandIn(std::string overlay_name, WallMs now_ms, std::uint64_t seed)
    : overlay_name_(std::move(overlay_name)), now_ms_(now_ms) {
  SeededRandom random(seed, "stand-in");
  for (auto& byte : key_) byte = static_cast<std::uint8_t>(random.below(256));
}

StandIn::Mac StandIn::mac(BytesView purpose, BytesView bytes) const {
  // The lengths stand before what they measure, so that nothing can be cut apart in another way.
  wire::Writer input;
  input.reserve(key_.size() + 16 + purpose.size() + bytes.size());
  input.raw(key_);
  input.u64(purpose.size());
  input.raw(purpose);
  input.raw(bytes);
  Mac out;
  SHA256(input.bytes().data(), input.size(), out.data());
  return out;
}

std::shared_ptr<const security::Signer> StandIn::issue(const std::string& user_name, const NodeId& node,
                                                       std::chrono::hours lifetime) const {
  security::Certificate::Statement statement;
  statement.node = node;
  statement.user_name = user_name;
  statement.overlay_name = overlay_name_;
  statement.not_before_ms = now_ms_ - k_hour_ms;
  statement.not_after_ms = now_ms_ + static_cast<WallMs>(lifetime.count()) * k_hour_ms;
  statement.der = encode(statement);
  return std::make_shared<StandInSigner>(
      shared_from_this(), security::Certificate::stating(std::move(statement), shared_from_this()));
}

SharedBytes StandIn::encode(const security::Certificate::Statement& statement) const {
  wire::Writer out;
  out.reserve(k_stand_in_certificate_bytes);
  out.raw(k_sequence);
  out.u16(static_cast<std::uint16_t>(k_stand_in_certificate_bytes - k_head_bytes));
  out.raw(statement.node.view());
  out.u64(statement.not_before_ms);
  out.u64(statement.not_after_ms);
  out.opaque(1, view_of(statement.user_name));
  out.opaque(1, view_of(statement.overlay_name));
  Bytes bytes = out.take();
  bytes.resize(std::max(bytes.size(), k_stand_in_certificate_bytes - k_mac_bytes));
  append(bytes, mac(view_of(k_certificates), bytes));
  return {std::move(bytes)};
}

SharedBytes StandIn::der_of(const security::Certificate& certificate) const {
  return encode({{},
                 certificate.node_ids().front(),
                 certificate.user_name(),
                 certificate.overlay_name(),
                 certificate.not_before_ms(),
                 certificate.not_after_ms()});
}

Result<security::CertificatePtr> StandIn::read_certificate(const SharedBytes& der) const {
  if (der.size() != k_stand_in_certificate_bytes || !equal(der.view().first(k_sequence.size()), k_sequence))
    return refused("not one of this simulation");
  wire::Reader in(der.from(k_head_bytes));
  security::Certificate::Statement statement;
  statement.node = as_node(ring_id_from(in.take(k_node_id_size_bytes)));
  statement.not_before_ms = in.u64();
  statement.not_after_ms = in.u64();
  statement.user_name = text_of(in.opaque(1));
  statement.overlay_name = text_of(in.opaque(1));
  if (!in.ok()) return refused("malformed");
  statement.der = der;
  return security::Certificate::stating(std::move(statement));
}

Outcome<> StandIn::vouched_for(const security::Certificate& certificate) const {
  const SharedBytes der = certificate.der();
  if (der.size() != k_stand_in_certificate_bytes) return refused("not one of this simulation");
  const std::size_t stated = der.size() - k_mac_bytes;
  if (!equal(der.from(stated), mac(view_of(k_certificates), der.slice(0, stated))))
    return refused("not of this simulation's authority");
  return Done{};
}

Bytes StandIn::sign(const NodeId& node, BytesView bytes) const {
  const Mac good = mac(node.view(), bytes);
  Bytes out(k_stand_in_signature_bytes);
  std::copy(good.begin(), good.end(), out.begin());
  return out;
}

bool StandIn::signature_good(const wire::Signature& signature, const security::Certificate& certificate,
                             BytesView signed_bytes) const {
  return signature.hash == wire::HashAlgorithm::sha256 &&
         signature.algorithm == wire::SignatureAlgorithm::ecdsa &&
         equal(signature.value, sign(certificate.node_ids().front(), signed_bytes));
}

}  // namespace ringway::sim

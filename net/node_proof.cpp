#include "net/node_proof.hpp"

#include <string_view>
#include <utility>

#include "reload/security/verify.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/message.hpp"

namespace ringway::net {

namespace {

// No message and no value begins like this: neither can pass for a proof.
constexpr std::string_view k_context = "ringway node proof 1";

Bytes signed_bytes(Side side, BytesView binding) {
  wire::Writer out;
  out.raw(view_of(k_context));
  out.u8(static_cast<std::uint8_t>(side));
  out.opaque(1, binding);
  return out.take();
}

bool refuse(PeerCheck& check, std::string reason) {
  check.refusal = std::move(reason);
  return false;
}

}  // namespace

Bytes make_proof(const security::Signer& signer, Side side, BytesView binding) {
  const Bytes block = wire::encode(security::make_security_block(signer, signed_bytes(side, binding), {}));
  wire::Writer out;
  out.opaque(static_cast<int>(k_proof_length_size_bytes), block);
  return out.take();
}

std::optional<std::size_t> proof_size(BytesView length) {
  wire::Reader in{SharedBytes(copy_of(length))};
  const std::size_t size_bytes = in.u32();
  if (!in.ok() || size_bytes == 0 || size_bytes > k_max_proof_size_bytes) return std::nullopt;
  return size_bytes;
}

bool accept_proof(PeerCheck& check, Side of, BytesView binding, SharedBytes block) {
  const auto decoded = wire::decode<wire::SecurityBlock>(std::move(block));
  if (!decoded) return refuse(check, "its proof of who it is cannot be read: " + decoded.error().reason);
  if (decoded->certificates.empty()) return refuse(check, "its proof of who it is has no certificate");
  std::vector<SharedBytes> others;
  for (std::size_t i = 1; i < decoded->certificates.size(); ++i)
    others.push_back(decoded->certificates[i].der);
  if (!judge_certificate(check, decoded->certificates.front().der, std::move(others))) return false;
  const auto certificate = std::exchange(check.certificate, nullptr);
  const auto node = security::identity_names(decoded->signature.identity, *certificate);
  if (!node) return refuse(check, "its proof is in another's name than its certificate");
  Bytes input = signed_bytes(of, binding);
  append(input, decoded->signature.identity_wire);
  if (!security::signature_good(decoded->signature, *certificate, input))
    return refuse(check, "its proof of who it is is wrong");
  check.certificate = certificate;
  return true;
}

}  // namespace ringway::net

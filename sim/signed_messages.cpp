#include "sim/signed_messages.hpp"

#include <utility>

#include "reload/wire/bodies.hpp"

namespace ringway::sim {

std::optional<wire::MessageCode> code_of(const wire::ParsedHeader& parsed, const SharedBytes& message) {
  if (message.size() < parsed.size_bytes + 2) return std::nullopt;
  const BytesView code = message.from(parsed.size_bytes);
  return static_cast<wire::MessageCode>((code[0] << 8U) | code[1]);
}

std::optional<wire::MessageCode> code_of(const SharedBytes& message) {
  const auto parsed = wire::parse_header(message);
  return parsed ? code_of(*parsed, message) : std::nullopt;
}

SharedBytes signed_by(const security::Signer& signer, const wire::ForwardingHeader& header,
                      wire::MessageCode code, BytesView body, const std::vector<SharedBytes>& certificates) {
  const Bytes contents = wire::encode(wire::MessageContents{code, SharedBytes(copy_of(body)), {}});
  const Bytes input = security::message_signature_input(header.overlay, header.transaction_id, contents);
  const Bytes payload =
      wire::encode_payload(contents, security::make_security_block(signer, input, certificates));
  Bytes whole = wire::encode_header(header, payload.size());
  append(whole, payload);
  return SharedBytes(std::move(whole));
}

std::vector<SharedBytes> certificates_in(const wire::Message& message) {
  std::vector<SharedBytes> all;
  for (const auto& certificate : message.security.certificates) all.push_back(certificate.der);
  return all;
}

}  // namespace ringway::sim

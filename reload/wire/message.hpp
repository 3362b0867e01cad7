// What stands behind the forwarding header: MessageContents and SecurityBlock (RFC 6940 §6.3.3, §6.3.4).
// Certificates are carried as bytes here; what they mean is security/'s.
#pragma once

#include <cstdint>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/codes.hpp"
#include "reload/wire/header.hpp"

namespace ringway::wire {

struct MessageExtension {
  std::uint16_t type = 0;
  bool critical = false;
  Bytes contents;
  bool operator==(const MessageExtension&) const = default;
};

struct MessageContents {
  MessageCode code = MessageCode::invalid;
  SharedBytes body;
  std::vector<MessageExtension> extensions;
};

struct GenericCertificate {
  CertificateType type = CertificateType::x509;  // no other type is accepted (RFC 6940 §6.3.4)
  SharedBytes der;
};

struct SignerIdentity {
  SignerIdentityType type = SignerIdentityType::none;
  HashAlgorithm hash = HashAlgorithm::none;  // of the certificate; not present for `none`
  // Of the certificate, or of Node-ID and certificate. For a type not known here, all that the identity
  // holds.
  SharedBytes digest;
};

struct Signature {
  HashAlgorithm hash = HashAlgorithm::none;
  SignatureAlgorithm algorithm = SignatureAlgorithm::anonymous;
  SignerIdentity identity;
  SharedBytes identity_wire;  // the identity as received: what the signature covers (WIRE-35)
  SharedBytes value;
};

struct SecurityBlock {
  std::vector<GenericCertificate> certificates;
  Signature signature;
};

// One whole (reassembled) message.
struct Message {
  ForwardingHeader header;
  MessageContents contents;
  SharedBytes contents_wire;  // MessageContents as received: what the signature covers (WIRE-35)
  SecurityBlock security;
};

void read(Reader& in, MessageContents& out);
void write(Writer& out, const MessageContents& contents);
void read(Reader& in, SignerIdentity& out);
void write(Writer& out, const SignerIdentity& identity);
void read(Reader& in, Signature& out);
void write(Writer& out, const Signature& signature);
void read(Reader& in, SecurityBlock& out);
void write(Writer& out, const SecurityBlock& block);

// Decodes contents and security behind an already parsed header. Offsets in failures count from the message's
// start.
Result<Message> decode_payload(ParsedHeader header, const SharedBytes& message);
// parse_header and decode_payload in one, for a whole message.
Result<Message> decode_message(const SharedBytes& message);

// contents ‖ security, the immutable payload that forwarders pass on.
Bytes encode_payload(BytesView contents_wire, const SecurityBlock& security);
// header.length is computed. contents_wire goes out as it is, if there is one, so that a received signature
// still holds; else `contents` is encoded.
Bytes encode_message(const Message& message);

}  // namespace ringway::wire

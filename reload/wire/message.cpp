#include "reload/wire/message.hpp"

#include "reload/wire/vectors.hpp"

namespace ringway::wire {
namespace {

constexpr int k_certificate_length_size_bytes = 2;

bool is_code(std::uint16_t number) {
  return number != 0 &&
         (number < k_first_reserved_code || number == static_cast<std::uint16_t>(MessageCode::error));
}

MessageExtension read_extension(Reader& in) {
  MessageExtension extension;
  extension.type = in.u16();
  extension.critical = in.boolean();
  extension.contents = in.opaque_copy(4);
  return extension;
}

void write_extension(Writer& out, const MessageExtension& extension) {
  out.u16(extension.type);
  out.boolean(extension.critical);
  out.opaque(4, extension.contents);
}

GenericCertificate read_certificate(Reader& in) {
  GenericCertificate certificate;
  certificate.type = static_cast<CertificateType>(in.u8());
  if (in.ok() && certificate.type != CertificateType::x509) in.fail("not an X.509 certificate");
  certificate.der = in.opaque(k_certificate_length_size_bytes);
  return certificate;
}

void write_certificate(Writer& out, const GenericCertificate& certificate) {
  out.u8(static_cast<std::uint8_t>(certificate.type));
  out.opaque(k_certificate_length_size_bytes, certificate.der);
}

bool has_hash(SignerIdentityType type) {
  return type == SignerIdentityType::cert_hash || type == SignerIdentityType::cert_hash_node_id;
}

}  // namespace

void read(Reader& in, MessageContents& out) {
  const std::uint16_t code = in.u16();
  if (in.ok() && !is_code(code)) in.fail("invalid or reserved message code");
  out.code = static_cast<MessageCode>(code);
  out.body = in.opaque(4);
  read_vector(in, 4, out.extensions, read_extension);
}

void write(Writer& out, const MessageContents& contents) {
  out.u16(static_cast<std::uint16_t>(contents.code));
  out.opaque(4, contents.body);
  write_vector(out, 4, contents.extensions, write_extension);
}

// The select may be extended with new types (RFC 6940 §6.3.4), so an unknown one parses; it proves nothing.
void read(Reader& in, SignerIdentity& out) {
  out.type = static_cast<SignerIdentityType>(in.u8());
  if (in.ok() && out.type == SignerIdentityType::invalid) in.fail("signer identity type 0");
  Reader part = in.vector(2);
  if (has_hash(out.type)) {
    out.hash = static_cast<HashAlgorithm>(part.u8());
    out.digest = part.opaque(1);
  } else if (out.type != SignerIdentityType::none) {
    out.digest = part.take(part.remaining());
  }
  in.finish(part);
}

void write(Writer& out, const SignerIdentity& identity) {
  out.u8(static_cast<std::uint8_t>(identity.type));
  const std::size_t mark = out.begin(2);
  if (has_hash(identity.type)) {
    out.u8(static_cast<std::uint8_t>(identity.hash));
    out.opaque(1, identity.digest);
  } else if (identity.type != SignerIdentityType::none) {
    out.raw(identity.digest);
  }
  out.end(mark, 2);
}

void read(Reader& in, Signature& out) {
  out.hash = static_cast<HashAlgorithm>(in.u8());
  out.algorithm = static_cast<SignatureAlgorithm>(in.u8());
  const std::size_t identity_start = in.position();
  read(in, out.identity);
  out.identity_wire = in.since(identity_start);
  out.value = in.opaque(2);
}

void write(Writer& out, const Signature& signature) {
  out.u8(static_cast<std::uint8_t>(signature.hash));
  out.u8(static_cast<std::uint8_t>(signature.algorithm));
  write(out, signature.identity);
  out.opaque(2, signature.value);
}

void read(Reader& in, SecurityBlock& out) {
  read_vector(in, 2, out.certificates, read_certificate);
  read(in, out.signature);
}

void write(Writer& out, const SecurityBlock& block) {
  write_vector(out, 2, block.certificates, write_certificate);
  write(out, block.signature);
}

Result<Message> decode_payload(ParsedHeader header, const SharedBytes& message) {
  Reader in(message);
  in.take(header.size_bytes);
  Message out;
  out.header = std::move(header.header);
  read(in, out.contents);
  out.contents_wire = in.since(in.ok() ? header.size_bytes : in.position());
  read(in, out.security);
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return in.failure();
  return out;
}

Result<Message> decode_message(const SharedBytes& message) {
  Result<ParsedHeader, HeaderFailure> parsed = parse_header(message);
  if (!parsed) return Failure{parsed.error().reason, parsed.error().offset};
  if (!parsed->header.is_whole()) return Failure{"a fragment, not a whole message", 12};
  return decode_payload(std::move(parsed).value(), message);
}

Bytes encode_payload(BytesView contents_wire, const SecurityBlock& security) {
  Bytes payload = copy_of(contents_wire);
  append(payload, encode(security));
  return payload;
}

Bytes encode_message(const Message& message) {
  const Bytes payload = message.contents_wire.empty()
                            ? encode_payload(encode(message.contents), message.security)
                            : encode_payload(message.contents_wire, message.security);
  Bytes out = encode_header(message.header, payload.size());
  append(out, payload);
  return out;
}

}  // namespace ringway::wire

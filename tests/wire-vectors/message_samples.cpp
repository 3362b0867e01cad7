#include "reload/wire/fragment.hpp"
#include "reload/wire/frame.hpp"
#include "tests/wire-vectors/samples.hpp"

namespace ringway::wire_vectors {
namespace {

using namespace wire;

// A self-signed certificate on P-256, for the subject CN=x. The witness looks inside.
constexpr std::string_view k_certificate_hex =
    "3082016f30820115a003020102021454060eeb24f478b659bd54310ba1741629ba39e4300a06082a8648ce3d04030230"
    "0c310a300806035504030c01783020170d3236313132313033313130355a180f32313236313032383033313130355a30"
    "0c310a300806035504030c01783059301306072a8648ce3d020106082a8648ce3d0301070342000437cfcc0d2ee0f62e"
    "a276b2afec1910e1e29f61a62c0c42fab6fe4a8c6f5ddd4622f19745b6d2254e9c78197b6e8dd481898e4f08f79e0057"
    "c6752ee0124473ada3533051301d0603551d0e041604148d0fa3313bf6e5e2e1f3ac9c13437de6b34c122b301f060355"
    "1d230418301680148d0fa3313bf6e5e2e1f3ac9c13437de6b34c122b300f0603551d130101ff040530030101ff300a06"
    "082a8648ce3d0403020348003045022100883cf5885e99665536a144d4e3f5a7afbca5aaf25e9ec60dce97931f23ba4b"
    "a802207ec37684fdedf8ed9d5a409874161158ffa7c1e68b6df8cc0b8de12dcdac88d6";

constexpr std::uint64_t k_first_transaction = 0x1122334455660000;

// A way back and a way on, of every form that a list can hold.
ForwardingHeader scenic_header() {
  ForwardingHeader header = sample_header();
  header.via_list = {to_node(sample_node(0x11)), CompressedDestination{0x8ABC}, OpaqueDestination{{1, 2, 3}}};
  header.destination_list = {to_node(sample_node(0x22)), OpaqueDestination{{4, 5, 6, 7}},
                             to_resource(sample_node(0x33))};
  header.options = {{42, k_option_destination_critical, {0xDE, 0xAD}},
                    {43, k_option_forward_critical | k_option_response_copy, {}}};
  return header;
}

Bytes certificate() {
  Bytes der;
  from_hex(k_certificate_hex, der);
  return der;
}

Message scenic_message() {
  Message message = sample_message(MessageCode::ping_req, encode(PingReq{}));
  message.header = scenic_header();
  message.contents.extensions = {{0x4242, false, {9, 8, 7}}, {0x4343, true, {}}};
  message.security.certificates = {{CertificateType::x509, certificate()}};
  message.security.signature.identity.type = SignerIdentityType::cert_hash_node_id;
  return message;
}

Bytes framed(std::uint32_t sequence, BytesView message) {
  Bytes frame = data_frame_prefix(sequence, message.size());
  append(frame, message);
  return frame;
}

std::string decimal(std::uint64_t n) { return std::to_string(n); }

Fields header_fields(const Message& message, std::size_t size_bytes) {
  const ForwardingHeader& header = message.header;
  return {{"reload.forwarding.token", {"0xd2454c4f"}},
          {"reload.forwarding.overlay", {decimal(header.overlay)}},
          {"reload.forwarding.configuration_sequence", {decimal(header.configuration_sequence)}},
          {"reload.forwarding.ttl", {decimal(header.ttl)}},
          {"reload.forwarding.trans_id", {decimal(header.transaction_id)}},
          {"reload.forwarding.max_response_length", {decimal(header.max_response_length)}},
          {"reload.length.32 first", {decimal(size_bytes)}},
          {"reload.message.code", {decimal(static_cast<std::uint16_t>(message.contents.code))}}};
}

void add(Fields& to, const Fields& more) { to.insert(to.end(), more.begin(), more.end()); }

PacketSample scenic_packet() {
  const Bytes message = encode_message(scenic_message());
  PacketSample sample{"lists, options, extensions", framed(77, message),
                      header_fields(scenic_message(), message.size())};
  add(sample.fields, {{"reload.forwarding.destination.compressed_id", {"0x8abc"}},
                      {"reload.forwarding.destination.type", {"1", "3", "1", "3", "2"}},
                      {"reload.destination.data.nodeid", {sample_node(0x11).hex(), sample_node(0x22).hex()}},
                      {"reload.forwarding.option.type", {"42", "43"}},
                      {"reload.forwarding.option.flags", {"2", "5"}},
                      {"reload.message_extension.type", {"0x4242", "0x4343"}},
                      {"reload.message_extension.critical", {"0", "1"}},
                      {"reload.certificate.type", {"0"}},
                      {"reload.signature.identity.type", {"2"}},
                      {"reload_framing.sequence", {"77"}}});
  return sample;
}

void add_fragments(std::vector<PacketSample>& out) {
  Message message = sample_message(MessageCode::ping_req, encode(PingReq{Bytes(900, 0x5A)}));
  message.header.transaction_id = 0xF0F0F0F0F0F0F0F0;
  const Bytes payload = encode_payload(encode(message.contents), message.security);
  const std::vector<SharedBytes> parts = fragment(message.header, payload, 600);
  std::size_t offset = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool is_last = i + 1 == parts.size();
    PacketSample sample{"fragment " + decimal(i), framed(static_cast<std::uint32_t>(i), parts[i]), {}};
    sample.fields = {{"reload.forwarding.fragment.offset", {decimal(offset)}},
                     {"reload.forwarding.fragment.last", {is_last ? "1" : "0"}},
                     {"reload.forwarding.fragment.fragmented", {"1"}}};
    if (is_last) sample.fields.push_back({"reload.reassembled.length", {decimal(payload.size())}});
    out.push_back(sample);
    offset += parts[i].size() - header_size_bytes(message.header);
  }
}

}  // namespace

NodeId sample_node(std::uint8_t first_byte) {
  NodeId node;
  for (std::uint8_t& byte : node.bytes) byte = first_byte++;
  return node;
}

ForwardingHeader sample_header() {
  ForwardingHeader header;
  header.overlay = overlay_hash("overlay.example.org");
  header.configuration_sequence = 22;
  header.transaction_id = k_first_transaction;
  header.max_response_length = 4000;
  header.destination_list = {to_node(sample_node(0x10))};
  return header;
}

Signature sample_signature() {
  Signature signature;
  signature.hash = HashAlgorithm::sha256;
  signature.algorithm = SignatureAlgorithm::rsa;
  signature.identity = {SignerIdentityType::cert_hash, HashAlgorithm::sha256, Bytes(32, 0xC1)};
  signature.value = Bytes(64, 0x51);
  return signature;
}

Message sample_message(MessageCode code, const Bytes& body) {
  Message message;
  message.header = sample_header();
  message.contents.code = code;
  message.contents.body = body;
  message.security.signature = sample_signature();
  return message;
}

std::vector<BodySample> all_bodies() {
  std::vector<BodySample> out = overlay_bodies();
  for (BodySample& sample : storage_bodies()) out.push_back(std::move(sample));
  return out;
}

std::vector<Bytes> messages() {
  std::vector<Bytes> out{encode_message(scenic_message())};
  for (const BodySample& sample : all_bodies())
    out.push_back(encode_message(sample_message(sample.code, sample.body)));
  return out;
}

std::vector<PacketSample> packets() {
  std::vector<PacketSample> out{scenic_packet()};
  std::uint32_t sequence = 0;
  for (const BodySample& sample : all_bodies()) {
    Message message = sample_message(sample.code, sample.body);
    // Each its own transaction, so that the witness takes none for an answer or a duplicate.
    message.header.transaction_id += ++sequence;
    const Bytes bytes = encode_message(message);
    PacketSample packet{sample.name, framed(sequence, bytes), header_fields(message, bytes.size())};
    add(packet.fields, sample.fields);
    packet.fields.push_back({"reload_framing.sequence", {decimal(sequence)}});
    out.push_back(std::move(packet));
  }
  add_fragments(out);
  out.push_back({"ack",
                 encode_ack({78, 0x80000005}),
                 {{"reload_framing.type", {"129"}},
                  {"reload_framing.ack_sequence", {"78"}},
                  {"reload_framing.received", {"0x80000005"}}}});
  return out;
}

}  // namespace ringway::wire_vectors

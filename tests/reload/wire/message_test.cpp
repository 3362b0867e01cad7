#include "reload/wire/message.hpp"

#include <gtest/gtest.h>

#include "reload/wire/bodies.hpp"
#include "tests/reload/wire/hex.hpp"
#include "tests/wire-vectors/samples.hpp"

namespace ringway::wire {
namespace {

using wire_vectors::sample_message;

TEST(ContentsLayout, CodeBodyExtensions) {
  // Shows: WIRE-23.
  MessageContents contents;
  contents.code = MessageCode::ping_req;
  contents.body = hex("0000");
  expect_layout(contents, "0017 00000002 0000 00000000");
  contents.extensions = {{2, true, {0xAB}}, {3, false, {}}};
  expect_layout(contents, "0017 00000002 0000 0000000f 0002 01 00000001 ab 0003 00 00000000");
}

TEST(ContentsRefusals, InvalidAndReservedCodes) {
  // Shows: WIRE-24.
  for (const char* code : {"0000", "8000", "8001", "fffe"}) {
    EXPECT_EQ(refusal<MessageContents>(std::string(code) + "00000000 00000000"),
              "invalid or reserved message code");
  }
  for (const char* code : {"0001", "0023", "7fff", "ffff"}) {
    EXPECT_EQ(refusal<MessageContents>(std::string(code) + "00000000 00000000"), "accepted");
  }
}

TEST(ContentsRefusals, CriticalIsABoolean) {
  // Shows: WIRE-04.
  EXPECT_EQ(refusal<MessageContents>("0017 00000000 00000007 0002 02 00000000"), "a Boolean is 0 or 1");
}

TEST(SignatureLayout, CertificateHash) {
  Signature signature;
  signature.hash = HashAlgorithm::sha256;
  signature.algorithm = SignatureAlgorithm::rsa;
  signature.identity = {SignerIdentityType::cert_hash, HashAlgorithm::sha256, hex("aabb")};
  signature.value = hex("0102 03");
  expect_layout(signature, "04 01 01 0004 04 02 aabb 0003 010203");
  signature.identity.type = SignerIdentityType::cert_hash_node_id;
  expect_layout(signature, "04 01 02 0004 04 02 aabb 0003 010203");
}

TEST(SignatureLayout, NoneHasNoHash) { expect_layout(Signature{}, "00 00 03 0000 0000"); }

TEST(SignatureLayout, UnknownIdentityIsKeptAndProvesNothing) {
  // Shows: WIRE-03.
  const auto identity = decode<SignerIdentity>(hex("09 0003 aabbcc"));
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->type, static_cast<SignerIdentityType>(9));
  EXPECT_EQ(identity->hash, HashAlgorithm::none);
  EXPECT_EQ(to_hex(encode(*identity)), "090003aabbcc");
}

TEST(SignatureRefusals, LengthsThatDisagree) {
  // Shows: WIRE-02.
  EXPECT_EQ(refusal<SignerIdentity>("00 0000"), "signer identity type 0");
  EXPECT_EQ(refusal<SignerIdentity>("03 0001 00"), "bytes left over");
  EXPECT_EQ(refusal<SignerIdentity>("01 0004 04 01 aabb"), "bytes left over");
  EXPECT_EQ(refusal<SignerIdentity>("01 0004 04 03 aabb"), "truncated");
  EXPECT_EQ(refusal<SignerIdentity>("01 0000"), "truncated");
}

TEST(SecurityLayout, CertificatesThenSignature) {
  SecurityBlock block;
  block.certificates = {{CertificateType::x509, hex("3000")}};
  expect_layout(block, "0005 00 0002 3000 00 00 03 0000 0000");
  EXPECT_EQ(refusal<SecurityBlock>("0005 01 0002 3000 00 00 03 0000 0000"), "not an X.509 certificate");
}

TEST(MessageWire, KeepsTheBytesThatSignaturesCover) {
  // Shows: WIRE-35.
  const Message sent = sample_message(MessageCode::ping_req, hex("0000"));
  const SharedBytes wire = encode_message(sent);
  const Result<Message> received = decode_message(wire);
  ASSERT_TRUE(received);
  EXPECT_EQ(to_hex(received->contents_wire), to_hex(encode(sent.contents)));
  EXPECT_EQ(to_hex(received->security.signature.identity_wire),
            to_hex(encode(sent.security.signature.identity)));
  // They are windows on what came, not copies.
  EXPECT_GE(received->contents_wire.view().data(), wire.view().data());
  EXPECT_LT(received->contents_wire.view().data(), wire.view().data() + wire.size());
}

TEST(MessageWire, SentOnWithTheContentsThatCame) {
  // Shows: WIRE-35.
  Message message =
      decode_message(encode_message(sample_message(MessageCode::ping_req, hex("0000")))).value();
  message.contents.body = hex("0001 ff");
  const Message again = decode_message(encode_message(message)).value();
  EXPECT_EQ(to_hex(again.contents.body), "0000");
}

TEST(MessageWire, EverySampleDecodesAndEncodesToTheSameBytes) {
  // Shows: WIRE-36, WIRE-14.
  for (const Bytes& bytes : wire_vectors::messages()) {
    Result<Message> message = decode_message(bytes);
    ASSERT_TRUE(message) << message.error().reason;
    EXPECT_EQ(message->header.length, bytes.size());
    EXPECT_EQ(encode_message(*message), bytes);
    message->contents_wire = {};  // now from the structures alone
    EXPECT_EQ(encode_message(*message), bytes);
  }
}

TEST(MessageWire, CutAnywhereIsRefused) {
  // Shows: WIRE-02, WIRE-14.
  const SharedBytes whole = encode_message(sample_message(MessageCode::ping_req, hex("0000")));
  const auto header = parse_header(whole);
  ASSERT_TRUE(header);
  for (std::size_t size_bytes = 0; size_bytes < whole.size(); ++size_bytes) {
    const SharedBytes part = copy_of(whole.slice(0, size_bytes));
    EXPECT_FALSE(decode_message(part));
    if (size_bytes >= header->size_bytes) {
      EXPECT_FALSE(decode_payload(*header, part));
    }
  }
  Bytes longer = copy_of(whole);
  longer.push_back(0);
  EXPECT_FALSE(decode_message(longer));
  const Result<Message> left_over = decode_payload(*header, longer);
  ASSERT_FALSE(left_over);
  EXPECT_EQ(left_over.error().reason, "bytes left over");
  EXPECT_EQ(left_over.error().offset, whole.size());
}

TEST(MessageWire, AFragmentIsNoMessage) {
  // Shows: LINK-20.
  Message message = sample_message(MessageCode::ping_req, hex("0000"));
  message.header.fragment = k_fragment_always;
  EXPECT_FALSE(decode_message(encode_message(message)));
}

TEST(MessageWire, OffsetsCountFromTheStartOfTheMessage) {
  Message message = sample_message(MessageCode::ping_req, hex("0000"));
  Bytes bytes = encode_message(message);
  const std::size_t header_bytes = header_size_bytes(message.header);
  bytes[header_bytes] = 0x80;  // a reserved message code
  const Result<Message> refused = decode_message(bytes);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().offset, header_bytes + 2);
}

TEST(ErrorResponseLayout, CodeAndText) {
  // Shows: WIRE-25, WIRE-27.
  expect_layout(ErrorResponse{ErrorCode::ttl_exceeded, text_bytes("far")}, "000a 0003 666172");
  EXPECT_EQ(refusal<ErrorResponse>("0000 0000"), "error code 0");
}

TEST(ErrorResponseLayout, UnknownKindsCarriesKindIds) {
  // Shows: WIRE-27.
  expect_layout(UnknownKinds{{0xF0000009, 1}}, "08 f0000009 00000001");
  EXPECT_EQ(refusal<UnknownKinds>("07 f0000009 000000"), "truncated");
  EXPECT_TRUE(encode_checked(UnknownKinds{std::vector<KindId>(k_max_unknown_kinds)}));
  EXPECT_FALSE(encode_checked(UnknownKinds{std::vector<KindId>(k_max_unknown_kinds + 1)}));
}

}  // namespace
}  // namespace ringway::wire

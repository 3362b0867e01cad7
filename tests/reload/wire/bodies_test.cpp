#include "reload/wire/bodies.hpp"

#include <gtest/gtest.h>

#include "tests/reload/wire/hex.hpp"

// Layouts are those of conformance.md, Appendix B.1 and B.3.

namespace ringway::wire {
namespace {

const std::string k_ipv4_layout = "01 06 c0000201 17c4 ";

IpAddressPort ipv4() { return {AddressType::ipv4, {192, 0, 2, 1}, 6084}; }

IceCandidate host() {
  IceCandidate candidate;
  candidate.address = ipv4();
  candidate.link = OverlayLinkType::dtls_udp_sr;
  candidate.foundation = text_bytes("f");
  candidate.priority = 0x01020304;
  candidate.type = CandidateType::host;
  return candidate;
}

TEST(AddressLayout, Ipv4) {
  // Shows: WIRE-07.
  expect_layout(ipv4(), k_ipv4_layout);
  EXPECT_EQ(decode<IpAddressPort>(hex(k_ipv4_layout)).value(), ipv4());
}

TEST(AddressLayout, Ipv6) {
  // Shows: WIRE-07.
  const IpAddressPort address{
      AddressType::ipv6, {0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 443};
  expect_layout(address, "02 12 20010db8000000000000000000000001 01bb");
  EXPECT_EQ(decode<IpAddressPort>(hex("02 12 20010db8000000000000000000000001 01bb")).value(), address);
}

TEST(AddressLayout, UnknownTypeIsSkippedByItsLength) {
  // Shows: WIRE-07, WIRE-03.
  const auto candidate = decode<IceCandidate>(hex("09 03 aabbcc 01 01 66 01020304 01 0000"));
  ASSERT_TRUE(candidate);
  EXPECT_EQ(candidate->address.type, static_cast<AddressType>(9));
  EXPECT_EQ(candidate->priority, 0x01020304U);
  EXPECT_EQ(to_hex(encode(*candidate)),
            "0903aabbcc010166010203040100"
            "00");
}

TEST(AddressRefusals, LengthsThatDisagree) {
  // Shows: WIRE-02.
  EXPECT_EQ(refusal<IpAddressPort>("00 00"), "type 0");
  EXPECT_EQ(refusal<IpAddressPort>("01 07 c0000201 17c4 00"), "bytes left over");
  EXPECT_EQ(refusal<IpAddressPort>("01 05 c0000201 17"), "truncated");
  EXPECT_EQ(refusal<IpAddressPort>("02 06 c0000201 17c4"), "truncated");
}

TEST(MembershipLayout, JoinAndLeave) {
  expect_layout(JoinReq{node(0x10), {0xAB}}, k_node_10 + "0001 ab");
  expect_layout(JoinAns{{}}, "0000");
  expect_layout(LeaveReq{node(0x10), {}}, k_node_10 + "0000");
  expect_layout(LeaveAns{}, "");
  expect_layout(ChordLeaveData{ChordLeaveType::from_succ, {node(0x20)}}, "01 0010 " + k_node_20);
  expect_layout(ChordLeaveData{ChordLeaveType::from_pred, {}}, "02 0000");
}

TEST(MembershipRefusals, UnknownArmsAndTheZeroNode) {
  // Shows: WIRE-03, WIRE-34.
  EXPECT_EQ(refusal<ChordLeaveData>("00 0000"), "type 0");
  EXPECT_EQ(refusal<ChordLeaveData>("03 0000"), "unknown type of leave");
  EXPECT_EQ(refusal<ChordLeaveData>("01 0010 " + k_no_node_hex), "a Node-ID is not all zero");
  EXPECT_EQ(refusal<ChordLeaveData>("01 000f 101112131415161718191a1b1c1d1e"), "truncated");
  EXPECT_EQ(refusal<JoinReq>(k_no_node_hex + "0000"), "a Node-ID is not all zero");
  EXPECT_EQ(refusal<LeaveReq>(k_no_node_hex + "0000"), "a Node-ID is not all zero");
}

TEST(UpdateLayout, EachType) {
  // Shows: TOPO-20.
  ChordUpdate update;
  update.uptime_s = 300;
  update.type = ChordUpdateType::peer_ready;
  expect_layout(update, "0000012c 01");
  update.type = ChordUpdateType::neighbors;
  update.predecessors = {node(0x10)};
  update.successors = {node(0x20)};
  expect_layout(update, "0000012c 02 0010 " + k_node_10 + "0010 " + k_node_20);
  update.type = ChordUpdateType::full;
  update.fingers = {node(0x30)};
  expect_layout(update, "0000012c 03 0010 " + k_node_10 + "0010 " + k_node_20 + "0010 " + k_node_30);
  expect_layout(UpdateAns{}, "");
}

TEST(UpdateLayout, ListsGoWhereTheyBelong) {
  // Shows: TOPO-20.
  const auto update =
      decode<ChordUpdate>(hex("0000012c 03 0010 " + k_node_10 + "0010 " + k_node_20 + "0010 " + k_node_30));
  ASSERT_TRUE(update);
  EXPECT_EQ(update->predecessors, std::vector<NodeId>{node(0x10)});
  EXPECT_EQ(update->successors, std::vector<NodeId>{node(0x20)});
  EXPECT_EQ(update->fingers, std::vector<NodeId>{node(0x30)});
}

TEST(UpdateRefusals, UnknownArm) {
  // Shows: WIRE-03.
  EXPECT_EQ(refusal<ChordUpdate>("0000012c 00"), "type 0");
  EXPECT_EQ(refusal<ChordUpdate>("0000012c 04 0000 0000 0000"), "unknown type of update");
}

TEST(RouteQueryLayout, RequestAndAnswer) {
  // Shows: TOPO-43.
  expect_layout(RouteQueryReq{true, to_node(node(0x10)), {0xAB}}, "01 0110 " + k_node_10 + "0001 ab");
  expect_layout(ChordRouteQueryAns{node(0x10)}, k_node_10);
  EXPECT_EQ(refusal<RouteQueryReq>("02 0110 " + k_node_10 + "0000"), "a Boolean is 0 or 1");
  EXPECT_EQ(refusal<ChordRouteQueryAns>(k_no_node_hex), "a Node-ID is not all zero");
}

TEST(ProbeLayout, RequestAndAnswer) {
  expect_layout(ProbeReq{{ProbeInformationType::uptime, ProbeInformationType::responsible_set}}, "02 03 01");
  const ProbeAns answer{
      {{ProbeInformationType::uptime, {0, 0, 1, 0}}, {static_cast<ProbeInformationType>(9), {7}}}};
  expect_layout(answer, "0009 03 04 00000100 09 01 07");
}

TEST(ProbeRefusals, TheThreeKnownAre32BitNumbers) {
  // Shows: WIRE-02.
  EXPECT_EQ(refusal<ProbeAns>("0005 03 03 000001"), "not a 32-bit number");
  EXPECT_EQ(refusal<ProbeAns>("0002 00 00"), "type 0");
}

TEST(PingLayout, PaddingAndAnswer) {
  // Shows: WIRE-30.
  expect_layout(PingReq{}, "0000");
  expect_layout(PingReq{{1, 2, 3}}, "0003 010203");
  expect_layout(PingAns{0x0102030405060708, 0x090A0B0C0D0E0F10}, "0102030405060708 090a0b0c0d0e0f10");
  const Bytes longest = encode(PingReq{Bytes(65535)});
  EXPECT_EQ(decode<PingReq>(longest)->padding.size(), 65535U);
  EXPECT_FALSE(encode_checked(PingReq{Bytes(65536)}));
}

TEST(CandidateLayout, Host) { expect_layout(host(), k_ipv4_layout + "01 01 66 01020304 01 0000"); }

TEST(CandidateLayout, RelatedAddressOfReflexiveAndRelayedOnly) {
  IceCandidate candidate = host();
  candidate.related_address = ipv4();
  expect_layout(candidate, k_ipv4_layout + "01 01 66 01020304 01 0000");
  candidate.type = CandidateType::server_reflexive;
  expect_layout(candidate, k_ipv4_layout + "01 01 66 01020304 02 " + k_ipv4_layout + "0000");
  candidate.type = CandidateType::relayed;
  expect_layout(candidate, k_ipv4_layout + "01 01 66 01020304 04 " + k_ipv4_layout + "0000");
}

TEST(CandidateLayout, Extensions) {
  IceCandidate candidate = host();
  candidate.extensions = {{text_bytes("n"), text_bytes("vv")}};
  expect_layout(candidate, k_ipv4_layout + "01 01 66 01020304 01 0007 0001 6e 0002 7676");
}

TEST(CandidateRefusals, UnknownTypes) {
  // Shows: WIRE-03.
  for (const char* type : {"03", "05", "ff"}) {
    EXPECT_EQ(refusal<IceCandidate>(k_ipv4_layout + "01 01 66 01020304 " + type + " 0000"),
              "unknown candidate type");
  }
  EXPECT_EQ(refusal<IceCandidate>(k_ipv4_layout + "01 01 66 01020304 00 0000"), "type 0");
  EXPECT_EQ(refusal<IceCandidate>(k_ipv4_layout + "00 01 66 01020304 01 0000"), "type 0");
}

TEST(CandidateLayout, LinkTypesNotKnownHereAreForTheLinkToIgnore) {
  EXPECT_EQ(refusal<IceCandidate>(k_ipv4_layout + "05 01 66 01020304 01 0000"), "accepted");
}

TEST(AttachLayout, RequestAndAnswerAreAlike) {
  const AttachBody attach{text_bytes("u"), text_bytes("pp"), "passive", {host()}, true};
  const std::string layout =
      "01 75 02 7070 07 70617373697665 0012 " + k_ipv4_layout + "01 01 66 01020304 01 0000 01";
  expect_layout(attach, layout);
  const auto decoded = decode<AttachBody>(hex(layout));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->role, "passive");
  EXPECT_EQ(text_of(decoded->ufrag), "u");
  EXPECT_EQ(text_of(decoded->password), "pp");
  EXPECT_EQ(decoded->candidates.size(), 1U);
  EXPECT_TRUE(decoded->send_update);
  EXPECT_EQ(refusal<AttachBody>("00 00 00 0000 02"), "a Boolean is 0 or 1");
}

TEST(AppAttachLayout, ApplicationStandsBeforeTheRole) {
  const AppAttachBody attach{text_bytes("u"), text_bytes("p"), 5060, "active", {}};
  expect_layout(attach, "01 75 01 70 13c4 06 616374697665 0000");
}

TEST(ConfigUpdateLayout, EachType) {
  // Shows: CONFIG-36.
  ConfigUpdateReq update;
  update.type = ConfigUpdateType::config;
  update.configuration = text_bytes("<x/>");
  expect_layout(update, "01 00000007 000004 3c782f3e");
  ConfigUpdateReq kinds;
  kinds.type = ConfigUpdateType::kind;
  kinds.kinds = {text_bytes("a"), text_bytes("bc")};
  expect_layout(kinds, "02 0000000a 000007 0001 61 0002 6263");
  expect_layout(ConfigUpdateAns{}, "");
}

TEST(ConfigUpdateLayout, UnknownTypeIsSkippedByItsLength) {
  // Shows: WIRE-03.
  const auto update = decode<ConfigUpdateReq>(hex("07 00000002 abcd"));
  ASSERT_TRUE(update);
  EXPECT_EQ(to_hex(encode(*update)), "0700000002abcd");
  EXPECT_EQ(refusal<ConfigUpdateReq>("00 00000000"), "type 0");
  EXPECT_EQ(refusal<ConfigUpdateReq>("01 00000008 000004 3c782f3e 00"), "bytes left over");
}

}  // namespace
}  // namespace ringway::wire

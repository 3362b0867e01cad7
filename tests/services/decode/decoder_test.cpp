// `ringway decode` against what the encoders write, and against the vectors of Appendix C of the conformance
// list, which were computed with other tools.
#include "services/decode/decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "reload/config/mailbox_kind.hpp"
#include "reload/security/certificate.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/fragment.hpp"
#include "reload/wire/frame.hpp"
#include "reload/wire/storage_bodies.hpp"
#include "services/decode/names.hpp"
#include "tests/wire-vectors/known_kinds.hpp"
#include "tests/wire-vectors/samples.hpp"

namespace ringway::services {
namespace {

using wire_vectors::sample_message;

// Node N of Appendix C.
constexpr const char* k_node_n = "101112131415161718191a1b1c1d1e1f";

NodeId node_n() {
  Bytes bytes;
  EXPECT_TRUE(from_hex(k_node_n, bytes));
  return as_node(ring_id_from(bytes));
}

// The Kinds of the samples, one for each data model.
config::Kinds sample_kinds() {
  config::Kinds kinds;
  for (const auto& [kind, model] :
       {std::pair{wire_vectors::k_single_kind, wire::DataModel::single},
        std::pair{wire_vectors::k_array_kind, wire::DataModel::array},
        std::pair{wire_vectors::k_dictionary_kind, wire::DataModel::dictionary}}) {
    config::KindDefinition definition;
    definition.kind = kind;
    definition.model = model;
    kinds.add(definition);
  }
  return kinds;
}

template <typename Body>
Json decoded(wire::MessageCode code, const Body& body) {
  Decoder decoder(sample_kinds(), std::nullopt);
  return decoder.hex_line(to_hex(wire::encode_message(sample_message(code, wire::encode(body)))));
}
template <typename Body>
Json body_of(wire::MessageCode code, const Body& body) {
  const Json line = decoded(code, body);
  EXPECT_FALSE(line.contains("error")) << line.dump();
  return line.at("message_contents").at("message_body");
}

TEST(DecoderTest, EveryMessageOfTheEncodersDecodes) {
  // Shows: WIRE-36.
  Decoder decoder(sample_kinds(), std::nullopt);
  const auto messages = wire_vectors::messages();
  ASSERT_GT(messages.size(), 30U);
  for (const Bytes& message : messages) {
    const Json line = decoder.message(SharedBytes(message));
    EXPECT_FALSE(line.contains("error")) << line.dump();
    EXPECT_EQ(line.at("forwarding_header").at("length"), message.size());
    EXPECT_EQ(line.dump().find('\n'), std::string::npos);
  }
}

TEST(DecoderTest, TheHeaderIsShownFieldByField) {
  // Shows: WIRE-08, WIRE-09, WIRE-13.
  auto message = sample_message(wire::MessageCode::ping_req, wire::encode(wire::PingReq{}));
  message.header.overlay = wire::overlay_hash("overlay.example.org");
  message.header.configuration_sequence = 22;
  message.header.ttl = 99;
  message.header.transaction_id = 0x0102030405060708;
  message.header.max_response_length = 5000;
  message.header.via_list = {wire::to_node(node_n()), wire::CompressedDestination{0x8ABC}};
  message.header.destination_list = {wire::to_resource(node_n())};
  message.header.options = {{42, wire::k_option_forward_critical, {0xDE, 0xAD}}};
  Decoder decoder(sample_kinds(), std::nullopt);
  const Json header = decoder.message(SharedBytes(wire::encode_message(message))).at("forwarding_header");

  EXPECT_EQ(header.at("relo_token"), "d2454c4f");
  EXPECT_EQ(header.at("overlay"), "9aa32b8d");  // Appendix C
  EXPECT_EQ(header.at("configuration_sequence"), 22);
  EXPECT_EQ(header.at("version"), 10);
  EXPECT_EQ(header.at("ttl"), 99);
  EXPECT_EQ(header.at("fragment"), "c0000000");
  EXPECT_EQ(header.at("transaction_id"), "0102030405060708");
  EXPECT_EQ(header.at("max_response_length"), 5000);
  EXPECT_EQ(header.at("via_list_length"), 20);
  EXPECT_EQ(header.at("destination_list_length"), 19);
  EXPECT_EQ(header.at("options_length"), 6);
  EXPECT_EQ(header.at("via_list").at(0), (Json{{"type", "node"}, {"length", 16}, {"node_id", k_node_n}}));
  EXPECT_EQ(header.at("via_list").at(1), (Json{{"opaque_id", "8abc"}}));
  EXPECT_EQ(header.at("destination_list").at(0),
            (Json{{"type", "resource"}, {"length", 17}, {"resource_id", k_node_n}}));
  EXPECT_EQ(header.at("options").at(0), (Json{{"type", 42}, {"flags", 1}, {"length", 2}, {"value", "dead"}}));
}

TEST(DecoderTest, EncodersAgreeWithTheComputedVectors) {
  // Shows: WIRE-09, WIRE-19, SEC-19.
  const auto overlay = [](std::string_view name) {
    wire::Writer writer;
    writer.u32(wire::overlay_hash(name));
    return to_hex(writer.bytes());
  };
  EXPECT_EQ(overlay("overlay.example.org"), "9aa32b8d");
  EXPECT_EQ(overlay("dht.example.com"), "b1d0a6c8");
  EXPECT_EQ(resource_id_of("alice@dht.example.com").hex(), "0c51a942f50c828aef82a5af83e8ed59");
  EXPECT_EQ(resource_id_of("bob@dht.example.com").hex(), "6c1cfd6d5d9e35557d66a1b05f9e2247");
  EXPECT_NE(resource_id_of("alice@dht.example.com").hex(), "50498d8ab50a43b7844afd86106b3ff1");
  EXPECT_EQ(resource_id_of(node_n().view()).hex(), "ca148d05e875bcb8cce4fd2c2c720bfd");
  Bytes node_and_one = copy_of(node_n().view());
  node_and_one.push_back(1);
  EXPECT_EQ(resource_id_of(BytesView(node_and_one)).hex(), "6564ea4d6dce107d930d698d219ff3ff");

  EXPECT_EQ(to_hex(wire::encode(wire::to_node(node_n()))), "0110" + std::string(k_node_n));
  EXPECT_EQ(to_hex(wire::encode(wire::to_resource(node_n()))), "021110" + std::string(k_node_n));
  EXPECT_EQ(to_hex(wire::encode(wire::to_node(wildcard_node()))), "0110" + std::string(32, 'f'));
  EXPECT_EQ(security::reload_uri(node_n(), "overlay.example.org"),
            "reload://0110101112131415161718191a1b1c1d1e1f@overlay.example.org/");

  const auto finger = [](unsigned i) { return ring_add(node_n(), ring_power_of_two(128 - i)).hex(); };
  EXPECT_EQ(finger(1), "901112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(finger(2), "501112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(finger(16), "101212131415161718191a1b1c1d1e1f");

  const auto absent = wire::absent_value(wire::DataModel::single, 0, {});
  EXPECT_EQ(to_hex(wire::encode(absent.signature)), "00000300000000");
}

TEST(DecoderTest, ComputedDestinationsDecode) {
  // Shows: WIRE-19, WIRE-34.
  // The bytes of Appendix C in a RouteQueryReq.
  const auto destination_of = [](const std::string& hex_bytes) {
    Bytes bytes;
    EXPECT_TRUE(from_hex(hex_bytes, bytes));
    Bytes body{0};
    append(body, bytes);
    append(body, Bytes{0, 0});
    Decoder decoder(sample_kinds(), std::nullopt);
    const auto message = wire::encode_message(sample_message(wire::MessageCode::route_query_req, body));
    return decoder.message(SharedBytes(message)).at("message_contents").at("message_body").at("destination");
  };
  EXPECT_EQ(destination_of("0110" + std::string(k_node_n)).at("node_id"), k_node_n);
  EXPECT_EQ(destination_of("021110" + std::string(k_node_n)).at("resource_id"), k_node_n);
  EXPECT_EQ(destination_of("0110" + std::string(32, 'f')).at("node_id"), wildcard_node().hex());
}

TEST(DecoderTest, AStoreIsShownDownToItsValues) {
  wire::StoredData stored;
  stored.storage_time_ms = 1700000000123;
  stored.lifetime_s = 86400;
  stored.value.model = wire::DataModel::dictionary;
  stored.value.key = Bytes{0xAA, 0xBB};
  stored.value.data = {true, Bytes{1, 2, 3}};
  stored.signature = wire_vectors::sample_signature();
  wire::StoreKindData kind;
  kind.kind = wire_vectors::k_dictionary_kind;
  kind.generation_counter = 18446744073709551615U;
  kind.values = {stored};
  wire::StoreReq store;
  store.resource = copy_of(node_n().view());
  store.replica_number = 1;
  store.kind_data = {kind};

  const Json body = body_of(wire::MessageCode::store_req, store);
  EXPECT_EQ(body.at("resource"), k_node_n);
  EXPECT_EQ(body.at("replica_number"), 1);
  const Json& data = body.at("kind_data").at(0);
  EXPECT_EQ(data.at("kind"), wire_vectors::k_dictionary_kind);
  EXPECT_EQ(data.at("generation_counter"), 18446744073709551615U);
  const Json& value = data.at("values").at(0);
  EXPECT_EQ(value.at("storage_time"), 1700000000123);
  EXPECT_EQ(value.at("lifetime"), 86400);
  EXPECT_EQ(value.at("value").at("dictionary_entry"),
            (Json{{"key", "aabb"}, {"value", {{"exists", true}, {"value", "010203"}}}}));
  EXPECT_EQ(value.at("signature").at("algorithm").at("hash"), "sha256");
  EXPECT_EQ(value.at("length"), wire::encode(stored.signature).size() + 8 + 4 + 4 + 1 + 4 + 3);
}

TEST(DecoderTest, EveryDataModelHasItsShape) {
  wire::StoredData stored;
  stored.signature = wire_vectors::sample_signature();
  stored.value.data = {true, Bytes{7}};
  wire::FetchAns answer;
  stored.value.model = wire::DataModel::single;
  answer.kind_responses.push_back({wire_vectors::k_single_kind, 1, {stored}, false, {}});
  stored.value.model = wire::DataModel::array;
  stored.value.index = 3;
  answer.kind_responses.push_back({wire_vectors::k_array_kind, 2, {stored}, false, {}});
  const Json body = body_of(wire::MessageCode::fetch_ans, answer);
  EXPECT_TRUE(body.at("kind_responses").at(0).at("values").at(0).at("value").contains("single_value_entry"));
  EXPECT_EQ(body.at("kind_responses").at(1).at("values").at(0).at("value").at("array_entry").at("index"), 3);
}

TEST(DecoderTest, ValuesOfAnUnknownKindAreHex) {
  Decoder decoder(config::Kinds{}, std::nullopt);
  wire::StoredData stored;
  stored.signature = wire_vectors::sample_signature();
  wire::FetchAns answer;
  answer.kind_responses.push_back({wire_vectors::k_single_kind, 1, {stored}, false, {}});
  const auto bytes = wire::encode_message(sample_message(wire::MessageCode::fetch_ans, wire::encode(answer)));
  const Json line = decoder.message(SharedBytes(bytes));
  ASSERT_FALSE(line.contains("error")) << line.dump();
  const Json& values = line.at("message_contents").at("message_body").at("kind_responses").at(0).at("values");
  ASSERT_TRUE(values.is_string());
  EXPECT_GT(values.get<std::string>().size(), 20U);
}

TEST(DecoderTest, ErrorsCarryTheirNameAndWhatTheirInfoMeans) {
  // Shows: WIRE-27.
  wire::ErrorResponse error;
  error.code = wire::ErrorCode::forbidden;
  error.info = copy_of(view_of("not yours"));
  Json body = body_of(wire::MessageCode::error, error);
  EXPECT_EQ(body.at("error_code"), 2);
  EXPECT_THAT(body.at("error_name").get<std::string>(), ::testing::HasSubstr("Forbidden"));
  EXPECT_EQ(body.at("error_info"), "not yours");

  error.info = {0xFF, 0xFE};
  EXPECT_EQ(body_of(wire::MessageCode::error, error).at("error_info"), (Json{{"hex", "fffe"}}));

  error.code = wire::ErrorCode::generation_counter_too_low;
  error.info = wire::encode(wire::StoreAns{{{wire_vectors::k_single_kind, 9, {}}}});
  EXPECT_EQ(body_of(wire::MessageCode::error, error)
                .at("error_info")
                .at("kind_responses")
                .at(0)
                .at("generation_counter"),
            9);

  error.code = wire::ErrorCode::unknown_kind;
  error.info = wire::encode(wire::UnknownKinds{{5, 6}});
  EXPECT_EQ(body_of(wire::MessageCode::error, error).at("error_info").at("kinds"), (Json{5, 6}));
}

TEST(DecoderTest, OverlayMaintenanceBodies) {
  wire::ChordUpdate update;
  update.uptime_s = 77;
  update.type = wire::ChordUpdateType::full;
  update.predecessors = {node_n()};
  update.fingers = {node_n(), wildcard_node()};
  const Json body = body_of(wire::MessageCode::update_req, update);
  EXPECT_EQ(body.at("uptime"), 77);
  EXPECT_EQ(body.at("type"), "full");
  EXPECT_EQ(body.at("predecessors"), Json::array({k_node_n}));
  EXPECT_EQ(body.at("successors"), Json::array());
  EXPECT_EQ(body.at("fingers").size(), 2U);

  wire::LeaveReq leave;
  leave.leaving_peer_id = node_n();
  leave.overlay_specific_data =
      wire::encode(wire::ChordLeaveData{wire::ChordLeaveType::from_pred, {node_n()}});
  const Json left = body_of(wire::MessageCode::leave_req, leave);
  EXPECT_EQ(left.at("overlay_specific_data"), (Json{{"type", "from_pred"}, {"predecessors", {k_node_n}}}));

  EXPECT_EQ(body_of(wire::MessageCode::ping_ans, wire::PingAns{5, 6}),
            (Json{{"response_id", 5}, {"time", 6}}));
  wire::ProbeAns probe;
  probe.information = {{wire::ProbeInformationType::uptime, {0, 0, 1, 0}}};
  EXPECT_EQ(body_of(wire::MessageCode::probe_ans, probe).at("probe_info").at(0),
            (Json{{"type", "uptime"}, {"length", 4}, {"uptime", 256}}));
}

TEST(DecoderTest, WhatDoesNotDecodeSaysWhere) {
  // Shows: WIRE-02, WIRE-08, WIRE-12.
  Decoder decoder(sample_kinds(), std::nullopt);
  const Bytes good =
      wire::encode_message(sample_message(wire::MessageCode::ping_req, wire::encode(wire::PingReq{})));

  Bytes foreign = good;
  foreign[0] = 0;
  EXPECT_TRUE(decoder.message(SharedBytes(foreign)).contains("error"));
  EXPECT_TRUE(decoder.message(SharedBytes(foreign)).contains("offset"));

  Bytes body = wire::encode(wire::PingAns{1, 2});
  body.pop_back();
  const Bytes cut = wire::encode_message(sample_message(wire::MessageCode::ping_ans, body));
  const auto header = wire::parse_header(cut);
  ASSERT_TRUE(header);
  const Json line = decoder.message(SharedBytes(cut));
  ASSERT_TRUE(line.contains("error"));
  const auto body_start = header->size_bytes + 6;
  EXPECT_GE(line.at("offset").get<std::size_t>(), body_start);
  EXPECT_LE(line.at("offset").get<std::size_t>(), body_start + body.size());

  EXPECT_EQ(decoder.hex_line("d2454c4").at("error"), "an odd number of hex digits");
  EXPECT_EQ(decoder.hex_line("d2454cxx").at("offset"), 3);
  EXPECT_TRUE(decoder.hex_line("").contains("error"));
}

TEST(DecoderTest, NoTruncationOfAMessageIsTakenForOne) {
  // Shows: WIRE-02, WIRE-14.
  Decoder decoder(sample_kinds(), std::nullopt);
  for (const Bytes& message : wire_vectors::messages()) {
    for (std::size_t size = 0; size < message.size(); size += 1 + message.size() / 97) {
      const Json line =
          decoder.message(SharedBytes(Bytes(message.begin(), message.begin() + static_cast<long>(size))));
      EXPECT_TRUE(line.contains("error")) << size;
    }
  }
}

TEST(DecoderTest, FramesComeOneByOneAndAFaultEndsThem) {
  // Shows: LINK-02.
  const Bytes message =
      wire::encode_message(sample_message(wire::MessageCode::ping_req, wire::encode(wire::PingReq{})));
  Bytes stream = wire::data_frame_prefix(7, message.size());
  append(stream, message);
  append(stream, wire::encode_ack({7, 0x80000001}));
  const auto run = [](const Bytes& bytes) {
    std::istringstream in(std::string(text_of(bytes)));
    std::vector<Json> lines;
    Decoder decoder(sample_kinds(), std::nullopt);
    decoder.frames(in, [&](const Json& line) { lines.push_back(line); });
    return lines;
  };
  auto lines = run(stream);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0].at("type"), "data");
  EXPECT_EQ(lines[0].at("sequence"), 7);
  EXPECT_EQ(lines[0].at("message").at("message_contents").at("message_name"), "ping_req");
  EXPECT_EQ(lines[1], (Json{{"type", "ack"}, {"ack_sequence", 7}, {"received", 0x80000001}}));

  Bytes foreign = stream;
  foreign.push_back(5);  // no frame starts so
  append(foreign, Bytes(16, 0));
  lines = run(foreign);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_GE(lines[2].at("offset").get<std::size_t>(), stream.size());

  stream.pop_back();
  lines = run(stream);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_TRUE(lines[1].contains("error"));
}

TEST(DecoderTest, AFragmentKeepsItsPartAsHex) {
  auto message = sample_message(wire::MessageCode::ping_req, wire::encode(wire::PingReq{Bytes(900, 1)}));
  const Bytes payload = wire::encode_payload(wire::encode(message.contents), message.security);
  const auto parts = wire::fragment(message.header, payload, 600);
  ASSERT_GT(parts.size(), 1U);
  Decoder decoder(sample_kinds(), std::nullopt);
  const Json line = decoder.message(parts[1]);
  EXPECT_TRUE(line.contains("fragment_contents"));
  EXPECT_NE(line.at("forwarding_header").at("fragment"), "c0000000");
}

TEST(NamesTest, RingwaysOwnKindsAreKnownAsDictionaries) {
  const auto kinds = well_known_kinds();
  for (const KindId kind : {config::k_owner_value, config::k_shared_value, config::k_subscription,
                            config::k_mailbox, config::k_sip_registration}) {
    ASSERT_NE(kinds.find(kind), nullptr);
    EXPECT_EQ(kinds.find(kind)->model, wire::DataModel::dictionary);
  }
  EXPECT_EQ(name_of_kind(config::k_sip_registration), "SIP-REGISTRATION");
  EXPECT_EQ(kinds.find(config::k_certificate_by_node)->model, wire::DataModel::array);
}

}  // namespace
}  // namespace ringway::services

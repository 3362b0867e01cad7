// `ringway decode --verify` against messages that were signed as a peer signs them, and against forged ones.
#include "services/decode/verifier.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "services/decode/decoder.hpp"
#include "services/decode/names.hpp"
#include "tests/support/signed_message.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

constexpr const char* k_key = "alice@overlay.example.org/card";

Bytes prefixed(std::string_view name, std::string_view entry) {
  wire::Writer writer;
  writer.opaque(2, view_of(name));
  writer.raw(view_of(entry));
  return writer.take();
}

class VerifierTest : public ::testing::Test {
 protected:
  VerifySettings settings() const {
    VerifySettings out;
    out.trust.root_certificates_der = {authority_.root_der()};
    out.at_ms = test::k_now_ms;
    return out;
  }
  Json verified(const wire::Message& message, const VerifySettings& with) const {
    Decoder decoder(well_known_kinds(), with);
    return decoder.message(test::encoded(message));
  }
  Json verified(const wire::Message& message) const { return verified(message, settings()); }

  wire::StoredData value(const security::Signer& signer, std::string_view entry = "") const {
    auto stored = test::dictionary_value(text_of(prefixed(k_key, entry)), "hello");
    return test::signed_value(signer, resource_id_of(k_key), config::k_owner_value, stored);
  }
  wire::Message ping(const security::Signer& signer) const {
    return test::signed_message(signer, wire::MessageCode::ping_req, wire::encode(wire::PingReq{}));
  }
  wire::Message store(const security::Signer& signer, const wire::StoredData& stored) const {
    wire::StoreReq body;
    body.resource = copy_of(resource_id_of(k_key).view());
    body.kind_data.push_back({config::k_owner_value, 0, {stored}, false, {}});
    return test::signed_message(signer, wire::MessageCode::store_req, wire::encode(body));
  }
  wire::Message fetch_answer(const security::Signer& signer, KindId kind,
                             std::vector<wire::StoredData> values,
                             const std::vector<SharedBytes>& certificates = {}) const {
    wire::FetchAns body;
    body.kind_responses.push_back({kind, 1, std::move(values), false, {}});
    return test::signed_message(signer, wire::MessageCode::fetch_ans, wire::encode(body), certificates);
  }

  test::TestAuthority authority_;
  test::SignerPtr alice_ = authority_.issue("alice@overlay.example.org", test::node_id(0xA1));
  test::SignerPtr bob_ = authority_.issue("bob@overlay.example.org", test::node_id(0xB0));
};

TEST_F(VerifierTest, AMessageOfAMemberIsVerified) {
  // Shows: SEC-02, SEC-16.
  const Json line = verified(ping(*alice_));
  EXPECT_EQ(line.at("verified"), true) << line.dump();
  EXPECT_FALSE(line.contains("reason"));
  EXPECT_EQ(line.at("security_block").at("certificates").at(0).at("user_name"), "alice@overlay.example.org");
}

TEST_F(VerifierTest, WithoutVerifyNothingIsSaid) {
  Decoder decoder(well_known_kinds(), std::nullopt);
  EXPECT_FALSE(decoder.message(test::encoded(ping(*alice_))).contains("verified"));
}

TEST_F(VerifierTest, BodiesReadTheSameWithAndWithout) {
  Decoder plain(well_known_kinds(), std::nullopt);
  constexpr auto k_unknown_method = static_cast<wire::MessageCode>(0x65);  // its body stays a hex string
  for (const auto& message :
       {ping(*alice_), fetch_answer(*bob_, config::k_owner_value, {}),
        test::signed_message(*alice_, k_unknown_method, Bytes{1, 2, 3}),
        test::signed_message(*alice_, wire::MessageCode::error,
                             wire::encode(wire::ErrorResponse{wire::ErrorCode::forbidden, {}}))}) {
    const auto body_of = [](const Json& line) { return line.at("message_contents").at("message_body"); };
    EXPECT_EQ(body_of(verified(message)), body_of(plain.message(test::encoded(message))));
  }
}

TEST_F(VerifierTest, AChangedBodyIsNot) {
  // Shows: SEC-09.
  auto message = ping(*alice_);
  message.contents.body = SharedBytes(wire::encode(wire::PingReq{{1}}));
  message.contents_wire = SharedBytes(wire::encode(message.contents));
  const Json line = verified(message);
  EXPECT_EQ(line.at("verified"), false);
  EXPECT_THAT(line.at("reason").get<std::string>(), ::testing::HasSubstr("signature"));
}

TEST_F(VerifierTest, AnotherRootIsNot) {
  // Shows: SEC-16.
  const test::TestAuthority other;
  auto with = settings();
  with.trust.root_certificates_der = {other.root_der()};
  EXPECT_EQ(verified(ping(*alice_), with).at("verified"), false);
}

TEST_F(VerifierTest, TheTimeOfCheckingCounts) {
  // Shows: SEC-17.
  auto with = settings();
  with.at_ms = test::k_not_after_ms + 1000;
  const Json line = verified(ping(*alice_), with);
  EXPECT_EQ(line.at("verified"), false);
}

TEST_F(VerifierTest, AMessageOfAnotherOverlayThanItsCertificateIsNot) {
  // Shows: SEC-20.
  const auto message = test::signed_message(*alice_, wire::MessageCode::ping_req,
                                            wire::encode(wire::PingReq{}), {}, "dht.example.com");
  const Json line = verified(message);
  EXPECT_EQ(line.at("verified"), false);
  EXPECT_THAT(line.at("reason").get<std::string>(), ::testing::HasSubstr("overlay.example.org"));
}

TEST_F(VerifierTest, EveryStoredValueIsChecked) {
  // Shows: SEC-03, STORE-07.
  Json line = verified(store(*alice_, value(*alice_)));
  EXPECT_EQ(line.at("verified"), true) << line.dump();
  const auto first_value = [](const Json& from) {
    return from.at("message_contents").at("message_body").at("kind_data").at(0).at("values").at(0);
  };
  EXPECT_EQ(first_value(line).at("verified"), true);

  auto forged = value(*alice_);
  forged.storage_time_ms += 1;
  line = verified(store(*alice_, forged));
  EXPECT_EQ(line.at("verified"), false);
  EXPECT_THAT(line.at("reason").get<std::string>(), ::testing::HasSubstr("stored value"));
  EXPECT_EQ(first_value(line).at("verified"), false);
  EXPECT_FALSE(first_value(line).at("reason").get<std::string>().empty());
}

TEST_F(VerifierTest, OwnKindsSayThemselvesWhichResourceAFetchAnsIsAbout) {
  // Shows: SEC-10.
  const auto line =
      verified(fetch_answer(*bob_, config::k_owner_value, {value(*alice_)}, {alice_->certificate()->der()}));
  EXPECT_EQ(line.at("verified"), true) << line.dump();
}

TEST_F(VerifierTest, OfOtherKindsTheRequestBeforeItOrTheCallerSaysIt) {
  const ResourceId resource = resource_id_of(alice_->node_id().view());
  const auto stored =
      test::signed_value(*alice_, resource, config::k_certificate_by_node, test::array_value(0, "der"));
  const auto answer = fetch_answer(*alice_, config::k_certificate_by_node, {stored});
  Json line = verified(answer);
  EXPECT_EQ(line.at("verified"), false);
  EXPECT_THAT(line.at("reason").get<std::string>(), ::testing::HasSubstr("--resource"));

  auto with = settings();
  with.fetch_resource = resource;
  EXPECT_EQ(verified(answer, with).at("verified"), true);

  wire::FetchReq request;
  request.resource = copy_of(resource.view());
  Decoder decoder(well_known_kinds(), settings());
  decoder.message(
      test::encoded(test::signed_message(*alice_, wire::MessageCode::fetch_req, wire::encode(request))));
  line = decoder.message(test::encoded(answer));
  EXPECT_EQ(line.at("verified"), true) << line.dump();
}

TEST_F(VerifierTest, AStandInForAMissingValueNeedsNoSignature) {
  // Shows: STORE-36.
  const Bytes key = prefixed(k_key, "gone");
  const auto absent = wire::absent_value(wire::DataModel::dictionary, 0, SharedBytes(key));
  const auto line = verified(fetch_answer(*alice_, config::k_owner_value, {value(*alice_), absent}));
  EXPECT_EQ(line.at("verified"), true) << line.dump();
  const Json& values = line.at("message_contents").at("message_body").at("kind_responses").at(0).at("values");
  EXPECT_EQ(values.at(1).at("verified"), false);
  EXPECT_THAT(values.at(1).at("reason").get<std::string>(), ::testing::HasSubstr("not signed"));
}

}  // namespace
}  // namespace ringway::services

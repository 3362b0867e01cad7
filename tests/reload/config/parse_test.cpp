// What a configuration document may say, and what is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reload/config/base64.hpp"
#include "tests/reload/config/document_fixture.hpp"

namespace ringway::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string with_attributes(const std::string& attributes) {
  const auto parsed = parse(document_of(configuration_element("", attributes)));
  return parsed ? "" : parsed.error().reason;
}

ConfigurationPtr accepted(const std::string& content) {
  auto parsed = parse_content(content);
  EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
  return parsed ? *parsed : std::make_shared<const Configuration>();
}

TEST(Parse, AbsentElementsHaveTheDefaults) {
  // Shows: CONFIG-07, TOPO-45.
  const auto configuration = accepted("");
  EXPECT_EQ(configuration->instance_name, "overlay.example.org");
  EXPECT_EQ(configuration->sequence, 22);
  EXPECT_EQ(configuration->topology_plugin, "CHORD-RELOAD");
  EXPECT_EQ(configuration->node_id_length, 16U);
  EXPECT_EQ(configuration->turn_density, 1U);
  EXPECT_TRUE(configuration->clients_permitted);
  EXPECT_EQ(configuration->initial_ttl, 100);
  EXPECT_EQ(configuration->overlay_reliability_timer, Duration{3000});
  EXPECT_THAT(configuration->overlay_link_protocols, ElementsAre("TLS"));
  EXPECT_EQ(configuration->max_message_size_bytes, 5000U);
  EXPECT_EQ(configuration->chord_update_interval, std::chrono::seconds{600});
  EXPECT_EQ(configuration->chord_ping_interval, std::chrono::seconds{3600});
  EXPECT_TRUE(configuration->chord_reactive);
  EXPECT_FALSE(configuration->expiration_ms.has_value());
  EXPECT_FALSE(configuration->self_signed_permitted.has_value());
  EXPECT_FALSE(configuration->shared_secret.has_value());
  EXPECT_THAT(configuration->bootstrap_nodes, IsEmpty());
  EXPECT_THAT(configuration->signatures, IsEmpty());
  EXPECT_EQ(configuration->overlay_hash(), 0x9aa32b8dU);
}

TEST(Parse, ReadsEveryElement) {
  // Shows: CONFIG-03, CONFIG-07, CONFIG-11, CONFIG-14.
  const auto configuration = accepted(
      "<topology-plugin> CHORD-RELOAD </topology-plugin><node-id-length>16</node-id-length>"
      "<enrollment-server>https://example.org/enroll</enrollment-server>"
      "<bootstrap-node address=\"192.0.2.1\" port=\"7000\"/><bootstrap-node address=\"2001:DB8::1\"/>"
      "<turn-density> 20 </turn-density><clients-permitted> false </clients-permitted><no-ice>1</no-ice>"
      "<chord:chord-update-interval>\n 400</chord:chord-update-interval>"
      "<chord:chord-ping-interval>30</chord:chord-ping-interval>"
      "<chord:chord-reactive> 0 </chord:chord-reactive><shared-secret> Zq3 v9KxT7wLm2RbY8dHcP5n "
      "</shared-secret>"
      "<max-message-size>4000</max-message-size><initial-ttl> 30 </initial-ttl>"
      "<overlay-reliability-timer> 200 </overlay-reliability-timer>"
      "<overlay-link-protocol>HIP</overlay-link-protocol><overlay-link-protocol>TLS</overlay-link-protocol>"
      "<configuration-signer>07000000000000000000000000000001</configuration-signer>"
      "<kind-signer> 08000000000000000000000000000001 </kind-signer>"
      "<kind-signer>0900000000000000000000000000000A</kind-signer>"
      "<bad-node>0a000000000000000000000000000001</bad-node>");
  EXPECT_THAT(configuration->enrollment_servers, ElementsAre("https://example.org/enroll"));
  EXPECT_THAT(configuration->bootstrap_nodes,
              ElementsAre(BootstrapNode{"192.0.2.1", 7000}, BootstrapNode{"2001:DB8::1", 6084}));
  EXPECT_EQ(configuration->turn_density, 20U);
  EXPECT_FALSE(configuration->clients_permitted);
  EXPECT_TRUE(configuration->no_ice);
  EXPECT_EQ(configuration->chord_update_interval, std::chrono::seconds{400});
  EXPECT_EQ(configuration->chord_ping_interval, std::chrono::seconds{30});
  EXPECT_FALSE(configuration->chord_reactive);
  EXPECT_EQ(configuration->shared_secret, "Zq3 v9KxT7wLm2RbY8dHcP5n");
  EXPECT_EQ(configuration->max_message_size_bytes, 4000U);
  EXPECT_EQ(configuration->initial_ttl, 30);
  EXPECT_EQ(configuration->overlay_reliability_timer, Duration{200});
  EXPECT_THAT(configuration->overlay_link_protocols, ElementsAre("HIP", "TLS"));
  EXPECT_THAT(configuration->configuration_signers, ElementsAre(test::node_id(7)));
  EXPECT_THAT(configuration->kind_signers, ElementsAre(test::node_id(8), test::node_id(9, 10)));
  EXPECT_THAT(configuration->bad_nodes, ElementsAre(test::node_id(10)));
}

TEST(Parse, NamesTimesAndSequences) {
  // Shows: CONFIG-05.
  const std::string name = "instance-name=\"overlay.example.org\" ";
  EXPECT_EQ(with_attributes(name), "");
  EXPECT_EQ(with_attributes(name + "sequence=\" 0 \""), "");
  EXPECT_EQ(with_attributes(name + "sequence=\"65534\""), "");
  for (const char* sequence : {"65535", "-1", "1.0", "0x10", "", "70000", "one"})
    EXPECT_THAT(with_attributes(name + "sequence=\"" + sequence + "\""), HasSubstr("sequence")) << sequence;
  for (const char* bad :
       {"", " ", "over lay", "-a.example", "a..b", "a.", ".", "\xc3\xa9.example", "a_b.example"})
    EXPECT_THAT(with_attributes("instance-name=\"" + std::string(bad) + "\""), HasSubstr("instance-name"))
        << bad;
  EXPECT_THAT(with_attributes("sequence=\"1\""), HasSubstr("instance-name"));
  EXPECT_THAT(with_attributes("instance-name=\"" + std::string(64, 'a') + ".example\""),
              HasSubstr("instance-name"));

  const auto expiring =
      parse(document_of(configuration_element("", name + "expiration=\"2002-10-10T07:00:00Z\"")));
  ASSERT_TRUE(expiring.ok()) << expiring.error().reason;
  EXPECT_EQ((*expiring)->expiration_ms, 1'034'233'200'000U);
  EXPECT_FALSE((*expiring)->expired_at(1'034'233'199'999U));
  EXPECT_TRUE((*expiring)->expired_at(1'034'233'200'000U));
  EXPECT_THAT(with_attributes(name + "expiration=\"2002-10-10T07:00:00+02:00\""), HasSubstr("expiration"));
  EXPECT_THAT(with_attributes(name + "expiration=\"tomorrow\""), HasSubstr("expiration"));
  EXPECT_THAT(with_attributes(name + "expiration=\"\""), HasSubstr("expiration"));
}

TEST(Parse, Booleans) {
  // Shows: CONFIG-03.
  EXPECT_TRUE(accepted("<no-ice>true</no-ice>")->no_ice);
  EXPECT_TRUE(accepted("<no-ice>\n1\t</no-ice>")->no_ice);
  EXPECT_FALSE(accepted("<clients-permitted>false</clients-permitted>")->clients_permitted);
  EXPECT_FALSE(accepted("<clients-permitted>0</clients-permitted>")->clients_permitted);
  for (const char* text : {"TRUE", "yes", "", "2", "t rue"})
    EXPECT_THAT(refusal_of_content("<no-ice>" + std::string(text) + "</no-ice>"), HasSubstr("no-ice"))
        << text;
}

TEST(Parse, OverlaysThatUseIceAreRefused) {
  // Shows: LINK-18.
  const auto without = [](const std::string& content) {
    const auto parsed = parse(document_of("<configuration instance-name=\"overlay.example.org\">" +
                                          root_element() + content + "</configuration>"));
    return parsed ? "" : parsed.error().reason;
  };
  EXPECT_FALSE(Configuration{}.no_ice);  // absent: an overlay that uses ICE
  for (const char* content : {"", "<no-ice>false</no-ice>", "<no-ice>0</no-ice>",
                              "<ext:no-ice>true</ext:no-ice>"})  // the last: another element altogether
    EXPECT_THAT(without(content), HasSubstr("ICE are not supported")) << content;
  EXPECT_EQ(without("<no-ice>true</no-ice>"), "");
}

TEST(Parse, NumbersHaveTheirRanges) {
  // Shows: CONFIG-08, CONFIG-15.
  const auto refused = [](const std::string& name, const std::string& text) {
    return !refusal_of_content("<" + name + ">" + text + "</" + name + ">").empty();
  };
  EXPECT_TRUE(refused("node-id-length", "15"));
  EXPECT_TRUE(refused("node-id-length", "21"));
  EXPECT_TRUE(refused("node-id-length", "20"));  // not with CHORD-RELOAD (AMB-42)
  EXPECT_TRUE(refused("overlay-reliability-timer", "199"));
  EXPECT_FALSE(refused("overlay-reliability-timer", "200"));
  EXPECT_TRUE(refused("initial-ttl", "0"));
  EXPECT_TRUE(refused("initial-ttl", "256"));
  EXPECT_FALSE(refused("initial-ttl", "+255"));
  EXPECT_TRUE(refused("initial-ttl", "++255"));
  EXPECT_FALSE(refused("turn-density", "0"));
  EXPECT_FALSE(refused("turn-density", "255"));
  EXPECT_TRUE(refused("turn-density", "256"));
  EXPECT_TRUE(refused("max-message-size", "99999999999999999999"));
  EXPECT_TRUE(refused("max-message-size", "5000 bytes"));
  EXPECT_TRUE(refused("chord:chord-update-interval", "0"));
  EXPECT_TRUE(refused("chord:chord-ping-interval", "-1"));
}

TEST(Parse, OnlyChordReload) {
  // Shows: TOPO-44.
  EXPECT_THAT(refusal_of_content("<topology-plugin>EXP-OVERLAY</topology-plugin>"),
              HasSubstr("not supported"));
}

TEST(Parse, AnyNumberOfRoots) {
  // Shows: CONFIG-09.
  const test::TestAuthority other;
  std::string wrapped = to_base64(other.root_der());
  for (std::size_t at = 64; at < wrapped.size(); at += 65) wrapped.insert(at, "\n");
  const auto configuration = accepted("<root-cert>\n  " + wrapped + "\n</root-cert>");
  ASSERT_THAT(configuration->root_certificates_der, SizeIs(2));
  EXPECT_TRUE(equal(configuration->root_certificates_der[1], other.root_der()));
  EXPECT_EQ(configuration->trust_settings().root_certificates_der.size(), 2U);
  EXPECT_THAT(refusal_of_content("<root-cert>YmFkIGNlcnQK</root-cert>"), HasSubstr("root-cert"));
  EXPECT_THAT(refusal_of_content("<root-cert>!!!</root-cert>"), HasSubstr("base64"));
  EXPECT_THAT(refusal_of_content("<root-cert></root-cert>"), HasSubstr("base64"));
}

TEST(Parse, EnrollmentServersAreHttps) {
  // Shows: CONFIG-10.
  EXPECT_THAT(refusal_of_content("<enrollment-server>http://example.org</enrollment-server>"),
              HasSubstr("https"));
  EXPECT_THAT(refusal_of_content("<enrollment-server>https://</enrollment-server>"), HasSubstr("https"));
  EXPECT_THAT(refusal_of_content("<enrollment-server><url>https://example.org</url></enrollment-server>"),
              HasSubstr("enrollment-server"));
}

TEST(Parse, BootstrapNodesAreAddresses) {
  // Shows: CONFIG-11.
  const auto refused = [](const std::string& attributes) {
    return !refusal_of_content("<bootstrap-node " + attributes + "/>").empty();
  };
  EXPECT_FALSE(refused("address=\"::ffff:192.0.2.1\""));
  for (const char* attributes :
       {"", "address=\"\"", "address=\"example.org\"", "address=\"192.0.2\"", "address=\"192.0.2.1:80\"",
        "address=\"[::1]\"", "address=\"::1\" port=\"0\"", "address=\"::1\" port=\"65536\"",
        "address=\"::1\" port=\"\"", "address=\"::1\" transport=\"tcp\""})
    EXPECT_TRUE(refused(attributes)) << attributes;
}

TEST(Parse, SelfSignedPermittedReplacesRootAndEnrollmentServer) {
  // Shows: CONFIG-12, SEC-24, SEC-25.
  const auto bare = [](const std::string& content) {
    return parse(document_of("<configuration instance-name=\"overlay.example.org\">" +
                             std::string(k_no_ice_element) + content + "</configuration>"));
  };
  const auto sha1 = bare("<self-signed-permitted digest=\"sha1\">true</self-signed-permitted>");
  ASSERT_TRUE(sha1.ok()) << sha1.error().reason;
  EXPECT_EQ((*sha1)->trust_settings().self_signed_permitted, security::SelfSignedDigest::sha1);
  const auto sha256 = bare("<self-signed-permitted digest=\"sha256\"> 1 </self-signed-permitted>");
  ASSERT_TRUE(sha256.ok()) << sha256.error().reason;
  EXPECT_EQ((*sha256)->self_signed_permitted, security::SelfSignedDigest::sha256);
  EXPECT_FALSE(bare("").ok());
  EXPECT_FALSE(bare("<self-signed-permitted digest=\"sha1\">false</self-signed-permitted>").ok());
  EXPECT_FALSE(bare("<self-signed-permitted digest=\"md5\">true</self-signed-permitted>").ok());
  EXPECT_FALSE(bare("<self-signed-permitted>true</self-signed-permitted>").ok());
  EXPECT_FALSE(accepted("<self-signed-permitted digest=\"sha1\">false</self-signed-permitted>")
                   ->self_signed_permitted.has_value());
}

TEST(Parse, OneLinkProtocolMustBeOurs) {
  // Shows: CONFIG-16.
  EXPECT_THAT(refusal_of_content("<overlay-link-protocol>HIP</overlay-link-protocol>"),
              HasSubstr("overlay-link-protocol"));
}

TEST(Parse, MandatoryExtensionsMustBeSupported) {
  // Shows: CONFIG-17.
  const auto named = [](const std::string& name) {
    return refusal_of_content("<mandatory-extension> " + name + " </mandatory-extension>");
  };
  EXPECT_EQ(named(std::string(k_access_namespace)), "");
  EXPECT_THAT(named("urn:example:ext"), HasSubstr("not supported"));
  EXPECT_THAT(named("URN:ringway:params:xml:ns:access-control"), HasSubstr("not supported"));
}

TEST(Parse, TheNumberOfReplicasIsForThoseWhoKnowIt) {
  // Shows: CONFIG-17.
  const auto with = [](const std::string& number) {
    return "<r:replicas xmlns:r=\"" + std::string(k_replication_namespace) + "\">" + number + "</r:replicas>";
  };
  const std::string mandatory =
      "<mandatory-extension>" + std::string(k_replication_namespace) + "</mandatory-extension>";
  EXPECT_EQ(accepted("")->replicas, 2U);
  EXPECT_EQ(accepted(mandatory)->replicas, 2U);
  EXPECT_EQ(accepted(with("2"))->replicas, 2U);
  EXPECT_EQ(accepted(mandatory + with(" 7 "))->replicas, 7U);
  EXPECT_EQ(accepted(mandatory + with("1"))->replicas, 1U);
  EXPECT_THAT(refusal_of_content(with("7")), HasSubstr("is no mandatory-extension"));
  for (const char* number : {"0", "8", "-1", "two", ""})
    EXPECT_THAT(refusal_of_content(mandatory + with(number)),
                HasSubstr("replicas is not a number from 1 to 7"));
  EXPECT_THAT(refusal_of_content(mandatory + with("3") + with("3")), HasSubstr("more than one"));
  EXPECT_THAT(refusal_of_content("<replicas>3</replicas>"), HasSubstr("<replicas>"));
}

TEST(Parse, NodeIdsHaveTwiceTheLengthInDigits) {
  for (const char* name : {"kind-signer", "configuration-signer", "bad-node"}) {
    const auto refused = [&](const std::string& hex) {
      return !refusal_of_content("<" + std::string(name) + ">" + hex + "</" + name + ">").empty();
    };
    EXPECT_FALSE(refused("47112162e84c69ba47112162e84c69BA"));
    EXPECT_TRUE(refused("47112162e84c69ba"));
    EXPECT_TRUE(refused("47112162e84c69ba47112162e84c69bg"));
    EXPECT_TRUE(refused(std::string(32, '0')));
    EXPECT_TRUE(refused(std::string(32, 'f')));
  }
}

TEST(Parse, NamespacesAreEnforcedAndForeignOnesTolerated) {
  // Shows: CONFIG-02.
  EXPECT_EQ(refusal_of_content(
                "<ext:anything a=\"b\"><ext:more><no-ice xmlns=\"\">?</no-ice></ext:more></ext:anything>" +
                std::string(k_no_ice_element)),
            "");
  EXPECT_EQ(refusal_of_content("<no-ice ext:why=\"because\">true</no-ice>"), "");
  EXPECT_THAT(refusal_of_content("<unknown/>"), HasSubstr("<unknown>"));
  EXPECT_THAT(refusal_of_content("<chord:unknown/>"), HasSubstr("<unknown>"));
  EXPECT_THAT(refusal_of_content("<no-ice xmlns=\"\">true</no-ice>"), HasSubstr("<no-ice>"));
  EXPECT_THAT(refusal_of_content("<chord-ping-interval>5</chord-ping-interval>"),
              HasSubstr("chord-ping-interval"));
  EXPECT_THAT(refusal_of_content("<chord:no-ice>true</chord:no-ice>"), HasSubstr("<no-ice>"));
  EXPECT_THAT(refusal_of_content("<no-ice because=\"x\">true</no-ice>"), HasSubstr("because"));
  EXPECT_TRUE(accepted("<ext:clients-permitted>0</ext:clients-permitted>")->clients_permitted);  // not ours
  EXPECT_FALSE(parse("<overlay>" + configuration_element("") + "</overlay>").ok());
  EXPECT_FALSE(parse("<configuration xmlns=\"urn:ietf:params:xml:ns:p2p:config-base\"/>").ok());
  EXPECT_THAT(with_attributes("instance-name=\"a.example\" ext:x=\"1\""), "");
  EXPECT_THAT(with_attributes("instance-name=\"a.example\" x=\"1\""), HasSubstr("attribute x"));
}

TEST(Parse, NothingIsSaidTwiceOrBesideElements) {
  // Shows: CONFIG-02.
  EXPECT_THAT(refusal_of_content("<no-ice>true</no-ice><no-ice>false</no-ice>"), HasSubstr("more than one"));
  EXPECT_THAT(refusal_of_content("<chord:chord-reactive>1</chord:chord-reactive><chord:chord-reactive>1"
                                 "</chord:chord-reactive>"),
              HasSubstr("more than one"));
  EXPECT_THAT(refusal_of_content("text"), HasSubstr("text in it"));
  EXPECT_THAT(refusal_of_content("<initial-ttl>1<ext:x>0</ext:x></initial-ttl>"),
              HasSubstr("elements in it"));
  EXPECT_THAT(refusal_of_content("<bootstrap-node address=\"::1\">x</bootstrap-node>"),
              HasSubstr("text in it"));
}

TEST(Parse, TakesTheConfigurationAskedFor) {
  // Shows: CONFIG-04.
  const std::string two = document_of(
      configuration_element("<initial-ttl>10</initial-ttl>") +
      "<signature>AAAA</signature><configuration instance-name=\"other.example.org\">" + root_element() +
      std::string(k_no_ice_element) + "<initial-ttl>20</initial-ttl></configuration>");
  const auto first = parse(two, "overlay.example.org");
  const auto second = parse(two, "other.example.org");
  ASSERT_TRUE(first.ok()) << first.error().reason;
  ASSERT_TRUE(second.ok()) << second.error().reason;
  EXPECT_EQ((*first)->initial_ttl, 10);
  EXPECT_THAT((*first)->signatures, SizeIs(1));
  EXPECT_EQ((*second)->initial_ttl, 20);
  EXPECT_THAT((*second)->signatures, IsEmpty());
  EXPECT_THAT(parse(two).error().reason, HasSubstr("several"));
  EXPECT_THAT(parse(two, "third.example.org").error().reason, HasSubstr("third.example.org"));
  EXPECT_THAT(parse(document_of(configuration_element("") + configuration_element("")), "overlay.example.org")
                  .error()
                  .reason,
              HasSubstr("twice"));
  EXPECT_THAT(parse(document_of("")).error().reason, HasSubstr("no <configuration>"));
}

TEST(Parse, AnotherOverlaysConfigurationMayBeBeyondUs) {
  // Shows: CONFIG-04.
  const std::string two =
      document_of(configuration_element("") +
                  "<configuration instance-name=\"other.example.org\"><topology-plugin>EXP-OVERLAY"
                  "</topology-plugin></configuration>");
  EXPECT_TRUE(parse(two, "overlay.example.org").ok());
  EXPECT_FALSE(parse(two, "other.example.org").ok());
}

TEST(Parse, TheExampleOfTheRfcIsNoFixture) {
  // Its Node-IDs have 8 bytes and its Kind-ID 2000 is not private (AMB-33): refused, as it should be.
  EXPECT_THAT(refusal_of_content("<configuration-signer>47112162e84c69ba</configuration-signer>"),
              HasSubstr("32 hex digits"));
}

TEST(Parse, DocumentsAreBounded) {
  const std::string large =
      document_of(configuration_element("<!--" + std::string(k_max_document_size_bytes, 'x') + "-->"));
  EXPECT_THAT(parse(large).error().reason, HasSubstr("larger"));
  std::string signatures;
  for (std::size_t i = 0; i < k_max_document_signatures + 1; ++i) signatures += "<signature>AAAA</signature>";
  EXPECT_THAT(parse(document_of(configuration_element("") + signatures)).error().reason,
              HasSubstr("too many"));
}

}  // namespace
}  // namespace ringway::config

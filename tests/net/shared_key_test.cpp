// Links in shared-secret mode: without the key there is none, and with it everyone still has to prove who he
// is.
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "net/node_proof.hpp"
#include "tests/net/link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::test {
namespace {

using ringway::test::Credentials;
using ringway::test::TestAuthority;
using Seen = Recorder::Seen;

const std::string k_key = "UydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=";
const std::string k_other_key = "VydhZKhj8C4PKk1pQEuKqWWXqHjKH1bU5LZcqfKqPpo=";

TestPeerOptions keyed(const std::string& key, TestPeerOptions options = {}) {
  options.change = [key](LinkSettings& settings) {
    settings.shared_secret = key;
    settings.overlay_name = "overlay.example.org";
    settings.handshake_timeout = Duration{5'000};
  };
  return options;
}

// The other side may hear of a refusal before it is counted.
bool is_counted(TestPeer& peer) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (peer.links().counters().handshakes_failed == 0 && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  return peer.links().counters().handshakes_failed > 0;
}

::testing::AssertionResult refused(TestPeer& client, TestPeer& server) {
  client.open(3, server.address());
  if (!client.events().wait([](const Seen& seen) { return !seen.downs.empty(); }))
    return ::testing::AssertionFailure() << "no link_down";
  if (client.seen().order != "d") return ::testing::AssertionFailure() << client.seen().order;
  if (!server.seen().order.empty()) return ::testing::AssertionFailure() << "the server has a link";
  if (!is_counted(client)) return ::testing::AssertionFailure() << "not counted";
  return ::testing::AssertionSuccess() << client.seen().downs[0].reason;
}

TEST(SharedKey, WhoHasItHasALinkToAProvenNode) {
  // Shows: SEC-34, SEC-36.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice, keyed(k_key));
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  alice.open(1, bob.address(), world.bob);
  const auto to_bob = alice.first_link();
  const auto to_alice = bob.first_link();
  ASSERT_TRUE(to_bob && to_alice);
  EXPECT_TRUE(alice.seen().ups[0].certificate->has_node_id(world.bob));
  EXPECT_TRUE(bob.seen().ups[0].certificate->has_node_id(world.alice));
  alice.send(*to_bob, numbered(7, 3000));
  bob.send(*to_alice, numbered(8));
  ASSERT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }));
  EXPECT_TRUE(equal(bob.seen().messages[0].second, numbered(7, 3000)));
}

TEST(SharedKey, WhoLacksItHasNoLinkInEitherDirection) {
  // Shows: SEC-34, FM-01.
  LinkWorld world;
  TestPeer without(world.pool, world.authority, world.alice);
  TestPeer with(world.pool, world.authority, world.bob, keyed(k_key));
  EXPECT_TRUE(refused(without, with));
  TestPeer other_without(world.pool, world.authority, world.alice);
  TestPeer other_with(world.pool, world.authority, world.bob, keyed(k_key));
  EXPECT_TRUE(refused(other_with, other_without));
}

TEST(SharedKey, AnotherKeyIsNone) {
  // Shows: SEC-34.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice, keyed(k_other_key));
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  EXPECT_TRUE(refused(alice, bob));
}

TEST(SharedKey, TheKeyAloneIsNotEnough) {
  // Shows: SEC-36, FM-18.
  LinkWorld world;
  const TestAuthority stranger;
  TestPeer alice(world.pool, stranger, world.alice, keyed(k_key, {.trust = world.authority.trust()}));
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  alice.open(3, bob.address());
  // Alice accepts Bob and has her link for a moment; Bob never has one.
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(bob.seen().order, "");
  EXPECT_TRUE(is_counted(bob));
}

TEST(SharedKey, TheNodeMustBeTheExpectedOne) {
  // Shows: SEC-28.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice, keyed(k_key));
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  alice.open(3, bob.address(), ringway::test::node_id(0x0c));
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
  EXPECT_EQ(alice.seen().order, "d");
  EXPECT_NE(alice.seen().downs[0].reason.find("another node"), std::string::npos)
      << alice.seen().downs[0].reason;
}

TEST(SharedKey, ANewKeyIsForLaterLinks) {
  // Shows: SEC-34.
  LinkWorld world;
  TestPeer alice(world.pool, world.authority, world.alice, keyed(k_key));
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  alice.open(1, bob.address());
  const auto link = alice.first_link();
  ASSERT_TRUE(link);
  ASSERT_TRUE(bob.links().replace_shared_secret(k_other_key).ok());
  alice.send(*link, numbered(1));
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.messages.size() == 1; }))
      << "this one stays";
  alice.open(2, bob.address());
  ASSERT_TRUE(alice.events().wait([](const Seen& seen) { return seen.downs.size() == 1; }));
  ASSERT_TRUE(alice.links().replace_shared_secret(k_other_key).ok());
  alice.open(3, bob.address());
  EXPECT_TRUE(bob.events().wait([](const Seen& seen) { return seen.ups.size() == 2; }));
  EXPECT_FALSE(bob.links().replace_shared_secret(std::string(1000, 'x')).ok());
}

// A client of plain OpenSSL that knows the key.
unsigned give_key(SSL*, const char*, char* identity, unsigned, unsigned char* psk, unsigned) {
  constexpr std::string_view k_identity("somebody else's idea of an identity\0", 36);
  std::memcpy(identity, k_identity.data(), k_identity.size());
  std::memcpy(psk, k_key.data(), k_key.size());
  return static_cast<unsigned>(k_key.size());
}
std::unique_ptr<RawTlsClient> insider(TestPeer& server,
                                      const std::string& suites = "ECDHE-PSK-CHACHA20-POLY1305") {
  auto client = std::make_unique<RawTlsClient>(
      server.address(), RawTlsOptions{.max_version = TLS1_2_VERSION, .tls12_suites = suites});
  SSL_set_psk_client_callback(client->ssl(), &give_key);
  return client;
}

TEST(SharedKey, OnlySuitesWithForwardSecrecy) {
  // Shows: SEC-34.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  EXPECT_TRUE(insider(bob)->connect());
  EXPECT_TRUE(insider(bob, "DHE-PSK-AES128-GCM-SHA256")->connect()) << "as RFC 5487 has them";
  EXPECT_FALSE(insider(bob, "PSK-AES128-GCM-SHA256:RSA-PSK-AES128-GCM-SHA256")->connect());
  EXPECT_FALSE(insider(bob, "ECDHE-PSK-AES128-CBC-SHA256")->connect());
}

TEST(SharedKey, AnInsiderWithoutAProofIsNobody) {
  // Shows: SEC-36.
  LinkWorld world;
  TestPeer bob(world.pool, world.authority, world.bob, keyed(k_key));
  const auto says = [&](const Bytes& bytes) {
    auto client = insider(bob);
    ASSERT_TRUE(client->connect());
    ASSERT_TRUE(client->send(bytes));
    EXPECT_TRUE(client->ended()) << to_hex(bytes);
  };
  says(Bytes{0, 0, 0, 0});
  says(Bytes{0xff, 0xff, 0xff, 0xff});
  says(Bytes{0, 0, 0, 4, 1, 2, 3, 4});
  // A good proof, of another handshake.
  const auto alice = world.authority.credentials("user@overlay.example.org", world.alice);
  says(make_proof(*alice.signer, Side::client, Bytes(32, 7)));
  EXPECT_EQ(bob.seen().order, "");
}

TEST(SharedKey, WhoSaysNothingIsGivenUp) {
  LinkWorld world;
  auto options = keyed(k_key);
  options.change = [change = options.change](LinkSettings& settings) {
    change(settings);
    settings.handshake_timeout = Duration{300};
  };
  TestPeer bob(world.pool, world.authority, world.bob, options);
  auto client = insider(bob);
  ASSERT_TRUE(client->connect());
  EXPECT_TRUE(client->ended());
  EXPECT_EQ(bob.seen().order, "");
}

class NodeProof : public testing::Test {
 protected:
  bool accepted(const Bytes& proof, Side of, const Bytes& binding) {
    check_ = {};
    check_.trust = world_.authority.trust();
    const auto size = proof_size(BytesView(proof).first(k_proof_length_size_bytes));
    EXPECT_EQ(size, proof.size() - k_proof_length_size_bytes);
    const bool good = accept_proof(
        check_, of, binding, SharedBytes(Bytes(proof.begin() + k_proof_length_size_bytes, proof.end())));
    EXPECT_EQ(good, check_.certificate != nullptr);
    EXPECT_EQ(good, check_.refusal.empty()) << check_.refusal;
    return good;
  }

  LinkWorld world_;
  Credentials alice_ = world_.authority.credentials("user@overlay.example.org", world_.alice);
  const Bytes binding_ = Bytes(32, 0x11);
  PeerCheck check_;
};

TEST_F(NodeProof, IsOfOneSideOfOneHandshake) {
  // Shows: SEC-36.
  const Bytes proof = make_proof(*alice_.signer, Side::client, binding_);
  EXPECT_TRUE(accepted(proof, Side::client, binding_));
  EXPECT_TRUE(check_.certificate->has_node_id(world_.alice));
  EXPECT_FALSE(accepted(proof, Side::server, binding_)) << "sent back to who made it";
  EXPECT_FALSE(accepted(proof, Side::client, Bytes(32, 0x12))) << "brought from another link";
}

TEST_F(NodeProof, NoByteOfItMayChange) {
  // Shows: SEC-36.
  const Bytes proof = make_proof(*alice_.signer, Side::client, binding_);
  for (std::size_t at = k_proof_length_size_bytes; at < proof.size(); at += 3) {
    Bytes changed = proof;
    changed[at] = static_cast<std::uint8_t>(changed[at] ^ 1U);
    EXPECT_FALSE(accepted(changed, Side::client, binding_)) << at;
  }
}

TEST_F(NodeProof, ASelfMadeNodeIdIsTheKeysOwn) {
  // Shows: FM-18, SEC-22, SEC-25.
  const auto own = ringway::test::self_signed("user@overlay.example.org", "overlay.example.org",
                                              security::SelfSignedDigest::sha256);
  const Bytes proof = make_proof(*own.signer, Side::client, binding_);
  EXPECT_FALSE(accepted(proof, Side::client, binding_)) << "not permitted here";
  security::TrustSettings settings;
  settings.overlay_name = "overlay.example.org";
  settings.self_signed_permitted = security::SelfSignedDigest::sha256;
  const auto trust = *security::Trust::make(settings);
  check_ = {};
  check_.trust = trust;
  EXPECT_TRUE(accept_proof(check_, Side::client, binding_,
                           SharedBytes(Bytes(proof.begin() + k_proof_length_size_bytes, proof.end()))));
}

// Two peers of an overlay without an authority; the second one's Node-ID is stolen.
TEST(SelfSignedLinks, AStolenNodeIdHasNoLink) {
  // Shows: FM-18, SEC-22, SEC-25.
  LinkWorld world;
  const std::string user = "user@overlay.example.org", overlay = "overlay.example.org";
  const auto digest = security::SelfSignedDigest::sha256;
  security::TrustSettings settings;
  settings.overlay_name = overlay;
  settings.self_signed_permitted = digest;
  const auto trust = *security::Trust::make(settings);
  const auto victim = ringway::test::self_signed(user, overlay, digest);

  services::CertificateFields fields;
  fields.alternative_names = {
      {services::AlternativeName::Type::uri, security::reload_uri(victim.signer->node_id(), overlay)},
      {services::AlternativeName::Type::email, user}};
  fields.not_before_ms = ringway::test::k_not_before_ms;
  fields.not_after_ms = ringway::test::k_not_after_ms;
  const auto key = ringway::test::new_key();
  const auto forged = ringway::test::custom_certificate(fields, key, nullptr, key);
  const Credentials thief{*services::write_key(key), services::certificate_pem(forged.x509), nullptr};

  for (const bool shared_secret : {false, true}) {
    const auto with = [&](const Credentials& credentials) {
      TestPeerOptions options{.credentials = credentials, .trust = trust};
      return shared_secret ? keyed(k_key, options) : options;
    };
    TestPeer honest(world.pool, world.authority, world.alice,
                    with(ringway::test::self_signed(user, overlay, digest)));
    TestPeer server(world.pool, world.authority, world.alice,
                    with(ringway::test::self_signed(user, overlay, digest)));
    honest.open(1, server.address());
    ASSERT_TRUE(server.first_link()) << shared_secret;
    TestPeer stealing(world.pool, world.authority, world.alice, with(thief));
    stealing.open(1, server.address(), std::nullopt);
    ASSERT_TRUE(stealing.events().wait([](const Seen& seen) { return !seen.downs.empty(); }));
    EXPECT_EQ(server.seen().ups.size(), 1U) << shared_secret;
  }
}

}  // namespace
}  // namespace ringway::net::test

// Shown to some, with real certificates: who is on the list sees it, and nobody else.
#include "sip-usage/presence/user_envelopes.hpp"

#include <gmock/gmock.h>

#include "sip-usage/presence/pidf.hpp"
#include "sip-usage/presence/watched_user.hpp"
#include "tests/sip-usage/presence/stage.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sip::presence {
namespace {

using ringway::test::Credentials;
using ringway::test::TestAuthority;
using test::k_alice;
using test::k_bob;
using test::k_carol;

Credentials credentials(const Aor& user, std::uint8_t node,
                        services::KeyType type = services::KeyType::p256) {
  static const TestAuthority authority;
  ringway::test::IssueOptions options;
  options.key_type = type;
  return authority.credentials(user.name(), ringway::test::node_id(node), options);
}
security::EnvelopeKeyPtr key_of(const Credentials& of) {
  return *security::load_envelope_key(of.private_key_pem, of.certificate_pem);
}

TEST(UserEnvelopes, AreOpenedByThoseWhoMaySee) {
  const auto alice = credentials(k_alice, 1), bob = credentials(k_bob, 2, services::KeyType::rsa2048),
             bob_before = credentials(k_bob, 3), carol = credentials(k_carol, 4);
  UserEnvelopes envelopes(
      {{k_alice, {key_of(alice)}}, {k_bob, {key_of(bob_before), key_of(bob)}}, {k_carol, {key_of(carol)}}});
  const std::string document = derived(k_alice, Basic::open);
  const auto sealed =
      envelopes.seal(view_of(document), {alice.signer->certificate(), bob.signer->certificate()});
  ASSERT_TRUE(sealed) << sealed.error().reason;
  data::Entry entry;
  entry.value = wire::encode(PresenceValue{ValueForm::sealed, SharedBytes(*sealed)});
  WatchedUser watched(k_alice);
  watched.set({entry});
  for (const Aor& user : {k_alice, k_bob}) {
    const Seen seen = watched.seen_by(user, envelopes);
    ASSERT_TRUE(seen.document) << user.name();
    EXPECT_THAT(*seen.document, ::testing::HasSubstr("<basic>open</basic>"));
  }
  for (const WatcherId& user : {WatcherId(k_carol), WatcherId(), WatcherId(test::aor("dave@example.org"))})
    EXPECT_FALSE(watched.seen_by(user, envelopes).document);
}

TEST(UserEnvelopes, OfAsManyAsMayBeFitIntoAValue) {
  UserEnvelopes envelopes({});
  // An authority issues none that take more.
  const auto largest = credentials(k_bob, 1, services::KeyType::rsa2048).signer->certificate();
  std::vector<security::CertificatePtr> recipients(k_max_recipients, largest);
  const std::string document(k_max_document_bytes, 'x');
  const auto sealed = envelopes.seal(view_of(document), recipients);
  ASSERT_TRUE(sealed) << sealed.error().reason;
  const auto value = wire::encode_checked(PresenceValue{ValueForm::sealed, SharedBytes(*sealed)});
  ASSERT_TRUE(value);
  EXPECT_LE(value->size(), k_max_value_bytes);
  EXPECT_FALSE(envelopes.seal(view_of(document), {})) << "for nobody";
}

}  // namespace
}  // namespace ringway::sip::presence

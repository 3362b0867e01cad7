// Handshakes in memory: which certificate a relay's client sees.
#include "actors/relay_certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <memory>

#include "reload/bytes.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

// The serial number of what the server shows; empty when there is no handshake.
std::string shown_by(const net::TlsContextPtr& server_context) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> client_context(SSL_CTX_new(TLS_client_method()),
                                                                         &SSL_CTX_free);
  const SslPtr client(SSL_new(client_context.get()), &SSL_free),
      server(SSL_new(server_context->native_handle()), &SSL_free);
  BIO *client_end = nullptr, *server_end = nullptr;
  BIO_new_bio_pair(&client_end, 0, &server_end, 0);
  SSL_set_bio(client.get(), client_end, client_end);
  SSL_set_bio(server.get(), server_end, server_end);
  SSL_set_connect_state(client.get());
  SSL_set_accept_state(server.get());
  for (int turn = 0; turn < 10; ++turn) {
    SSL_do_handshake(client.get());
    SSL_do_handshake(server.get());
  }
  const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get1_peer_certificate(client.get()),
                                                          &X509_free);
  if (!shown || SSL_is_init_finished(server.get()) == 0) return "";
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(shown.get());
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
          static_cast<std::size_t>(ASN1_STRING_length(serial))};
}

struct RelayCertificateTest : testing::Test {
  test::TestAuthority authority;
  test::Credentials first = authority.credentials("relay@example.org", test::node_id(1)),
                    second = authority.credentials("relay@example.org", test::node_id(2));
};

TEST_F(RelayCertificateTest, AnotherIsSeenByLaterClients) {
  const auto certificate = RelayCertificate::make(first.private_key_pem, first.certificate_pem);
  ASSERT_TRUE(certificate) << certificate.error().reason;
  const auto before = shown_by((*certificate)->listening());
  ASSERT_FALSE(before.empty());
  ASSERT_TRUE((*certificate)->replace(second.private_key_pem, second.certificate_pem));
  const auto after = shown_by((*certificate)->listening());
  EXPECT_FALSE(after.empty());
  EXPECT_NE(after, before);
}

TEST_F(RelayCertificateTest, OneThatCannotBeUsedTakesNoPlace) {
  EXPECT_FALSE(RelayCertificate::make(second.private_key_pem, first.certificate_pem));
  const auto certificate = RelayCertificate::make(first.private_key_pem, first.certificate_pem);
  ASSERT_TRUE(certificate);
  const auto before = shown_by((*certificate)->listening());
  EXPECT_FALSE((*certificate)->replace(first.private_key_pem, second.certificate_pem));
  EXPECT_EQ(shown_by((*certificate)->listening()), before);
}

}  // namespace
}  // namespace ringway::actors

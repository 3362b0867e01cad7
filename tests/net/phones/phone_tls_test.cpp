// TLS towards phones, whom we believe to be the server we wanted, and new certificates.
#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "tests/net/phones/phone_clients.hpp"
#include "tests/net/phones/phone_test_support.hpp"

namespace ringway::net::phones::test {
namespace {

using services::AlternativeName;
using Type = AlternativeName::Type;

struct PhoneTlsTest : testing::Test {
  IoPool pool{2};
  PhoneCertificates certificates;

  // Why there is no connection to a server with such a certificate; empty when there is one.
  std::string refused(const std::vector<AlternativeName>& names, const std::string& expected) {
    certificates.issue(names);
    Phones server(pool, only(Transport::tls, certificates));
    Phones client(pool, only(Transport::tcp, certificates));
    const auto flow = client.transports().connect(Transport::tls, server.at(Transport::tls), expected);
    if (!flow) return flow.error().reason;
    client.events().wait([&](const auto& seen) { return seen.events > 0; });
    return client.seen().ups.empty() ? client.seen().why_down(*flow) : "";
  }
  std::string serial_of(const wire::IpAddressPort& at) {
    net::test::RawTlsClient client(at, {});
    EXPECT_TRUE(client.connect());
    const services::X509Ptr shown(SSL_get1_peer_certificate(client.ssl()), &X509_free);
    return services::serial_hex(shown);
  }
};

TEST_F(PhoneTlsTest, TheServerHasToBeTheOneThatWasWanted) {
  EXPECT_EQ(refused({{Type::dns, "sip.example.org"}}, "sip.example.org"), "");
  EXPECT_EQ(refused({{Type::dns, "sip.example.org"}}, "SIP.Example.org"), "");
  EXPECT_EQ(refused({{Type::dns, "other.example.org"}}, "sip.example.org"),
            "the certificate is not for sip.example.org");
  EXPECT_EQ(refused({{Type::dns, "sip.example.org"}}, "127.0.0.1"), "the certificate is not for 127.0.0.1");
  // RFC 5922 §7.2: a wildcard stands for no SIP domain.
  EXPECT_EQ(refused({{Type::dns, "*.example.org"}}, "sip.example.org"),
            "the certificate is not for sip.example.org");
  // The subject is "a server": names belong into the subjectAltName.
  EXPECT_EQ(refused({{Type::dns, "x.example"}}, "a server"), "the certificate is not for a server");
}

TEST_F(PhoneTlsTest, UrisOfTheSchemeSipCountBeforeDnsNames) {
  // RFC 5922 §7.1.
  EXPECT_EQ(refused({{Type::uri, "sip:example.org"}}, "example.org"), "");
  EXPECT_EQ(refused({{Type::uri, "sip:other.org"}, {Type::uri, "sip:example.org"}}, "example.org"), "");
  EXPECT_EQ(refused({{Type::uri, "sip:example.org"}, {Type::uri, "sip:other.org"}}, "example.org"), "");
  EXPECT_EQ(refused({{Type::uri, "sip:other.org"}, {Type::dns, "example.org"}}, "example.org"),
            "the certificate is not for example.org");
  EXPECT_EQ(refused({{Type::uri, "sips:example.org"}}, "example.org"),
            "the certificate is not for example.org");
  EXPECT_EQ(refused({{Type::uri, "sip:alice@example.org"}}, "example.org"),
            "the certificate is not for example.org");
  EXPECT_EQ(refused({{Type::uri, "https://x.example"}, {Type::dns, "example.org"}}, "example.org"), "");
}

TEST_F(PhoneTlsTest, AnotherAuthorityIsNotTrusted) {
  Phones server(pool, only(Transport::tls, certificates));
  const PhoneCertificates others;
  Phones client(pool, only(Transport::tcp, others));
  const auto flow = client.transports().connect(Transport::tls, server.at(Transport::tls), k_server_name);
  ASSERT_TRUE(flow.ok());
  EXPECT_TRUE(client.wait_down(*flow));
  EXPECT_TRUE(client.seen().why_down(*flow).starts_with("certificate not trusted"))
      << client.seen().why_down(*flow);
  EXPECT_TRUE(client.seen().ups.empty());
  EXPECT_EQ(client.transports().counters().opening_failed, 1U);
}

TEST_F(PhoneTlsTest, OldVersionsOfTlsAreRefused) {
  Phones phones(pool, everywhere(certificates));
  for (const auto transport : {Transport::tls, Transport::wss}) {
    for (const auto& [version, spoken] : {std::pair{TLS1_1_VERSION, false}, std::pair{TLS1_2_VERSION, true},
                                          std::pair{TLS1_3_VERSION, true}}) {
      net::test::RawTlsClient client(phones.at(transport), {.max_version = version, .weak_allowed = true});
      EXPECT_EQ(client.connect(), spoken) << version;
    }
  }
}

TEST_F(PhoneTlsTest, NewCertificatesAreForLaterHandshakes) {
  Phones phones(pool, everywhere(certificates));
  const auto before = connect_stream(Transport::tls, phones.at(Transport::tls));
  const std::string second = certificates.issue(k_server_name);
  EXPECT_NE(serial_of(phones.at(Transport::tls)), second);  // not asked to look yet
  ASSERT_TRUE(phones.transports().reload().ok());
  EXPECT_EQ(serial_of(phones.at(Transport::tls)), second);
  EXPECT_EQ(serial_of(phones.at(Transport::wss)), second);
  // Whoever was there stays.
  before->send("OPTIONS");
  phones.send(phones.flow().flow, "200");
  EXPECT_EQ(before->read(3), "200");
}

TEST_F(PhoneTlsTest, AFailedReloadChangesNothing) {
  Phones phones(pool, everywhere(certificates));
  const std::string first = serial_of(phones.at(Transport::tls));
  const std::string key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
  certificates.write(certificates.private_key_file(), key);
  EXPECT_FALSE(phones.transports().reload().ok());
  certificates.write(certificates.private_key_file(), *services::write_key(ringway::test::new_key()));
  EXPECT_FALSE(phones.transports().reload().ok());  // not the certificate's
  certificates.issue(k_server_name);
  certificates.write(certificates.certificates_file(), std::string(300'000, '\n'));
  EXPECT_FALSE(phones.transports().reload().ok());
  std::filesystem::remove(certificates.certificates_file());
  EXPECT_FALSE(phones.transports().reload().ok());
  EXPECT_EQ(serial_of(phones.at(Transport::tls)), first);
}

TEST_F(PhoneTlsTest, TlsWithoutACertificateDoesNotStart) {
  for (const auto transport : {Transport::tls, Transport::wss})
    EXPECT_FALSE(PhoneTransports::start(pool, only(transport), std::make_shared<Recorder>()).ok());
  PhoneSettings settings = everywhere(certificates);
  settings.authorities_file = certificates.private_key_file();
  EXPECT_FALSE(PhoneTransports::start(pool, settings, std::make_shared<Recorder>()).ok());
}

}  // namespace
}  // namespace ringway::net::phones::test

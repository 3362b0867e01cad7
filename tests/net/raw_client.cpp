#include "tests/net/raw_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

namespace ringway::net::test {

namespace {
constexpr timeval k_time_limit{.tv_sec = 20, .tv_usec = 0};
}

RawSocket::RawSocket(const wire::IpAddressPort& to) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port);
  std::copy_n(to.address.begin(), 4, reinterpret_cast<std::uint8_t*>(&address.sin_addr));
  EXPECT_EQ(::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &k_time_limit, sizeof k_time_limit);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &k_time_limit, sizeof k_time_limit);
}

RawSocket::~RawSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void RawSocket::send(BytesView bytes) const {
  EXPECT_EQ(::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(bytes.size()));
}

std::optional<Bytes> RawSocket::read_to_end() const {
  Bytes all;
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    const auto size = ::recv(descriptor_, buffer.data(), buffer.size(), 0);
    if (size == 0 || (size < 0 && errno == ECONNRESET)) return all;
    if (size < 0) return std::nullopt;
    append(all, BytesView(buffer).first(static_cast<std::size_t>(size)));
  }
}

void RawSocket::reset_connection() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(descriptor_, -1));
}

RawTlsClient::RawTlsClient(const wire::IpAddressPort& to, const RawTlsOptions& options)
    : socket_(to), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free), ssl_(nullptr, &SSL_free) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own sockets write to a closed one
  if (options.weak_allowed) SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (!options.tls12_suites.empty()) {
    EXPECT_EQ(SSL_CTX_set_cipher_list(context_.get(), options.tls12_suites.c_str()), 1);
  }
  if (options.credentials) {
    const auto use = [&](const std::string& pem, auto parse, auto install, auto release) {
      BIO* in = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
      auto* object = parse(in, nullptr, nullptr, nullptr);
      EXPECT_EQ(install(context_.get(), object), 1);
      release(object);
      BIO_free(in);
    };
    use(options.credentials->certificate_pem, PEM_read_bio_X509, SSL_CTX_use_certificate, X509_free);
    use(options.credentials->private_key_pem, PEM_read_bio_PrivateKey, SSL_CTX_use_PrivateKey, EVP_PKEY_free);
  }
  ssl_.reset(SSL_new(context_.get()));
  SSL_set_fd(ssl_.get(), socket_.descriptor());
}

bool RawTlsClient::connect() { return SSL_connect(ssl_.get()) == 1; }

bool RawTlsClient::send(BytesView bytes) {
  return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
         static_cast<int>(bytes.size());
}

std::optional<Bytes> RawTlsClient::read(std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  std::size_t have = 0;
  while (have < size_bytes) {
    const int got = SSL_read(ssl_.get(), bytes.data() + have, static_cast<int>(size_bytes - have));
    if (got <= 0) return std::nullopt;
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

bool RawTlsClient::ended() {
  std::array<std::uint8_t, 4096> buffer{};
  for (;;) {
    errno = 0;
    const int got = SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (got > 0) continue;
    const bool timed_out = SSL_get_error(ssl_.get(), got) == SSL_ERROR_WANT_READ || errno == EAGAIN;
    return !timed_out;
  }
}

}  // namespace ringway::net::test

// A client that is not ours: plain TCP, or OpenSSL without any of Ringway's code, one blocking call at a time
// (with a time limit). It can do what a Ringway peer never would.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <optional>
#include <string>

#include "reload/bytes.hpp"
#include "reload/wire/bodies.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::net::test {

class RawSocket {
 public:
  explicit RawSocket(const wire::IpAddressPort& to);  // IPv4
  ~RawSocket();
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  int descriptor() const { return descriptor_; }
  void send(BytesView bytes) const;
  // What comes until the other side closes; nothing when it does not within the time limit.
  std::optional<Bytes> read_to_end() const;
  // Gone like a process that was killed with data under way: a reset, no goodbye.
  void reset_connection();

 private:
  int descriptor_ = -1;
};

struct RawTlsOptions {
  std::optional<ringway::test::Credentials> credentials = {};
  int max_version = 0;            // 0: the newest
  std::string tls12_suites = {};  // empty: OpenSSL's
  bool weak_allowed = false;      // what OpenSSL thinks too weak by now
};

class RawTlsClient {
 public:
  RawTlsClient(const wire::IpAddressPort& to, const RawTlsOptions& options);

  // The handshake as the client sees it: over TLS 1.3 the server judges us only after that (see ended()).
  bool connect();
  RawSocket& socket() { return socket_; }
  SSL* ssl() { return ssl_.get(); }
  bool send(BytesView bytes);
  // Exactly so many bytes; nothing when the link ends before, or the time limit.
  std::optional<Bytes> read(std::size_t size_bytes);
  // True when the other side ends the link within the time limit; what it sends before is dropped.
  bool ended();

 private:
  RawSocket socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace ringway::net::test

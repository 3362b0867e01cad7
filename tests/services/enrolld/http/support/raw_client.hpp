// A client that sends exactly the bytes it is told to, over TLS, and reads what comes.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringway::enrolld_http {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  // With a certificate, when both PEM texts are there; true when the handshake went well.
  bool shake_hands(const std::string& key_pem = {}, const std::string& certificates_pem = {});
  bool send(std::string_view text);        // over TLS
  bool send_plain(std::string_view text);  // without
  // What comes until the server closes the connection. When it never does, the test's own limit ends it.
  std::string read_to_end();
  // What comes until that much text is there.
  std::string read_until(std::string_view text);

 private:
  boost::asio::io_context context_;
  boost::asio::ssl::context tls_{boost::asio::ssl::context::tls_client};
  boost::asio::ip::tcp::socket socket_{context_};
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket&> stream_{socket_, tls_};
  bool secured_ = false;
  std::string received_;
};

}  // namespace ringway::enrolld_http

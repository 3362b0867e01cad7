#include "tests/services/enrolld/http/support/raw_client.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/asio/write.hpp>
#include <utility>

namespace ringway::enrolld_http {

namespace asio = boost::asio;
using Error = boost::system::error_code;

RawClient::RawClient(std::uint16_t port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }

bool RawClient::shake_hands(const std::string& key_pem, const std::string& certificates_pem) {
  Error error;
  if (!key_pem.empty()) {
    SSL_CTX* const context = tls_.native_handle();
    tls_.use_certificate_chain(asio::buffer(certificates_pem));
    tls_.use_private_key(asio::buffer(key_pem), asio::ssl::context::pem);
    SSL_use_certificate(stream_.native_handle(), SSL_CTX_get0_certificate(context));
    SSL_use_PrivateKey(stream_.native_handle(), SSL_CTX_get0_privatekey(context));
  }
  stream_.handshake(asio::ssl::stream_base::client, error);
  secured_ = !error;
  return secured_;
}

bool RawClient::send(std::string_view text) {
  Error error;
  asio::write(stream_, asio::buffer(text.data(), text.size()), error);
  return !error;
}

bool RawClient::send_plain(std::string_view text) {
  Error error;
  asio::write(socket_, asio::buffer(text.data(), text.size()), error);
  return !error;
}

std::string RawClient::read_to_end() {
  Error error;
  while (!error) {
    std::array<char, 4096> part{};
    const std::size_t size = secured_ ? stream_.read_some(asio::buffer(part), error)
                                      : socket_.read_some(asio::buffer(part), error);
    received_.append(part.data(), size);
  }
  return received_;
}

std::string RawClient::read_until(std::string_view text) {
  while (received_.find(text) == std::string::npos) {
    std::array<char, 4096> part{};
    Error error;
    const std::size_t size = stream_.read_some(asio::buffer(part), error);
    received_.append(part.data(), size);
    if (error) {
      ADD_FAILURE() << error.message() << " before " << text << "; so far: " << received_;
      break;
    }
  }
  return std::exchange(received_, {});
}

}  // namespace ringway::enrolld_http

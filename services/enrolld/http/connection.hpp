// One client's connection: handshake, then one request after the other, each with its time limits.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <memory>
#include <optional>

#include "net/sockets.hpp"
#include "services/enrolld/http/hub.hpp"

namespace ringway::enrolld_http {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Place {  // what it takes of the server's bounds
    net::Slot slot;
    net::Slot share;
  };
  Connection(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<Hub> hub, net::Socket socket,
             const wire::IpAddressPort& from, Place place);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();  // on its strand
  void stop();   // any thread: ends after the request under way
  void close();  // any thread: ends now

 private:
  using Error = boost::system::error_code;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Message = boost::beast::http::response<boost::beast::http::string_body>;
  enum class State { handshake, idle, reading, handling, answering, closing };

  void on_handshake(const Error& error);
  void await_request();
  void read_head();
  void on_head(const Error& error);
  void read_body();
  void send_continue();
  void on_request(const Error& error);
  void refuse_request(const Error& error);
  void handle();
  void answer(Response response, bool close_after);
  void on_answered(const Error& error);
  void shut_down();
  void drain();
  void close_socket();

  // After `limit`: close, or cancel what is being read, so that the client can be answered. The timer is also
  // what keeps the connection while a handler works.
  enum class AtDeadline { close, cancel };
  void arm(std::chrono::milliseconds limit, AtDeadline what);
  void on_deadline(AtDeadline what);

  // The answer of a handler may come when the pool has gone, so the context goes last.
  std::shared_ptr<boost::asio::io_context> context_;
  std::shared_ptr<Hub> hub_;
  net::TlsContextPtr tls_;
  boost::beast::ssl_stream<net::Socket> stream_;
  net::Timer timer_;
  std::string source_;
  Place place_;
  std::vector<SharedBytes> client_certificates_;

  State state_ = State::handshake;
  bool timed_out_ = false;
  std::uint64_t deadline_ = 0;  // which one is armed
  std::size_t requests_ = 0;
  bool head_only_ = false;
  bool keep_alive_ = false;
  std::size_t drained_bytes_ = 0;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Message> message_;
};

}  // namespace ringway::enrolld_http

// WebSocket as a pipe (RFC 6455, RFC 7118), for those who connect to us: the HTTP request with which it
// begins, then message by message. The only place that knows Boost.Beast.
#include <openssl/asn1.h>

#include <algorithm>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "net/phones/pipe.hpp"
#include "net/phones/stream_goodbye.hpp"

namespace ringway::net::phones {

namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;

using Error = boost::system::error_code;
using Request = http::request<http::empty_body>;

constexpr const char* k_protocol = "sip";  // RFC 7118 §4
constexpr std::uint32_t k_max_head_bytes = 8192;
constexpr std::size_t k_max_close_reason_bytes = 123;  // RFC 6455 §5.5

struct Refusal {
  http::status status;
  const char* text;
};

bool asks_for_sip(const Request& request) {
  const auto lines = request.equal_range(http::field::sec_websocket_protocol);
  return std::any_of(lines.first, lines.second,
                     [](const auto& line) { return http::token_list(line.value()).exists(k_protocol); });
}

// Browsers say which page it is that asks. Who sends no Origin is none, and could send any (RFC 6455 §10.2).
bool from_allowed_page(const Request& request, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return true;
  const auto lines = request.equal_range(http::field::origin);
  return std::all_of(lines.first, lines.second, [&](const auto& line) {
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const std::string& one) { return beast::iequals(line.value(), one); });
  });
}

std::optional<Refusal> look_at(const Request& request, const PhoneSettings& settings) {
  if (request.target() != settings.websocket_path)
    return Refusal{http::status::not_found, "There is nothing here.\n"};
  if (!websocket::is_upgrade(request))
    return Refusal{http::status::upgrade_required, "Only a WebSocket can be had here.\n"};
  if (!asks_for_sip(request))
    return Refusal{http::status::bad_request, "The WebSocket's sub-protocol must be \"sip\" (RFC 7118).\n"};
  if (!from_allowed_page(request, settings.origins))
    return Refusal{http::status::forbidden, "Pages of this origin may not connect.\n"};
  return std::nullopt;
}

std::optional<Refusal> unreadable(const Error& error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow)
    return Refusal{http::status::request_header_fields_too_large, "The header is too large.\n"};
  const bool of_http = error.category() == make_error_code(http::error::bad_method).category();
  if (!of_http || error == http::error::end_of_stream || error == http::error::partial_message)
    return std::nullopt;
  return Refusal{http::status::bad_request, "The request cannot be read.\n"};
}

// SIP is UTF-8, but for bodies (RFC 7118 §5: what is not goes as binary).
bool is_text(BytesView bytes) {
  while (!bytes.empty()) {
    unsigned long character = 0;
    const int size = UTF8_getc(bytes.data(), static_cast<int>(bytes.size()), &character);
    const bool surrogate = character >= 0xd800 && character <= 0xdfff;
    if (size <= 0 || surrogate || character > 0x10ffff) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return true;
}

template <typename Next>
class WebSocketPipe : public Pipe, public std::enable_shared_from_this<WebSocketPipe<Next>> {
 public:
  WebSocketPipe(std::shared_ptr<FlowHub> hub, Socket socket)
      : hub_(std::move(hub)),
        stream_(std::move(socket)),
        ping_timer_(this->socket().get_executor()),
        message_timer_(this->socket().get_executor()) {}
  WebSocketPipe(std::shared_ptr<FlowHub> hub, Socket socket, TlsContextPtr tls)
      : hub_(std::move(hub)),
        tls_(std::move(tls)),
        stream_(std::move(socket), *tls_),
        ping_timer_(this->socket().get_executor()),
        message_timer_(this->socket().get_executor()) {}

  Socket& socket() override { return socket_of(stream_.next_layer()); }

  void open(Done done) override {
    tune(socket(), k_phone_probes);
    if constexpr (std::is_same_v<Next, TlsStream>) {
      stream_.next_layer().async_handshake(
          boost::asio::ssl::stream_base::server,
          [self = this->shared_from_this(), done = std::move(done)](const Error& error) {
            if (error) return done(Failure{why_lost(error)});
            self->read_request(done);
          });
    } else {
      read_request(std::move(done));
    }
  }

  void read(Got got) override {
    reading_ = true;
    read_some(std::move(got));
  }

  void write(const std::vector<Outgoing>& messages, Done done) override {
    const BytesView message = messages.front().payload;
    stream_.text(is_text(message));
    stream_.async_write(
        boost::asio::buffer(message.data(), message.size()),
        [self = this->shared_from_this(), done = std::move(done)](const Error& error, std::size_t) {
          if (error) return done(Failure{self->why(error)});
          done(ringway::Done{});
        });
  }

  void say_goodbye(const std::string& reason) override {
    end_timers();
    websocket::close_reason close(websocket::close_code::normal);
    if (is_text(view_of(reason)) && reason.size() <= k_max_close_reason_bytes)
      close.reason = beast::string_view(reason.data(), reason.size());
    stream_.async_close(close, [self = this->shared_from_this()](const Error&) {});  // the read ends with it
  }

  void close() override {
    end_timers();
    Error ignored;
    socket().close(ignored);
  }

  std::size_t max_messages_per_write() const override { return 1; }

 private:
  std::string why(const Error& error) const {
    if (!given_up_.empty()) return given_up_;
    if (error == websocket::error::closed) return "closed by the other side";
    return why_lost(error);
  }

  // ---- the HTTP request

  void read_request(Done done) {
    parser_.emplace();
    parser_->header_limit(k_max_head_bytes);
    http::async_read_header(stream_.next_layer(), head_, *parser_,
                            [self = this->shared_from_this(), done = std::move(done)](
                                const Error& error, std::size_t) { self->on_request(error, done); });
  }

  void on_request(const Error& error, const Done& done) {
    if (error) {
      if (const auto refusal = unreadable(error)) return refuse(*refusal, done);
      return done(Failure{why(error)});
    }
    if (const auto refusal = look_at(parser_->get(), hub_->settings())) return refuse(*refusal, done);
    // A client waits for the answer before it sends more (RFC 6455 §4.1).
    if (head_.size() > 0)
      return refuse({http::status::bad_request, "Something follows the request.\n"}, done);
    accept(done);
  }

  void refuse(const Refusal& refusal, const Done& done) {
    ++hub_->counters().refused_upgrades;
    answer_.emplace(refusal.status, 11);
    answer_->set(http::field::content_type, "text/plain; charset=utf-8");
    if (refusal.status == http::status::upgrade_required) {
      answer_->set(http::field::upgrade, "websocket");
      answer_->set(http::field::sec_websocket_version, "13");
      answer_->insert(http::field::connection, "upgrade");
    }
    answer_->insert(http::field::connection, "close");
    answer_->body() = refusal.text;
    answer_->prepare_payload();
    http::async_write(
        stream_.next_layer(), *answer_, [self = this->shared_from_this(), done](const Error&, std::size_t) {
          end_stream(self, self->stream_.next_layer(), [done] { done(Failure{"refused its HTTP request"}); });
        });
  }

  void accept(const Done& done) {
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
      response.set(http::field::sec_websocket_protocol, k_protocol);
    }));
    stream_.read_message_max(k_max_message_bytes);
    stream_.auto_fragment(false);
    stream_.control_callback([this](websocket::frame_type kind, beast::string_view) {  // of its own member
      heard_ = true;
      if (kind == websocket::frame_type::close) let_go_soon();
    });
    stream_.async_accept(parser_->get(), [self = this->shared_from_this(), done](const Error& error) {
      self->parser_.reset();
      if (error) {
        ++self->hub_->counters().refused_upgrades;
        return done(Failure{self->why(error)});
      }
      if (!self->ended_) self->wait_to_ping();
      done(ringway::Done{});
    });
  }

  // ---- messages

  void read_some(Got got) {
    stream_.async_read_some(message_, 0,
                            [self = this->shared_from_this(), got = std::move(got)](
                                const Error& error, std::size_t) { self->on_read(error, got); });
  }

  void on_read(const Error& error, const Got& got) {
    heard_ = true;
    if (error) {
      end_timers();
      // Beast has said so to the other side, with the code for it (1002, 1007, 1009).
      const bool against_protocol =
          error.category() == make_error_code(websocket::error::closed).category() &&
          error != websocket::error::closed;
      if (against_protocol) ++hub_->counters().refused_messages;
      return got(Failure{why(error)});
    }
    if (!stream_.is_message_done()) {
      watch_message();
      return read_some(got);
    }
    message_timer_.cancel();
    in_message_ = false;
    const auto data = message_.cdata();
    Bytes bytes = copy_of({static_cast<const std::uint8_t*>(data.data()), data.size()});
    message_.clear();
    reading_ = false;
    got(std::move(bytes));
  }

  // A message that never ends would hold its bytes for ever.
  void watch_message() {
    if (std::exchange(in_message_, true)) return;
    message_timer_.expires_after(hub_->settings().message_timeout);
    message_timer_.async_wait([self = this->shared_from_this()](const Error& stopped) {
      if (stopped || !self->in_message_) return;
      ++self->hub_->counters().too_slow;
      self->give_up("it did not end its message");
    });
  }

  // ---- is it still there?

  void wait_to_ping() {
    ping_timer_.expires_after(hub_->settings().ping_interval);
    ping_timer_.async_wait([self = this->shared_from_this()](const Error& stopped) {
      if (!stopped && !self->ended_) self->on_ping_timer();
    });
  }

  void on_ping_timer() {
    if (!stream_.is_open()) {  // Beast has said what was wrong, and waits for the other side to let go
      ++hub_->counters().refused_messages;
      return give_up("it was against the protocol");
    }
    if (std::exchange(heard_, false) || !reading_) {  // what we do not read we do not hear
      pinged_ = false;
    } else if (std::exchange(pinged_, true)) {
      ++hub_->counters().idle;
      return give_up("no answer to a ping");
    } else if (!std::exchange(pinging_, true)) {
      stream_.async_ping({}, [self = this->shared_from_this()](const Error&) { self->pinging_ = false; });
    }
    wait_to_ping();
  }

  // Closed by the other side and answered: now it has to close the connection too.
  void let_go_soon() {
    end_timers();
    message_timer_.expires_after(hub_->settings().close_timeout);
    message_timer_.async_wait([self = this->shared_from_this()](const Error& stopped) {
      if (!stopped) self->give_up("closed by the other side");
    });
  }

  void give_up(const char* reason) {
    given_up_ = reason;
    close();  // the read that is under way tells
  }

  void end_timers() {
    ended_ = true;
    in_message_ = false;
    ping_timer_.cancel();
    message_timer_.cancel();
  }

  const std::shared_ptr<FlowHub> hub_;
  const TlsContextPtr tls_;
  websocket::stream<Next, false> stream_;

  beast::flat_buffer head_{k_max_head_bytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  std::optional<http::response<http::string_body>> answer_;

  beast::flat_buffer message_;
  bool reading_ = false;
  bool in_message_ = false;
  bool heard_ = false;
  bool pinged_ = false;
  bool pinging_ = false;
  bool ended_ = false;
  std::string given_up_;
  Timer ping_timer_;
  Timer message_timer_;
};

}  // namespace

std::shared_ptr<Pipe> accept_websocket(Socket socket, std::shared_ptr<FlowHub> hub) {
  return std::make_shared<WebSocketPipe<Socket>>(std::move(hub), std::move(socket));
}
std::shared_ptr<Pipe> accept_secure_websocket(Socket socket, std::shared_ptr<FlowHub> hub,
                                              TlsContextPtr tls) {
  return std::make_shared<WebSocketPipe<TlsStream>>(std::move(hub), std::move(socket), std::move(tls));
}

}  // namespace ringway::net::phones

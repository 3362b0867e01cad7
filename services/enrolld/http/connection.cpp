#include "services/enrolld/http/connection.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <exception>
#include <utility>

#include "services/enrolld/http/exchange.hpp"
#include "services/enrolld/http/server_tls.hpp"

namespace ringway::enrolld_http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t k_read_size_bytes = 4096;
constexpr std::chrono::milliseconds k_cancel_again{50};
constexpr std::chrono::milliseconds k_goodbye_timeout{2000};
constexpr std::size_t k_max_drained_bytes = 1U << 20;

}  // namespace

Connection::Connection(std::shared_ptr<asio::io_context> context, std::shared_ptr<Hub> hub,
                       net::Socket socket, const wire::IpAddressPort& from, Place place)
    : context_(std::move(context)),
      hub_(std::move(hub)),
      tls_(hub_->tls()),
      stream_(std::move(socket), *tls_),
      timer_(stream_.get_executor()),
      source_(source_of(from)),
      place_(std::move(place)) {}

Connection::~Connection() { hub_->leave(this); }

void Connection::start() {
  ++hub_->counters().connections;
  net::tune(stream_.next_layer());
  arm(hub_->settings().handshake_timeout, AtDeadline::close);
  stream_.async_handshake(asio::ssl::stream_base::server,
                          [self = shared_from_this()](const Error& error) { self->on_handshake(error); });
}

void Connection::stop() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    if (self->state_ == State::handshake) return self->close_socket();
    // The read under way ends with an error, and that with the goodbye.
    if (self->state_ == State::idle) self->stream_.next_layer().cancel();
  });
}

void Connection::close() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] { self->close_socket(); });
}

void Connection::on_handshake(const Error& error) {
  if (error) {
    ++hub_->counters().handshakes_failed;
    return close_socket();
  }
  client_certificates_ = client_certificates(stream_.native_handle());
  await_request();
}

// Bytes of the next request may be here already.
void Connection::await_request() {
  if (hub_->stopping()) return shut_down();
  if (buffer_.size() > 0) return read_head();
  state_ = State::idle;
  arm(hub_->settings().idle_timeout, AtDeadline::cancel);
  stream_.async_read_some(buffer_.prepare(k_read_size_bytes),
                          [self = shared_from_this()](const Error& error, std::size_t size) {
                            if (error) return self->shut_down();
                            self->buffer_.commit(size);
                            self->read_head();
                          });
}

void Connection::read_head() {
  state_ = State::reading;
  parser_.emplace();
  parser_->header_limit(hub_->settings().max_header_size_bytes);
  parser_->body_limit(hub_->settings().max_body_size_bytes);
  arm(hub_->settings().request_timeout, AtDeadline::cancel);
  http::async_read_header(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const Error& error, std::size_t) { self->on_head(error); });
}

void Connection::on_head(const Error& error) {
  if (error) return refuse_request(error);
  if (expects_continue(parser_->get())) return send_continue();
  read_body();
}

void Connection::send_continue() {
  message_.emplace(http::status::continue_, 11);
  http::async_write(stream_, *message_, [self = shared_from_this()](const Error& error, std::size_t) {
    if (error) return self->close_socket();
    self->read_body();
  });
}

void Connection::read_body() {
  http::async_read(stream_, buffer_, *parser_,
                   [self = shared_from_this()](const Error& error, std::size_t) { self->on_request(error); });
}

void Connection::on_request(const Error& error) {
  if (error) return refuse_request(error);
  handle();
}

void Connection::refuse_request(const Error& error) {
  ServerCounters& counters = hub_->counters();
  if (timed_out_) {
    ++counters.requests_too_slow;
    return answer(text_response(408, "The request came too slowly.\n"), true);
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    ++counters.requests_too_large;
    return answer(text_response(431, "The header is too large.\n"), true);
  }
  if (error == http::error::body_limit) {
    ++counters.requests_too_large;
    return answer(text_response(413, "The body is too large.\n"), true);
  }
  if (error.category() == make_error_code(http::error::bad_method).category() &&
      error != http::error::end_of_stream && error != http::error::partial_message) {
    ++counters.requests_malformed;
    return answer(text_response(400, "The request cannot be read.\n"), true);
  }
  shut_down();
}

void Connection::handle() {
  state_ = State::handling;
  ++requests_;
  ++hub_->counters().requests;
  keep_alive_ = parser_->get().keep_alive() && requests_ < hub_->settings().max_requests_per_connection;
  auto read = read_request(parser_->release());
  if (auto* const refused = std::get_if<Response>(&read)) {
    ++hub_->counters().requests_malformed;
    return answer(std::move(*refused), true);
  }
  auto& request = std::get<Request>(read);
  head_only_ = request.method == Method::head;
  request.source = source_;
  request.client_certificates_der = client_certificates_;
  arm(hub_->settings().handler_timeout, AtDeadline::cancel);
  Responder responder([weak = weak_from_this()](Response response) {
    const auto self = weak.lock();
    if (!self) return;
    asio::post(self->stream_.get_executor(), [self, response = std::move(response)]() mutable {
      if (self->state_ == State::handling) self->answer(std::move(response), false);
    });
  });
  try {
    hub_->handler()(std::move(request), responder);
  } catch (const std::exception&) {
    responder(text_response(500, "The server failed.\n"));
  }
}

void Connection::answer(Response response, bool close_after) {
  state_ = State::answering;
  keep_alive_ = keep_alive_ && !close_after && !hub_->stopping();
  message_ = make_message(std::move(response), keep_alive_, head_only_);
  arm(hub_->settings().answer_timeout, AtDeadline::close);
  http::async_write(stream_, *message_, [self = shared_from_this()](const Error& error, std::size_t) {
    self->on_answered(error);
  });
}

void Connection::on_answered(const Error& error) {
  if (error && error != http::error::end_of_stream) return close_socket();
  message_.reset();
  parser_.reset();
  head_only_ = false;
  if (!keep_alive_) return shut_down();
  await_request();
}

// Says goodbye, and reads what the client was still sending: closing a socket with unread bytes resets the
// connection, and the client might never see the answer.
void Connection::shut_down() {
  state_ = State::closing;
  arm(k_goodbye_timeout, AtDeadline::close);
  stream_.async_shutdown([self = shared_from_this()](const Error&) {
    Error ignored;
    self->stream_.next_layer().shutdown(asio::socket_base::shutdown_send, ignored);
    self->drain();
  });
}

void Connection::drain() {
  if (drained_bytes_ > k_max_drained_bytes) return close_socket();
  buffer_.clear();
  stream_.next_layer().async_read_some(buffer_.prepare(k_read_size_bytes),
                                       [self = shared_from_this()](const Error& error, std::size_t size) {
                                         if (error) return self->close_socket();
                                         self->drained_bytes_ += size;
                                         self->drain();
                                       });
}

void Connection::close_socket() {
  state_ = State::closing;
  ++deadline_;
  timer_.cancel();
  Error ignored;
  stream_.next_layer().close(ignored);
}

void Connection::arm(std::chrono::milliseconds limit, AtDeadline what) {
  timed_out_ = false;
  timer_.expires_after(limit);
  timer_.async_wait([self = shared_from_this(), what, number = ++deadline_](const Error& stopped) {
    if (!stopped && number == self->deadline_) self->on_deadline(what);
  });
}

void Connection::on_deadline(AtDeadline what) {
  if (what == AtDeadline::close) return close_socket();
  if (state_ == State::handling) {
    ++hub_->counters().handlers_too_slow;
    return answer(text_response(503, "The answer takes too long; try again later.\n"), true);
  }
  // A read that has just got some bytes takes no notice: again, until it does.
  Error ignored;
  stream_.next_layer().cancel(ignored);
  arm(k_cancel_again, what);
  timed_out_ = true;
}

}  // namespace ringway::enrolld_http

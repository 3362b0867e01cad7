#include "net/handshake.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "net/protocol_name.hpp"
#include "net/shared_key.hpp"

namespace ringway::net {

Handshake::Handshake(std::shared_ptr<HandshakeHost> host, Socket socket, Wanted wanted, Done done)
    : host_(std::move(host)),
      means_(host_->means()),
      stream_(std::make_unique<TlsStream>(std::move(socket), *means_.tls)),
      strand_(stream_->next_layer().get_executor()),
      timer_(strand_),
      wanted_(std::move(wanted)),
      done_(std::move(done)) {
  check_.trust = host_->trust();
  check_.expected = wanted_.node;
}

void Handshake::start(boost::asio::ssl::stream_base::handshake_type side) {
  boost::system::error_code error;
  const auto remote = stream_->next_layer().remote_endpoint(error);
  if (error || !host_->sockets().enter(shared_from_this())) {
    finished_ = true;
    return std::exchange(done_, nullptr)(Failure{error ? error.message() : "stopping"});
  }
  remote_ = from_endpoint(remote);
  side_ = side == boost::asio::ssl::stream_base::client ? Side::client : Side::server;
  tune(stream_->next_layer());
  set_peer_check(stream_->native_handle(), &check_);
  if (const auto offered = offer_protocol_name(stream_->native_handle(), wanted_.protocol); !offered)
    given_up_ = offered.error().reason;
  timer_.expires_after(host_->handshake_timeout());
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped) self->give_up("handshake timed out");
  });
  stream_->async_handshake(side, [self = shared_from_this()](const boost::system::error_code& failed) {
    self->on_handshake(failed);
  });
}

void Handshake::on_handshake(const boost::system::error_code& error) {
  if (error || !given_up_.empty() || !agreed() || !means_.prover) return finish(error);
  auto binding = handshake_binding(stream_->native_handle());
  if (!binding) {
    check_.refusal = binding.error().reason;
    return finish({});
  }
  binding_ = *std::move(binding);
  send_proof();
}

// A server that knows no applications would take the connection for a RELOAD link. What a server accepts its
// context says.
bool Handshake::agreed() {
  protocol_ = agreed_protocol_name(stream_->native_handle());
  const bool missing = protocol_.empty() && wanted_.protocol_may_be_missing;
  if (side_ == Side::server || protocol_ == wanted_.protocol || missing) return true;
  check_.certificate = nullptr;
  check_.refusal = "it does not speak what was asked for";
  return false;
}

// ---- shared-secret mode: who is it?

void Handshake::send_proof() {
  sent_proof_ = make_proof(*means_.prover, side_, binding_);
  boost::asio::async_write(*stream_, boost::asio::buffer(sent_proof_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                             if (error || !self->given_up_.empty()) return self->finish(error);
                             self->read_proof_length();
                           });
}

void Handshake::read_proof_length() {
  read_buffer_.resize(k_proof_length_size_bytes);
  boost::asio::async_read(*stream_, boost::asio::buffer(read_buffer_),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                            if (error || !self->given_up_.empty()) return self->finish(error);
                            self->read_proof();
                          });
}

void Handshake::read_proof() {
  const auto size_bytes = proof_size(read_buffer_);
  if (!size_bytes) {
    check_.refusal = "it does not prove who it is";
    return finish({});
  }
  read_buffer_.resize(*size_bytes);
  boost::asio::async_read(*stream_, boost::asio::buffer(read_buffer_),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                            if (!error && self->given_up_.empty())
                              accept_proof(self->check_, other(self->side_), self->binding_,
                                           SharedBytes(std::move(self->read_buffer_)));
                            self->finish(error);
                          });
}

// ---- the end

void Handshake::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] { self->give_up("stopping"); });
}

void Handshake::give_up(const char* reason) {
  if (finished_) return;
  given_up_ = reason;
  boost::system::error_code ignored;
  stream_->next_layer().close(ignored);
}

std::string Handshake::why(const boost::system::error_code& error) const {
  if (!given_up_.empty()) return given_up_;
  if (!check_.refusal.empty()) return check_.refusal;
  return error ? error.message() : "no certificate was checked";
}

void Handshake::finish(const boost::system::error_code& error) {
  finished_ = true;
  timer_.cancel();
  set_peer_check(stream_->native_handle(), nullptr);
  const auto done = std::exchange(done_, nullptr);
  if (error || !given_up_.empty() || !check_.certificate) {
    if (given_up_ != "stopping") host_->note_failed_handshake();
    const std::string reason = why(error);
    stream_.reset();  // closes the socket before anyone is told
    done(Failure{reason});
  } else {
    done(Authenticated{std::move(stream_), std::move(check_.trust), std::move(check_.certificate),
                       std::move(check_.chain_der), remote_, std::move(protocol_)});
  }
  host_->sockets().leave(this);
}

}  // namespace ringway::net

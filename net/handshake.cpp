#include "net/handshake.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::net {

Handshake::Handshake(std::shared_ptr<LinkHub> hub, Socket socket, std::optional<NodeId> expected, Done done)
    : hub_(std::move(hub)),
      tls_(hub_->tls()),
      stream_(std::make_unique<TlsStream>(std::move(socket), *tls_)),
      strand_(stream_->next_layer().get_executor()),
      timer_(strand_),
      done_(std::move(done)) {
  check_.trust = hub_->trust();
  check_.expected = expected;
}

void Handshake::start(boost::asio::ssl::stream_base::handshake_type side) {
  boost::system::error_code error;
  const auto remote = stream_->next_layer().remote_endpoint(error);
  if (error || !hub_->enter(shared_from_this())) {
    finished_ = true;
    return std::exchange(done_, nullptr)(Failure{error ? error.message() : "stopping"});
  }
  remote_ = from_endpoint(remote);
  tune(stream_->next_layer());
  set_peer_check(stream_->native_handle(), &check_);
  timer_.expires_after(hub_->settings().handshake_timeout);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped) self->give_up("handshake timed out");
  });
  stream_->async_handshake(
      side, [self = shared_from_this()](const boost::system::error_code& failed) { self->finish(failed); });
}

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
    if (given_up_ != "stopping") ++hub_->counters().handshakes_failed;
    const std::string reason = why(error);
    stream_.reset();  // closes the socket before anyone is told
    done(Failure{reason});
  } else {
    done(Authenticated{std::move(stream_), std::move(check_.trust), std::move(check_.certificate),
                       std::move(check_.chain_der), remote_});
  }
  hub_->leave(this);
}

}  // namespace ringway::net

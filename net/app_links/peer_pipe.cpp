#include "net/app_links/peer_pipe.hpp"

#include <algorithm>
#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::net::app_links {

PeerPipe::PeerPipe(std::shared_ptr<AppHub> hub, Socket accepted)
    : hub_(std::move(hub)), strand_(accepted.get_executor()), socket_(std::move(accepted)), timer_(strand_) {}

PeerPipe::PeerPipe(std::shared_ptr<AppHub> hub, Socket unconnected,
                   std::vector<wire::IpAddressPort> addresses, const NodeId& expected)
    : hub_(std::move(hub)),
      strand_(unconnected.get_executor()),
      expected_(expected),
      addresses_(std::move(addresses)),
      socket_(std::move(unconnected)),
      timer_(strand_) {}

PeerPipe::~PeerPipe() { hub_->leave(this); }

void PeerPipe::open(Done done) {
  done_ = std::move(done);
  if (expected_) return try_next();
  shake_hands();
}

void PeerPipe::close() {
  closed_ = true;
  timer_.cancel();
  if (handshake_) handshake_->stop();
  if (stream_) return stream_->close();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

// ---- connecting

void PeerPipe::try_next() {
  if (closed_ || next_address_ >= std::min(addresses_.size(), k_max_addresses))
    return end(Failure{reasons_.empty() ? "no address" : reasons_});
  connect(addresses_[next_address_++]);
}

void PeerPipe::connect(const wire::IpAddressPort& address) {
  if (address.type == wire::AddressType::invalid) return fail("not an address");
  timed_out_ = false;
  socket_ = Socket(strand_);
  timer_.expires_after(hub_->settings().connect_timeout);
  timer_.async_wait(
      [self = shared_from_this(), at = next_address_](const boost::system::error_code& stopped) {
        // It may have been due already when the connect ended by itself: then the socket is no longer this
        // one's.
        if (stopped || at != self->next_address_ || self->handshake_ || self->stream_) return;
        self->timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.close(ignored);
      });
  socket_.async_connect(
      to_endpoint(address),
      [self = shared_from_this()](const boost::system::error_code& error) { self->on_connected(error); });
}

void PeerPipe::on_connected(const boost::system::error_code& error) {
  timer_.cancel();
  if (closed_) return end(Failure{"closed"});
  if (timed_out_) return fail("connecting timed out");
  if (error) return fail(error.message());
  shake_hands();
}

// ---- who is there?

void PeerPipe::shake_hands() {
  Handshake::Wanted wanted;
  wanted.node = expected_;
  wanted.protocol = hub_->settings().protocol;
  wanted.protocol_may_be_missing = true;
  handshake_ = std::make_shared<Handshake>(hub_, std::move(socket_), std::move(wanted),
                                           [self = shared_from_this()](Result<Authenticated> outcome) {
                                             self->on_authenticated(std::move(outcome));
                                           });
  const auto handshake = handshake_;  // it may end at once
  handshake->start(expected_ ? boost::asio::ssl::stream_base::client : boost::asio::ssl::stream_base::server);
}

void PeerPipe::on_authenticated(Result<Authenticated> outcome) {
  handshake_.reset();
  if (closed_) return end(Failure{"closed"});
  if (!outcome) return fail(outcome.error().reason);
  if (auto admitted = hub_->admit(this, *outcome); !admitted) return fail(admitted.error().reason);
  peer_ =
      phones::KnownPeer{expected_.value_or(outcome->certificate->node_ids().front()), outcome->certificate};
  stream_ = phones::established_tls(std::move(*outcome->stream));
  end(ringway::Done{});
}

// This address was none; perhaps the next one is.
void PeerPipe::fail(const std::string& reason) {
  if (!expected_) return end(Failure{reason});
  if (!reasons_.empty()) reasons_ += "; ";
  reasons_ += link::to_text(addresses_[next_address_ - 1]) + ": " + reason;
  try_next();
}

void PeerPipe::end(Outcome<> outcome) {
  if (const auto done = std::exchange(done_, nullptr)) done(std::move(outcome));
}

}  // namespace ringway::net::app_links

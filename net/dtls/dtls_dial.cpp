#include "net/dtls/dtls_dial.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::net::dtls {

DtlsDial::DtlsDial(std::shared_ptr<LinkHub> hub, const Strand& strand)
    : hub_(std::move(hub)), strand_(strand), socket_(strand_) {}

void DtlsDial::start(const wire::IpAddressPort& to, std::optional<NodeId> expected, std::uint64_t attempt,
                     Slot slot, WhenDone done) {
  if (auto begun = begin(to, expected, attempt, done); !begun) return done(begun.error());
  const auto connection = connection_;  // it may end at once
  connection->start(std::move(slot));
  receive();
}

Outcome<> DtlsDial::begin(const wire::IpAddressPort& to, std::optional<NodeId> expected,
                          std::uint64_t attempt, WhenDone& done) {
  const auto means = hub_->means();
  if (!means.dtls) return Failure{"no DTLS in shared-secret mode"};
  const auto endpoint = to_udp_endpoint(to);
  boost::system::error_code error;
  socket_.open(endpoint.protocol(), error);
  if (!error) socket_.connect(endpoint, error);
  if (!error) socket_.non_blocking(true, error);
  if (error) return Failure{error.message()};
  auto session = DtlsSession::client(means.dtls, expected, hub_->trust());
  if (!session) return session.error();
  if (!hub_->stoppables.enter(shared_from_this())) return Failure{"stopping"};
  DtlsConnection::Way way;
  way.send = [self = shared_from_this()](BytesView datagram) {
    boost::system::error_code ignored;  // reading tells
    self->socket_.send(boost::asio::buffer(datagram.data(), datagram.size()), 0, ignored);
  };
  way.ended = [self = shared_from_this()] { self->end(); };
  DtlsConnection::Origin origin;
  origin.remote = to;
  origin.attempt = attempt;
  origin.is_client = true;
  origin.done = std::move(done);
  connection_ =
      std::make_shared<DtlsConnection>(hub_, strand_, *std::move(session), std::move(origin), std::move(way));
  return Done{};
}

void DtlsDial::receive() {
  if (!connection_) return;
  socket_.async_receive(
      boost::asio::buffer(buffer_),
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size_bytes) {
        if (!self->connection_) return;
        const auto connection = self->connection_;
        if (error)
          connection->on_path_error(error.message());
        else
          connection->on_datagram(BytesView(self->buffer_).first(size_bytes));
        self->receive();
      });
}

void DtlsDial::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    if (const auto connection = self->connection_) connection->finish("stopping");
  });
}

void DtlsDial::end() {
  connection_.reset();
  boost::system::error_code ignored;
  socket_.close(ignored);
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net::dtls

#include "net/dtls/dtls_dial.hpp"

#include <array>
#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::net::dtls {

namespace {
constexpr std::size_t k_max_datagram_bytes = 65536;
constexpr int k_datagrams_at_once = 32;
}  // namespace

DtlsDial::DtlsDial(std::shared_ptr<LinkHub> hub, const Strand& strand)
    : hub_(std::move(hub)), strand_(strand), socket_(strand_) {}

void DtlsDial::start(const wire::IpAddressPort& to, std::optional<NodeId> expected, std::uint64_t attempt,
                     Slot slot, WhenDone done) {
  if (auto begun = begin(to, expected, attempt, done); !begun) return done(begun.error());
  const auto connection = connection_;  // it may end at once
  connection->start(std::move(slot));
  wait();
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

void DtlsDial::wait() {
  if (!connection_) return;
  socket_.async_wait(boost::asio::socket_base::wait_read,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->receive();
                       self->wait();
                     });
}

void DtlsDial::receive() {
  thread_local std::array<std::uint8_t, k_max_datagram_bytes> room;
  for (int i = 0; i < k_datagrams_at_once; ++i) {
    const auto connection = connection_;  // it may end here
    if (!connection) return;
    boost::system::error_code error;
    const std::size_t size_bytes = socket_.receive(boost::asio::buffer(room), 0, error);
    if (error == boost::asio::error::would_block) return;
    // Nobody listens there (a hard error, RFC 1122 §4.1.3.3). What else ICMP may tell passes, or the
    // handshake and the acknowledgements find out.
    if (error == boost::asio::error::connection_refused) return connection->on_path_error(error.message());
    if (!error) connection->on_datagram(BytesView(room).first(size_bytes));
  }
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

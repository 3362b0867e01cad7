#include "net/dtls/dtls_port.hpp"

#include <algorithm>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "net/dtls/demultiplex.hpp"

namespace ringway::net::dtls {

namespace {

constexpr int k_receive_buffer_bytes = 1 << 20;
constexpr std::chrono::milliseconds k_receive_pause{20};  // after an error of the system

// A record of epoch 0 with a ClientHello at its start (RFC 6347 §4.1, §4.2.2): only who begins sends these.
bool is_client_hello(BytesView datagram) {
  constexpr std::size_t k_epoch_at = 3, k_handshake_type_at = 13;
  constexpr std::uint8_t k_handshake = 22, k_client_hello = 1;
  return datagram.size() > k_handshake_type_at && datagram[0] == k_handshake && datagram[k_epoch_at] == 0 &&
         datagram[k_epoch_at + 1] == 0 && datagram[k_handshake_type_at] == k_client_hello;
}

}  // namespace

UdpEndpoint to_udp_endpoint(const wire::IpAddressPort& address) {
  const auto endpoint = to_endpoint(address);
  return {endpoint.address(), endpoint.port()};
}
wire::IpAddressPort from_udp_endpoint(const UdpEndpoint& endpoint) {
  return from_endpoint({endpoint.address(), endpoint.port()});
}

DtlsPort::DtlsPort(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub)
    : hub_(std::move(hub)),
      strand_(boost::asio::make_strand(context)),
      socket_(strand_),
      pause_(strand_),
      handshakes_of_address_(hub_->settings().max_handshakes_per_address) {}

Outcome<> DtlsPort::start(const wire::IpAddressPort& at) {
  const auto endpoint = to_udp_endpoint(at);
  boost::system::error_code error;
  socket_.open(endpoint.protocol(), error);
  if (!error && endpoint.protocol() == boost::asio::ip::udp::v6())
    socket_.set_option(boost::asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error) socket_.bind(endpoint, error);
  if (!error) socket_.non_blocking(true, error);
  if (error) return Failure{"cannot listen at UDP " + link::to_text(at) + ": " + error.message()};
  socket_.set_option(boost::asio::socket_base::receive_buffer_size(k_receive_buffer_bytes), error);
  if (!hub_->stoppables.enter(shared_from_this())) return Failure{"stopping"};
  boost::asio::post(strand_, [self = shared_from_this()] { self->receive(); });
  return Done{};
}

void DtlsPort::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    if (!self->socket_.is_open()) return;
    for (const auto& [at, connection] : std::exchange(self->connections_, {})) connection->finish("stopping");
    boost::system::error_code ignored;
    self->socket_.close(ignored);
    self->pause_.cancel();
    self->hub_->stoppables.leave(self.get());
  });
}

void DtlsPort::receive() {
  if (!socket_.is_open()) return;
  socket_.async_receive_from(
      boost::asio::buffer(buffer_), from_,
      [self = shared_from_this()](const boost::system::error_code& error, std::size_t size_bytes) {
        self->on_received(error, size_bytes);
      });
}

void DtlsPort::on_received(const boost::system::error_code& error, std::size_t size_bytes) {
  if (!socket_.is_open()) return;
  if (error) {  // an ICMP that belongs to nobody in particular, or no memory
    pause_.expires_after(k_receive_pause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
      if (!stopped) self->receive();
    });
    return;
  }
  dispatch(BytesView(buffer_).first(size_bytes));
  receive();
}

void DtlsPort::dispatch(BytesView datagram) {
  const auto kind = kind_of(datagram);
  if (kind == Datagram::stun && stun_) return stun_(from_, datagram);
  if (kind != Datagram::dtls) return;
  std::vector<std::shared_ptr<DtlsConnection>> here;
  const auto [first, last] = connections_.equal_range(from_);
  for (auto at = first; at != last; ++at) here.push_back(at->second);
  if (is_client_hello(datagram)) {
    const auto shaking =
        std::find_if(here.begin(), here.end(), [](const auto& one) { return one->shaking(); });
    return shaking == here.end() ? greet(datagram) : (*shaking)->on_datagram(datagram);
  }
  // Each drops what is not for it: it cannot be decrypted.
  for (const auto& connection : here) connection->on_datagram(datagram);
}

// One listener answers all strangers, until one of them has sent its cookie back: then it is that one's
// session.
void DtlsPort::greet(BytesView datagram) {
  const auto means = hub_->means();
  if (!means.dtls) return;
  if (!listener_ || listener_context_ != means.dtls) {
    auto made = DtlsSession::listener(means.dtls, hub_->trust());
    if (!made) return;
    listener_ = *std::move(made);
    listener_context_ = means.dtls;
  }
  const std::string address = link::to_text(from_udp_endpoint(from_));
  const bool proved = listener_->listen(cookies_, mono_now(), address, datagram);
  while (const auto answer = listener_->outgoing()) send(from_, *answer);
  if (proved) accept(std::move(listener_));
}

void DtlsPort::accept(std::unique_ptr<DtlsSession> session) {
  const auto remote = from_udp_endpoint(from_);
  auto share = handshakes_of_address_.take(remote);
  auto slot = share ? hub_->handshake_slots.take() : std::nullopt;
  if (!slot) {
    ++hub_->counters().refused_links;
    return;
  }
  session->check().trust = hub_->trust();
  DtlsConnection::Way way;
  way.send = [weak = weak_from_this(), to = from_](BytesView datagram) {
    if (const auto self = weak.lock()) self->send(to, datagram);
  };
  const auto at = connections_.emplace(from_, nullptr);
  DtlsConnection::Origin origin;
  origin.remote = remote;
  const auto connection =
      std::make_shared<DtlsConnection>(hub_, strand_, std::move(session), std::move(origin), std::move(way));
  at->second = connection;
  connection->set_ended([weak = weak_from_this(), to = from_, key = connection.get()] {
    if (const auto self = weak.lock()) self->remove(to, key);
  });
  connection->start(*std::move(slot), *std::move(share));
}

void DtlsPort::send(const UdpEndpoint& to, BytesView datagram) {
  boost::system::error_code ignored;  // what the system does not take is lost, as datagrams are
  socket_.send_to(boost::asio::buffer(datagram.data(), datagram.size()), to, 0, ignored);
}

void DtlsPort::remove(const UdpEndpoint& at, const DtlsConnection* connection) {
  const auto [first, last] = connections_.equal_range(at);
  const auto found =
      std::find_if(first, last, [&](const auto& one) { return one.second.get() == connection; });
  if (found != last) connections_.erase(found);
}

}  // namespace ringway::net::dtls

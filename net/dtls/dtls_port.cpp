#include "net/dtls/dtls_port.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <string>
#include <utility>

#include "net/dtls/demultiplex.hpp"

namespace ringway::net::dtls {

namespace {

constexpr int k_receive_buffer_bytes = 1 << 20;
constexpr std::chrono::milliseconds k_receive_pause{20};  // after an error of the system

// Whom a cookie is for: that hello, of that address (RFC 6347 §4.2.1 has the client's parameters in it).
std::string client_text(const UdpEndpoint& from, const ClientHello& hello) {
  return link::to_text(from_udp_endpoint(from)) + ' ' + to_hex(hello.random);
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
    for (const auto& [at, remote] : std::exchange(self->remotes_, {}))
      for (const auto& connection : {remote.up, remote.shaking})
        if (connection) connection->finish("stopping");
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
  std::shared_ptr<DtlsConnection> up, shaking;  // copies: they may end here
  BytesView random;
  if (const auto found = remotes_.find(from_); found != remotes_.end()) {
    up = found->second.up;
    shaking = found->second.shaking;
    random = found->second.random;
  }
  if (const auto hello = client_hello(datagram)) {
    // Its answer was lost. Everybody else has to show a cookie first, whoever shakes hands there already.
    if (shaking && hello->has_cookie && equal(hello->random, random)) return shaking->on_datagram(datagram);
    return greet(*hello, datagram);
  }
  // Each drops what is not for it: it cannot be decrypted.
  if (up) up->on_datagram(datagram);
  if (shaking) shaking->on_datagram(datagram);
}

// One listener answers all strangers, until one of them has sent its cookie back: then it is that one's
// session.
void DtlsPort::greet(const ClientHello& hello, BytesView datagram) {
  const auto means = hub_->means();
  if (!means.dtls) return;
  if (!listener_ || listener_context_ != means.dtls) {
    auto made = DtlsSession::listener(means.dtls, hub_->trust());
    if (!made) return;
    listener_ = *std::move(made);
    listener_context_ = means.dtls;
  }
  const std::string client = client_text(from_, hello);
  if (hello.has_cookie && cookies_.spent(mono_now(), client)) return;
  const bool proved = listener_->listen(cookies_, mono_now(), client, datagram);
  while (const auto answer = listener_->outgoing()) send(from_, *answer);
  if (proved) accept(std::move(listener_), hello);
}

void DtlsPort::accept(std::unique_ptr<DtlsSession> session, const ClientHello& hello) {
  const auto remote = from_udp_endpoint(from_);
  // Who has begun anew has forgotten the handshake before.
  if (const auto found = remotes_.find(from_); found != remotes_.end())
    if (const auto before = found->second.shaking) before->finish("begun anew");
  auto share = handshakes_of_address_.take(remote);
  auto slot = share ? hub_->handshake_slots.take() : std::nullopt;
  if (!slot) {
    ++hub_->counters().refused_links;
    return;
  }
  cookies_.spend(mono_now(), client_text(from_, hello));
  session->check().trust = hub_->trust();
  DtlsConnection::Way way;
  way.send = [weak = weak_from_this(), to = from_](BytesView datagram) {
    if (const auto self = weak.lock()) self->send(to, datagram);
  };
  const auto key = std::make_shared<const DtlsConnection*>();
  DtlsConnection::Origin origin;
  origin.remote = remote;
  origin.done = [weak = weak_from_this(), to = from_, key](const Outcome<>& outcome) {
    const auto self = weak.lock();
    if (self && outcome) self->come_up(to, *key);
  };
  const auto connection =
      std::make_shared<DtlsConnection>(hub_, strand_, std::move(session), std::move(origin), std::move(way));
  *key = connection.get();
  connection->set_ended([weak = weak_from_this(), to = from_, key = connection.get()] {
    if (const auto self = weak.lock()) self->remove(to, key);
  });
  auto& here = remotes_[from_];
  here.shaking = connection;
  here.random = copy_of(hello.random);
  connection->start(*std::move(slot), *std::move(share));
}

void DtlsPort::send(const UdpEndpoint& to, BytesView datagram) {
  boost::system::error_code ignored;  // what the system does not take is lost, as datagrams are
  socket_.send_to(boost::asio::buffer(datagram.data(), datagram.size()), to, 0, ignored);
}

void DtlsPort::come_up(const UdpEndpoint& at, const DtlsConnection* connection) {
  const auto found = remotes_.find(at);
  if (found == remotes_.end() || found->second.shaking.get() != connection) return;
  const auto before = std::exchange(found->second.up, std::move(found->second.shaking));
  found->second.shaking.reset();
  if (before) before->finish("its node has opened another from the same port");
}

void DtlsPort::remove(const UdpEndpoint& at, const DtlsConnection* connection) {
  const auto found = remotes_.find(at);
  if (found == remotes_.end()) return;
  auto& [up, shaking, random] = found->second;
  if (up.get() == connection) up.reset();
  if (shaking.get() == connection) shaking.reset();
  if (!up && !shaking) remotes_.erase(found);
}

}  // namespace ringway::net::dtls

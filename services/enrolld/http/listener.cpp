#include "services/enrolld/http/listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "reload/link/link_id.hpp"
#include "services/enrolld/http/connection.hpp"

namespace ringway::enrolld_http {

namespace {
namespace asio = boost::asio;
constexpr int k_backlog = 1024;
// When the system has no more descriptors: wait for some to be given back.
constexpr std::chrono::milliseconds k_accept_pause{100};
}  // namespace

Listener::Listener(const std::shared_ptr<asio::io_context>& context, std::shared_ptr<Hub> hub)
    : context_(context),
      hub_(std::move(hub)),
      strand_(asio::make_strand(*context)),
      acceptor_(strand_),
      pause_(strand_),
      shares_(hub_->settings().max_connections_per_address) {}

Result<wire::IpAddressPort> Listener::start() {
  const auto& wanted = hub_->settings().listen;
  if (wanted.type == wire::AddressType::invalid) return Failure{"no address to listen at"};
  const auto endpoint = net::to_endpoint(wanted);
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  // "::" is every address of the host, of either family.
  if (!error && endpoint.protocol() == asio::ip::tcp::v6())
    acceptor_.set_option(asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(k_backlog, error);
  const auto bound = error ? endpoint : acceptor_.local_endpoint(error);
  if (error) return Failure{"cannot listen at " + link::to_text(wanted) + ": " + error.message()};
  asio::post(strand_, [self = shared_from_this()] { self->accept(); });
  return net::from_endpoint(bound);
}

void Listener::stop() {
  asio::post(strand_, [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
  });
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept(
      asio::make_strand(strand_.get_inner_executor()),
      [self = shared_from_this()](const boost::system::error_code& error, net::Socket socket) {
        self->on_accepted(error, std::move(socket));
      });
}

void Listener::on_accepted(const boost::system::error_code& error, net::Socket socket) {
  if (!acceptor_.is_open()) return;
  if (error && error != asio::error::connection_aborted) {
    pause_.expires_after(k_accept_pause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->accept(); });
    return;
  }
  if (!error) admit(std::move(socket));
  accept();
}

// A socket that is refused is closed as it goes: an answer would cost a handshake.
void Listener::admit(net::Socket socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  const auto from = net::from_endpoint(remote);
  auto share = shares_.take(from);
  if (!share) {
    ++hub_->counters().refused_too_many_of_address;
    return;
  }
  auto slot = hub_->slots().take();
  if (!slot) {
    ++hub_->counters().refused_too_many;
    return;
  }
  const net::Strand strand = socket.get_executor();
  auto connection = std::make_shared<Connection>(context_.lock(), hub_, std::move(socket), from,
                                                 Connection::Place{*std::move(slot), *std::move(share)});
  if (!hub_->enter(connection)) return;  // stopping
  asio::post(strand, [connection = std::move(connection)] { connection->start(); });
}

}  // namespace ringway::enrolld_http

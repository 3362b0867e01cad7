#include "net/tcp_acceptor.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::net {

namespace {
constexpr int k_backlog = 4096;
// When the system has no more descriptors: wait for some to be given back.
constexpr std::chrono::milliseconds k_accept_pause{100};
}  // namespace

TcpAcceptor::TcpAcceptor(boost::asio::io_context& context, Stoppables& stoppables, Admit admit)
    : context_(context),
      stoppables_(stoppables),
      admit_(std::move(admit)),
      strand_(boost::asio::make_strand(context)),
      acceptor_(strand_),
      pause_(strand_) {}

Result<wire::IpAddressPort> TcpAcceptor::start(const wire::IpAddressPort& at, bool shares_port) {
  if (at.type == wire::AddressType::invalid) return Failure{"no address to listen at"};
  const auto endpoint = to_endpoint(at);
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), error);
  using ReusePort = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error && shares_port) acceptor_.set_option(ReusePort(true), error);
  // "::" is every address of the host, of either family.
  if (!error && endpoint.protocol() == boost::asio::ip::tcp::v6())
    acceptor_.set_option(boost::asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(k_backlog, error);
  const auto bound = error ? endpoint : acceptor_.local_endpoint(error);
  if (error) return Failure{"cannot listen at " + link::to_text(at) + ": " + error.message()};
  if (!stoppables_.enter(shared_from_this())) return Failure{"stopping"};
  boost::asio::post(strand_, [self = shared_from_this()] { self->accept(); });
  return from_endpoint(bound);
}

void TcpAcceptor::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    self->stoppables_.leave(self.get());
  });
}

void TcpAcceptor::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept(boost::asio::make_strand(context_),
                         [self = shared_from_this()](const boost::system::error_code& error, Socket socket) {
                           self->on_accepted(error, std::move(socket));
                         });
}

void TcpAcceptor::on_accepted(const boost::system::error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (error && error != boost::asio::error::connection_aborted) {
    pause_.expires_after(k_accept_pause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->accept(); });
    return;
  }
  boost::system::error_code gone;
  const auto from = error ? boost::asio::ip::tcp::endpoint{} : socket.remote_endpoint(gone);
  if (!error && !gone) admit_(std::move(socket), from_endpoint(from));
  accept();
}

}  // namespace ringway::net

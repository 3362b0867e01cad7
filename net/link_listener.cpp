#include "net/link_listener.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "net/link_connection.hpp"

namespace ringway::net {

namespace {
constexpr int k_backlog = 4096;
// When the system has no more descriptors: wait for some to be given back.
constexpr std::chrono::milliseconds k_accept_pause{100};
}  // namespace

LinkListener::LinkListener(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub)
    : context_(context),
      hub_(std::move(hub)),
      strand_(boost::asio::make_strand(context)),
      acceptor_(strand_),
      pause_(strand_),
      handshakes_of_address_(hub_->settings().max_handshakes_per_address) {}

Result<wire::IpAddressPort> LinkListener::start() {
  const auto& wanted = hub_->settings().listen;
  if (wanted.type == wire::AddressType::invalid) return Failure{"no address to listen at"};
  const auto endpoint = to_endpoint(wanted);
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), error);
  // "::" is every address of the host, of either family.
  if (!error && endpoint.protocol() == boost::asio::ip::tcp::v6())
    acceptor_.set_option(boost::asio::ip::v6_only(!endpoint.address().is_unspecified()), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(k_backlog, error);
  const auto bound = error ? endpoint : acceptor_.local_endpoint(error);
  if (error) return Failure{"cannot listen at " + link::to_text(wanted) + ": " + error.message()};
  if (!hub_->enter(shared_from_this())) return Failure{"stopping"};
  boost::asio::post(strand_, [self = shared_from_this()] { self->accept(); });
  return from_endpoint(bound);
}

void LinkListener::stop() {
  boost::asio::post(strand_, [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->pause_.cancel();
    self->hub_->leave(self.get());
  });
}

void LinkListener::accept() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_accept(boost::asio::make_strand(context_),
                         [self = shared_from_this()](const boost::system::error_code& error, Socket socket) {
                           self->on_accepted(error, std::move(socket));
                         });
}

void LinkListener::on_accepted(const boost::system::error_code& error, Socket socket) {
  if (!acceptor_.is_open()) return;
  if (error && error != boost::asio::error::connection_aborted) {
    pause_.expires_after(k_accept_pause);
    pause_.async_wait([self = shared_from_this()](const boost::system::error_code&) { self->accept(); });
    return;
  }
  if (!error) admit(std::move(socket));
  accept();
}

// A socket that is refused is closed as it goes.
void LinkListener::admit(Socket socket) {
  boost::system::error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;  // gone already
  auto share = handshakes_of_address_.take(from_endpoint(remote));
  auto slot = share ? hub_->handshake_slots.take() : std::nullopt;
  if (!slot) {
    ++hub_->counters().refused_links;
    return;
  }
  shake_hands(std::move(socket), *std::move(slot), *std::move(share));
}

void LinkListener::shake_hands(Socket socket, Slot slot, Slot share) {
  const Strand strand = socket.get_executor();
  auto done = [hub = hub_, slot = std::move(slot), share = std::move(share)](Result<Authenticated> outcome) {
    if (!outcome) return;
    auto link_slot = hub->link_slots.take();
    if (!link_slot) {
      ++hub->counters().refused_links;
      return;
    }
    // When it may not start after all, nobody has heard of it: the stream is closed, and that is all.
    if (!LinkConnection::start(hub, *std::move(outcome), 0, *std::move(link_slot)))
      ++hub->counters().refused_links;
  };
  auto handshake = std::make_shared<Handshake>(hub_, std::move(socket), Handshake::Wanted{}, std::move(done));
  boost::asio::post(strand, [handshake] { handshake->start(boost::asio::ssl::stream_base::server); });
}

}  // namespace ringway::net

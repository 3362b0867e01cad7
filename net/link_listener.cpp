#include "net/link_listener.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "net/handshake.hpp"
#include "net/link_connection.hpp"
#include "net/tcp_acceptor.hpp"

namespace ringway::net {

LinkListener::LinkListener(std::shared_ptr<LinkHub> hub)
    : hub_(std::move(hub)), handshakes_of_address_(hub_->settings().max_handshakes_per_address) {}

Result<wire::IpAddressPort> LinkListener::start(boost::asio::io_context& context) {
  auto admit = [self = shared_from_this()](Socket socket, const wire::IpAddressPort& from) {
    self->admit(std::move(socket), from);
  };
  return std::make_shared<TcpAcceptor>(context, hub_->stoppables, std::move(admit))
      ->start(hub_->settings().listen);
}

// A socket that is refused is closed as it goes.
void LinkListener::admit(Socket socket, const wire::IpAddressPort& from) {
  auto share = handshakes_of_address_.take(from);
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

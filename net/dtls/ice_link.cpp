#include "net/dtls/ice_link.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::net::dtls {

namespace {

constexpr std::size_t k_max_early_datagrams = 16;     // a flight of a handshake
constexpr std::size_t k_max_waiting_datagrams = 256;  // that the strand has not come to yet

}  // namespace

IceLink::IceLink(std::shared_ptr<LinkHub> hub, const Strand& strand, Owner owner)
    : hub_(std::move(hub)), strand_(strand), owner_(std::move(owner)) {}

// ---- candidates

void IceLink::gather(std::shared_ptr<ice::Agents> agents, ice::Gathering what) {
  boost::asio::post(
      strand_, [self = shared_from_this(), agents = std::move(agents), what = std::move(what)]() mutable {
        if (self->over_) return;
        if (!self->hub_->stoppables.enter(self)) return self->finish("stopping");
        if (!self->hub_->means().dtls) return self->finish("no DTLS in shared-secret mode");
        self->role_ = what.role;
        auto agent = agents->gather(std::move(what), self);
        if (!agent) return self->finish(agent.error().reason);
        self->agent_ = *std::move(agent);
      });
}

void IceLink::connect(Remote remote) {
  boost::asio::post(strand_, [self = shared_from_this(), remote = std::move(remote)]() mutable {
    if (self->over_ || !self->agent_ || self->remote_) return;
    self->remote_ = std::move(remote);
    self->agent_->set_remote(std::exchange(self->remote_->description, {}));
  });
}

void IceLink::gathered(ice::Description local) {
  boost::asio::post(strand_, [self = shared_from_this(), local = std::move(local)]() mutable {
    if (!self->over_ && self->owner_.gathered) self->owner_.gathered(std::move(local));
  });
}

void IceLink::connected(ice::SelectedPair pair) {
  boost::asio::post(strand_,
                    [self = shared_from_this(), pair = std::move(pair)] { self->on_connected(pair); });
}

// ---- the link

void IceLink::on_connected(const ice::SelectedPair& pair) {
  if (over_ || connection_ || !remote_) return;
  if (const auto begun = begin(pair); !begun) return finish(begun.error().reason);
  for (const auto& datagram : std::exchange(early_, {}))
    if (const auto connection = connection_) connection->on_datagram(datagram);
}

Outcome<> IceLink::begin(const ice::SelectedPair& pair) {
  const auto means = hub_->means();
  if (!means.dtls) return Failure{"no DTLS in shared-secret mode"};
  const bool is_client = role_ == ice::Role::controlled;
  auto slot = is_client ? hub_->link_slots.take() : hub_->handshake_slots.take();
  if (!slot) {
    ++hub_->counters().refused_links;
    return Failure{"as many links as allowed"};
  }
  auto session = is_client ? DtlsSession::client(means.dtls, remote_->expected, hub_->trust())
                           : DtlsSession::server(means.dtls, remote_->expected, hub_->trust());
  if (!session) return session.error();
  DtlsConnection::Origin origin;
  origin.remote = pair.remote_address;
  origin.attempt = remote_->attempt;
  origin.is_client = is_client;
  origin.patience = hub_->settings().handshake_timeout;
  origin.done = [self = shared_from_this()](const Outcome<>& outcome) {
    self->up_ = bool{outcome};
    if (!outcome) self->finish(outcome.error().reason);
  };
  DtlsConnection::Way way;
  way.send = [agent = agent_](BytesView datagram) { agent->send(datagram); };
  way.ended = [self = shared_from_this()] { self->finish("the link is down"); };
  connection_ =
      std::make_shared<DtlsConnection>(hub_, strand_, *std::move(session), std::move(origin), std::move(way));
  const auto connection = connection_;  // it may end at once
  connection->start(*std::move(slot));
  return Done{};
}

void IceLink::received(BytesView datagram) {
  if (waiting_.fetch_add(1) >= k_max_waiting_datagrams) {
    --waiting_;
    return;
  }
  boost::asio::post(strand_, [self = shared_from_this(), datagram = copy_of(datagram)] {
    --self->waiting_;
    self->on_datagram(datagram);
  });
}

void IceLink::on_datagram(const Bytes& datagram) {
  if (over_) return;
  if (const auto connection = connection_) return connection->on_datagram(datagram);
  if (early_.size() < k_max_early_datagrams) early_.push_back(datagram);
}

// ---- the end

void IceLink::failed(const std::string& reason) {
  boost::asio::post(strand_, [self = shared_from_this(), reason] { self->finish(reason); });
}

void IceLink::drop(const std::string& reason) {
  boost::asio::post(strand_, [self = shared_from_this(), reason] { self->finish(reason); });
}

void IceLink::stop() { drop("stopping"); }

void IceLink::finish(const std::string& reason) {
  if (std::exchange(over_, true)) return;
  // The connection's last words still go out: the agent sends what waits before it closes.
  if (const auto connection = std::exchange(connection_, nullptr)) connection->finish(reason);
  if (const auto agent = std::exchange(agent_, nullptr)) agent->close();
  early_.clear();
  const auto owner = std::exchange(owner_, {});
  if (owner.ended) owner.ended(reason, up_);
  hub_->stoppables.leave(this);
}

}  // namespace ringway::net::dtls

#include "net/phones/phone_transports.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "net/io_pool.hpp"
#include "net/phones/connection.hpp"
#include "net/phones/datagram_port.hpp"
#include "net/phones/flow_hub.hpp"
#include "net/phones/phone_tls.hpp"
#include "net/phones/pipe.hpp"
#include "net/tcp_acceptor.hpp"

namespace ringway::net::phones {

namespace {

bool over_tls(Transport transport) { return transport == Transport::tls || transport == Transport::wss; }

std::shared_ptr<Pipe> accept(Transport transport, Socket socket, const std::shared_ptr<FlowHub>& hub) {
  switch (transport) {
    case Transport::tls:
      return accept_tls(std::move(socket), hub->tls().server);
    case Transport::ws:
      return accept_websocket(std::move(socket), hub);
    case Transport::wss:
      return accept_secure_websocket(std::move(socket), hub, hub->tls().server);
    case Transport::tcp:
    case Transport::udp:
      break;
  }
  return accept_tcp(std::move(socket));
}

// A socket that is refused is closed as it goes.
void admit(const std::shared_ptr<FlowHub>& hub, Transport transport, Socket socket,
           const wire::IpAddressPort& from) {
  auto place = take_place(*hub, from);
  if (!place) return;
  std::make_shared<Connection>(hub, accept(transport, std::move(socket), hub), transport, false,
                               *std::move(place))
      ->start();
}

class PhoneTransportsImpl : public PhoneTransports {
 public:
  PhoneTransportsImpl(std::shared_ptr<boost::asio::io_context> context, std::shared_ptr<FlowHub> hub)
      : context_(std::move(context)), hub_(std::move(hub)) {}
  ~PhoneTransportsImpl() override { end(); }
  PhoneTransportsImpl(const PhoneTransportsImpl&) = delete;
  PhoneTransportsImpl& operator=(const PhoneTransportsImpl&) = delete;

  Outcome<> listen() {
    for (const auto& one : hub_->settings().listen) {
      auto at = one.transport == Transport::udp ? listen_for_datagrams(one.at) : listen_for_connections(one);
      if (!at) return at.error();
      listening_on_.push_back({one.transport, *at});
    }
    return Done{};
  }

  std::vector<PhoneListen> listening_on() const override { return listening_on_; }

  Result<FlowId> connect(Transport transport, const wire::IpAddressPort& remote,
                         const std::string& server_name, const wire::IpAddressPort& local) override {
    if (stopped_) return Failure{"stopping"};
    if (remote.type == wire::AddressType::invalid) return Failure{"not an address"};
    if (transport == Transport::udp) return connect_datagrams(remote, local);
    if (transport != Transport::tcp && transport != Transport::tls)
      return Failure{"a browser connects to us, not we to it"};
    if (transport == Transport::tls && server_name.empty())
      return Failure{"TLS needs to know whom to expect"};
    auto slot = hub_->connections.take();
    if (!slot) {
      ++hub_->counters().refused_connections;
      return Failure{"as many connections as allowed"};
    }
    Socket socket(boost::asio::make_strand(*context_));
    Remote there{to_endpoint(remote), server_name};
    auto pipe = transport == Transport::tls
                    ? connect_tls(std::move(socket), std::move(there), hub_->tls().client)
                    : connect_tcp(std::move(socket), std::move(there));
    const auto connection = std::make_shared<Connection>(hub_, std::move(pipe), transport, true,
                                                         Connection::Place{*std::move(slot), {}, {}});
    connection->start();
    return connection->id();
  }

  Given send(FlowId id, SharedBytes message) override {
    const auto flow = hub_->find(id);
    if (!flow || message.empty() || message.size() > k_max_message_bytes) return Given::refused;
    return flow->send(std::move(message));
  }
  Given send_to_port(FlowId id, std::uint16_t port, SharedBytes message) override {
    const auto flow = hub_->find(id);
    if (!flow || port == 0 || message.empty() || message.size() > k_max_message_bytes) return Given::refused;
    return flow->send_to_port(port, std::move(message));
  }
  void close(FlowId id, std::string reason) override {
    if (const auto flow = hub_->find(id)) flow->close(std::move(reason));
  }
  void credit(FlowId id, std::size_t credit) override {
    if (const auto flow = hub_->find(id)) flow->credit(credit);
  }
  void hold(FlowId id, bool held) override {
    if (const auto flow = hub_->find(id)) flow->hold(held);
  }

  Outcome<> reload() override {
    auto tls = load_phone_tls(hub_->settings());
    if (!tls) return tls.error();
    hub_->replace_tls(*std::move(tls));
    return Done{};
  }

  void stop() override { end(); }
  PhoneCounters counters() const override { return hub_->read_counters(); }
  TableSizes tables() const override { return hub_->tables(); }

 private:
  Result<wire::IpAddressPort> listen_for_datagrams(const wire::IpAddressPort& at) {
    auto port = std::make_shared<DatagramPort>(*context_, hub_);
    auto bound = port->start(at);
    if (bound) ports_.push_back(std::move(port));
    return bound;
  }
  Result<wire::IpAddressPort> listen_for_connections(const PhoneListen& one) {
    if (over_tls(one.transport) && !hub_->tls().server)
      return Failure{"TLS for phones needs a certificate and its key"};
    auto admit_one = [hub = hub_, transport = one.transport](Socket socket, const wire::IpAddressPort& from) {
      admit(hub, transport, std::move(socket), from);
    };
    return std::make_shared<TcpAcceptor>(*context_, hub_->stoppables, std::move(admit_one))->start(one.at);
  }
  Result<FlowId> connect_datagrams(const wire::IpAddressPort& remote, const wire::IpAddressPort& local) {
    const auto reaches = [&](const auto& port) { return port->reaches(remote); };
    auto found = std::find_if(ports_.begin(), ports_.end(),
                              [&](const auto& port) { return reaches(port) && port->is_at(local); });
    if (found == ports_.end()) found = std::find_if(ports_.begin(), ports_.end(), reaches);
    if (found == ports_.end()) return Failure{"no socket of UDP from which it can be reached"};
    return (*found)->connect(remote);
  }

  void end() {
    stopped_ = true;
    hub_->events.shut();
    hub_->stoppables.stop_all_and_wait(*context_);
    for (const auto& port : ports_) port->forget_all();
    hub_->forget_all();
  }

  const std::shared_ptr<boost::asio::io_context> context_;
  const std::shared_ptr<FlowHub> hub_;
  std::vector<PhoneListen> listening_on_;
  std::vector<std::shared_ptr<DatagramPort>> ports_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::shared_ptr<PhoneTransports>> PhoneTransports::start(IoPool& pool, PhoneSettings settings,
                                                                std::shared_ptr<PhoneEvents> events) {
  auto tls = load_phone_tls(settings);
  if (!tls) return tls.error();
  auto hub = std::make_shared<FlowHub>(std::move(settings), *std::move(tls), std::move(events));
  auto transports = std::make_shared<PhoneTransportsImpl>(pool.context(), std::move(hub));
  if (auto listening = transports->listen(); !listening) return listening.error();
  return std::shared_ptr<PhoneTransports>(std::move(transports));
}

}  // namespace ringway::net::phones

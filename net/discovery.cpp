#include "net/discovery.hpp"

#include <netinet/in.h>

#include <boost/asio/basic_datagram_socket.hpp>
#include <boost/asio/ip/multicast.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "net/interfaces.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

namespace {
namespace asio = boost::asio;
using Udp = asio::ip::udp;
using UdpSocket = asio::basic_datagram_socket<Udp, Strand>;

constexpr std::chrono::seconds k_look_at_interfaces{10};   // one may come up later
constexpr std::chrono::milliseconds k_receive_pause{200};  // after an error of the socket
constexpr std::size_t k_buffer_bytes =
    discovery::k_max_datagram_size_bytes + 1;  // one more: then it is too long

wire::IpAddressPort source_of(const Udp::endpoint& endpoint) {
  return from_endpoint({endpoint.address(), endpoint.port()});
}

// One family's socket: groups joined, datagrams in, datagrams out.
class Channel {
 public:
  Channel(const Strand& strand, bool v6, std::uint16_t port)
      : socket_(strand),
        v6_(v6),
        group_(asio::ip::make_address(v6 ? k_discovery_group_v6 : k_discovery_group_v4), port) {}

  bool open() {
    boost::system::error_code error;
    socket_.open(group_.protocol(), error);
    // Several peers of one machine hear the same announcements.
    if (!error) socket_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && v6_) socket_.set_option(asio::ip::v6_only(true), error);
    // At the group's own address: what is sent to this machine alone is not for discovery.
    if (!error) socket_.bind(group_, error);
    if (!error) socket_.set_option(asio::ip::multicast::hops(1), error);
    if (!error) socket_.set_option(asio::ip::multicast::enable_loopback(true), error);
    if (!error) socket_.non_blocking(true, error);
    if (error) close();
    return !error;
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  bool is_open() const { return socket_.is_open(); }

  void join(const Interface& interface) {
    const auto address = address_of(interface);
    if (!is_open() || !address || joined_.contains(interface.index)) return;
    boost::system::error_code error;
    if (v6_)
      socket_.set_option(asio::ip::multicast::join_group(group_.address().to_v6(), interface.index), error);
    else
      socket_.set_option(asio::ip::multicast::join_group(group_.address().to_v4(), address->to_v4()), error);
    // Joined already, with another address of it, is as good.
    if (!error || error == asio::error::address_in_use) joined_.insert(interface.index);
  }
  void forget_all_but(const std::set<unsigned>& present) {
    std::erase_if(joined_, [&](unsigned index) { return !present.contains(index); });
  }

  // A datagram that cannot be sent now is lost as any may be; the next one comes.
  void send(const Interface& interface, BytesView datagram) {
    const auto address = address_of(interface);
    if (!is_open() || !address) return;
    boost::system::error_code ignored;
    if (v6_)
      socket_.set_option(asio::ip::multicast::outbound_interface(interface.index), ignored);
    else
      socket_.set_option(asio::ip::multicast::outbound_interface(address->to_v4()), ignored);
    if (!ignored) socket_.send_to(asio::buffer(datagram.data(), datagram.size()), group_, 0, ignored);
  }

  template <typename Handler>
  void receive(Handler handler) {
    socket_.async_receive_from(asio::buffer(buffer_), from_, std::move(handler));
  }
  BytesView received(std::size_t size_bytes) const { return BytesView(buffer_).first(size_bytes); }
  const Udp::endpoint& from() const { return from_; }

 private:
  std::optional<asio::ip::address> address_of(const Interface& interface) const {
    for (const auto& one : interface.addresses)
      if ((one.type == wire::AddressType::ipv6) == v6_) return to_endpoint(one).address();
    return std::nullopt;
  }

  UdpSocket socket_;
  const bool v6_;
  const Udp::endpoint group_;
  std::set<unsigned> joined_;
  Udp::endpoint from_;
  std::array<std::uint8_t, k_buffer_bytes> buffer_{};
};

class DiscoveryImpl : public Discovery, public std::enable_shared_from_this<DiscoveryImpl> {
 public:
  DiscoveryImpl(std::shared_ptr<asio::io_context> context, const discovery::Settings& settings,
                std::shared_ptr<Random> random, Found found, std::uint16_t port)
      : context_(std::move(context)),
        strand_(asio::make_strand(*context_)),
        timer_(strand_),
        channels_{Channel(strand_, false, port), Channel(strand_, true, port)},
        announcer_(settings, std::move(random)),
        // Announcements of loopback addresses concern this machine only, and the other way round.
        over_loopback_(std::any_of(settings.own_addresses.begin(), settings.own_addresses.end(),
                                   discovery::is_loopback)),
        found_(std::move(found)) {}

  bool open() {
    bool any = false;
    for (auto& channel : channels_) any = channel.open() || any;
    return any;
  }

  void begin() {
    asio::post(strand_, [self = shared_from_this()] {
      self->look_at_interfaces();
      self->announcer_.start(mono_now());
      for (std::size_t i = 0; i < self->channels_.size(); ++i) self->receive(i);
      self->tick();
    });
  }

  void stop() override {
    {
      const std::lock_guard lock(found_mutex_);
      found_ = nullptr;
    }
    asio::post(strand_, [self = shared_from_this()] {
      for (auto& channel : self->channels_) channel.close();
      self->timer_.cancel();
    });
  }

 private:
  bool stopped() {
    const std::lock_guard lock(found_mutex_);
    return found_ == nullptr;
  }

  void look_at_interfaces() {
    interfaces_ = interfaces();
    std::erase_if(interfaces_, [this](const Interface& one) { return one.loopback != over_loopback_; });
    std::set<unsigned> present;
    for (const auto& one : interfaces_) present.insert(one.index);
    for (auto& channel : channels_) {
      channel.forget_all_but(present);
      for (const auto& one : interfaces_) channel.join(one);
    }
    looked_at_ = std::chrono::steady_clock::now();
  }

  void tick() {
    if (stopped()) return;
    if (std::chrono::steady_clock::now() - looked_at_ >= k_look_at_interfaces) look_at_interfaces();
    bool changed = false;
    if (const auto datagram = announcer_.on_timer(mono_now(), changed)) {
      for (auto& channel : channels_)
        for (const auto& one : interfaces_) channel.send(one, *datagram);
    }
    if (changed) tell();
    set_timer();
  }

  void set_timer() {
    const auto due = std::chrono::steady_clock::time_point(Duration{announcer_.next_deadline().ms});
    timer_.expires_at(std::min(due, looked_at_ + k_look_at_interfaces));
    timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
      if (!stopped) self->tick();
    });
  }

  void receive(std::size_t channel) {
    if (stopped() || !channels_[channel].is_open()) return;
    channels_[channel].receive(
        [self = shared_from_this(), channel](const boost::system::error_code& error, std::size_t size_bytes) {
          self->on_received(channel, error, size_bytes);
        });
  }

  void on_received(std::size_t channel, const boost::system::error_code& error, std::size_t size_bytes) {
    if (stopped() || error == asio::error::operation_aborted) return;
    if (error) return pause(channel);
    const auto& from = channels_[channel];
    if (announcer_.receive(mono_now(), source_of(from.from()),
                           SharedBytes(copy_of(from.received(size_bytes)))))
      tell();
    set_timer();  // an answer may be due
    receive(channel);
  }

  void pause(std::size_t channel) {
    auto wait = std::make_shared<Timer>(strand_, k_receive_pause);
    wait->async_wait([self = shared_from_this(), channel, wait](const boost::system::error_code&) {
      self->receive(channel);
    });
  }

  void tell() {
    const std::lock_guard lock(found_mutex_);
    if (found_) found_(announcer_.found());
  }

  const std::shared_ptr<asio::io_context> context_;
  const Strand strand_;
  Timer timer_;
  std::array<Channel, 2> channels_;
  discovery::Announcer announcer_;
  const bool over_loopback_;
  std::vector<Interface> interfaces_;
  std::chrono::steady_clock::time_point looked_at_;
  std::mutex found_mutex_;
  Found found_;
};

}  // namespace

Result<std::shared_ptr<Discovery>> Discovery::start(IoPool& pool, discovery::Settings settings,
                                                    std::shared_ptr<Random> random, Found found,
                                                    std::uint16_t port) {
  auto made =
      std::make_shared<DiscoveryImpl>(pool.context(), settings, std::move(random), std::move(found), port);
  if (!made->open()) return Failure{"no socket for multicast, of either family"};
  made->begin();
  return std::shared_ptr<Discovery>(std::move(made));
}

}  // namespace ringway::net

// A socket of UDP and its flows: one for each remote address and address of ours, made by its first datagram
// and forgotten when it has been idle for long. What is said to happen on the strand is of the socket's.
#pragma once

#include <array>
#include <atomic>
#include <compare>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/phones/datagram_socket.hpp"
#include "net/phones/flow_hub.hpp"
#include "net/send_queue.hpp"
#include "net/sockets.hpp"

namespace ringway::net::phones {

class DatagramPort;

class DatagramFlow : public Flow, public std::enable_shared_from_this<DatagramFlow> {
 public:
  struct Ends {
    boost::asio::ip::address local;
    UdpEndpoint remote;
    auto operator<=>(const Ends& other) const {
      if (const auto by_remote = order(remote, other.remote); by_remote != 0) return by_remote;
      return order(local, other.local);
    }
    bool operator==(const Ends& other) const { return remote == other.remote && local == other.local; }

   private:
    template <typename T>
    static std::strong_ordering order(const T& a, const T& b) {
      if (a < b) return std::strong_ordering::less;
      return b < a ? std::strong_ordering::greater : std::strong_ordering::equal;
    }
  };
  struct Place {  // what it takes of the bounds
    Slot flow;
    Slot share;
  };
  DatagramFlow(std::shared_ptr<FlowHub> hub, std::weak_ptr<DatagramPort> port, Ends ends, bool opened_here,
               Place place);

  // From any thread:
  FlowId id() const { return id_; }
  const Ends& ends() const { return ends_; }
  Given send(SharedBytes message) override;
  Given send_to_port(std::uint16_t port, SharedBytes message) override;
  void close(std::string reason) override;
  void credit(std::size_t credit) override;
  void hold(bool held) override;

  // On the strand:
  void tell_up(std::uint16_t local_port);
  void take(BytesView datagram);
  void tell_down(const std::string& reason);
  // What is to be sent next; nothing when all has been.
  const SharedBytes* next_to_send();
  void sent();

 private:
  friend class DatagramPort;

  const std::shared_ptr<FlowHub> hub_;
  const std::weak_ptr<DatagramPort> port_;
  const FlowId id_;
  const Ends ends_;
  const bool opened_here_;
  std::atomic<std::int64_t> credit_;
  SendQueue queue_;
  std::atomic<bool> half_full_{false};

  // On the strand:
  bool told_ = false;
  bool ended_ = false;
  std::vector<Outgoing> next_;

  // Of the port's mutex: what it takes of the bounds; the last datagram, either way; where it is among the
  // idle ones, nowhere when held.
  Place place_;
  MonoTime active_{};
  std::optional<std::list<DatagramFlow*>::iterator> idle_place_;
};

class DatagramPort : public Stoppable, public std::enable_shared_from_this<DatagramPort> {
 public:
  DatagramPort(boost::asio::io_context& context, std::shared_ptr<FlowHub> hub);
  // Tells where.
  Result<wire::IpAddressPort> start(const wire::IpAddressPort& at);

  // From any thread:
  bool reaches(const wire::IpAddressPort& remote) const;
  bool is_at(const wire::IpAddressPort& local) const;         // bound to that address, or to all
  Result<FlowId> connect(const wire::IpAddressPort& remote);  // the flow that is there, if there is one
  void end(std::shared_ptr<DatagramFlow> flow, std::string reason);
  void hold(DatagramFlow& flow, bool held);
  void wake(std::shared_ptr<DatagramFlow> flow);  // it has something to send
  void send_once(const DatagramFlow::Ends& ends, SharedBytes message);
  void stop() override;
  void forget_all();  // when nobody runs the strand any more

 private:
  using FlowPtr = std::shared_ptr<DatagramFlow>;
  using Error = boost::system::error_code;

  void await_datagrams();
  void on_readable(const Error& error);
  void take(const DatagramSocket::Arrived& arrived);
  FlowPtr find(const DatagramFlow::Ends& ends);
  FlowPtr find_or_make(const DatagramSocket::Arrived& arrived);
  FlowPtr make(const DatagramFlow::Ends& ends, bool opened_here,
               DatagramFlow::Place place);  // under the mutex
  std::optional<Slot> take_slot();
  std::optional<Slot> displace_one();
  DatagramFlow::Place take_out(const FlowPtr& flow);  // under the mutex
  void touch(DatagramFlow& flow);                     // under the mutex

  void send_from(const FlowPtr& flow);
  bool send_some(DatagramFlow& flow);
  void await_room();
  void end_now(const FlowPtr& flow, const std::string& reason);

  void watch_idle();
  void on_idle_timer();

  const std::shared_ptr<FlowHub> hub_;
  const Strand strand_;
  DatagramSocket socket_;
  Timer idle_timer_;
  Timer pause_;
  std::array<std::uint8_t, k_max_message_bytes> buffer_{};

  bool idle_timer_set_ = false;  // on the strand
  std::deque<FlowPtr> waiting_;  // on the strand: those that the socket had no room for

  std::mutex mutex_;  // of the next two
  std::map<DatagramFlow::Ends, FlowPtr> flows_;
  std::list<DatagramFlow*> idle_;  // not held; the one that was idle longest first
};

}  // namespace ringway::net::phones

// One thread of a relay's data path: its share of the clients, with both sockets of each of their
// allocations. No lock and no memory asked for while packets pass; commands of the control path come by
// post().
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/address_shares.hpp"
#include "net/io_pool.hpp"
#include "net/relay/control_places.hpp"
#include "net/relay/path_counters.hpp"
#include "net/relay/ports.hpp"
#include "net/relay/relay_events.hpp"
#include "net/relay/relay_settings.hpp"
#include "net/relay/reserved_ports.hpp"
#include "net/relay/stream_client.hpp"
#include "net/relay/udp_batch.hpp"
#include "net/stoppables.hpp"
#include "net/tcp_acceptor.hpp"
#include "relay/path/lane.hpp"
#include "relay/path/own_ports.hpp"
#include "reload/random.hpp"

namespace ringway::net::relay {

inline constexpr std::size_t k_max_streams_of_address = 64;
// Messages of one stream that wait for the control path, before it is not read on.
inline constexpr std::size_t k_max_control_of_stream = 2;

// Addresses of this host, sorted; relayed addresses among them are known by their ports.
struct OwnAddresses {
  std::vector<stun::IpAddress> all;
  std::vector<std::shared_ptr<ringway::relay::OwnPorts>> ports;  // of relayed_from, one by one
};

class RelayShard : private StreamClient::Owner {
 public:
  // `events` outlive it.
  RelayShard(std::uint32_t number, const RelaySettings& settings, RelayEvents& events,
             std::unique_ptr<Random> random, OwnAddresses own, std::shared_ptr<ReservedPorts> reserved);
  ~RelayShard() override;  // stops

  // Before anything else. Several shards listen at one address: the system gives each client to one of them.
  Result<stun::Address> listen_udp(const stun::Address& at);
  // `tls`: null for TCP.
  Result<stun::Address> listen_streams(const stun::Address& at, TlsContextPtr tls);
  void start();
  void stop();

  // From any thread; done in the order of the calls.
  void send(ringway::relay::SendToClient message);
  void open(ringway::relay::OpenRelayed wanted);
  void close(const ringway::relay::CloseRelayed& what);
  void permit(const ringway::relay::Permit& permit);
  void bind(const ringway::relay::BindChannel& bind);
  void handled(const ClientPath& from, std::size_t messages);

  const PathCounters& counters() const { return counters_; }

 private:
  struct Slot;
  struct Relayed;
  struct ClientEnd;
  struct Stream;
  // One packet of a client that goes on.
  struct Going {
    Slot* slot = nullptr;
    std::size_t family = 0;
    stun::Address peer{};
    BytesView payload{};
  };

  void admit(Socket socket, const wire::IpAddressPort& from, const TlsContextPtr& tls);
  bool on_message(StreamClient& client, BytesView message) override;
  void on_closed(StreamClient& client) override;
  Stream* stream_of(const ClientPath& path);
  bool attach(const ClientPath& path, Slot& slot);
  void detach(Slot& slot);
  ringway::relay::ToPeer judge(Slot& slot, MonoTime now, BytesView packet);
  void do_send(const ringway::relay::SendToClient& message);
  void do_open(const ringway::relay::OpenRelayed& wanted);
  std::vector<stun::Address> open_all(const ringway::relay::OpenRelayed& wanted, Slot& slot);
  void do_close(const ringway::relay::CloseRelayed& what);
  void close_relayed(Slot& slot, std::size_t family);
  void wait_for(ClientEnd& end);
  void wait_for(const std::shared_ptr<Relayed>& relayed);
  // Up to a few batches: false when there is no more just now.
  bool receive_from_clients(ClientEnd& end);
  bool receive_from_peers(Relayed& relayed);
  std::size_t sort_out(ClientEnd& end, MonoTime now, std::size_t arrived);
  void send_to_peers(std::size_t going);
  void tell_errors(Relayed& relayed);
  void to_control(ClientEnd& end, const stun::Address& from, BytesView message, bool has_allocation);
  bool to_control(Stream& stream, BytesView message);
  std::optional<Bytes> answer_to_binding(const stun::Address& from, BytesView message, bool is_stream);
  void send_answers(ClientEnd& end);
  // The relay's own addresses: where it may send, and what the world calls who has sent.
  bool may_send_to(stun::Address& peer, std::size_t family) const;
  stun::Address known_as(const stun::Address& from, std::size_t family) const;

  IoPool pool_{1};  // first: the sockets are of its context
  const std::uint32_t number_;
  const RelaySettings settings_;
  RelayEvents& events_;
  const std::unique_ptr<Random> random_;
  const OwnAddresses own_;
  const std::shared_ptr<ReservedPorts> reserved_;
  ControlPlaces places_;
  PathCounters counters_;

  // From here on: of the thread.
  bool is_started_ = false;
  ringway::relay::ReplyBudget budget_;
  std::vector<std::unique_ptr<ClientEnd>> ends_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Stream>> streams_;  // bounded by stream_slots_
  std::uint64_t last_stream_ = 0;
  Slots stream_slots_;
  AddressShares stream_shares_{k_max_streams_of_address};
  std::unordered_map<AllocationId, std::unique_ptr<Slot>> slots_;  // bounded by the control path
  Stoppables stoppables_;
  std::vector<std::shared_ptr<TcpAcceptor>> acceptors_;
  ReceiveBatch arrived_;
  SendBatch leaving_;
  std::array<Going, k_batch> going_{};
  std::array<Bytes, k_batch> answers_;  // to Binding requests of one batch
  std::size_t answers_count_ = 0;
};

}  // namespace ringway::net::relay

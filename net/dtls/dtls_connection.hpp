// One link over DTLS and UDP (DTLS-UDP-SR-NO-ICE, RFC 6940 §6.6.6), from its handshake to its end: what
// LinkConnection and Handshake are over TCP. The socket is somebody else's: datagrams come by on_datagram()
// and leave by `Way`. Everything happens on its strand but what says otherwise.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/dtls/dtls_session.hpp"
#include "net/link.hpp"
#include "net/link_hub.hpp"
#include "net/send_queue.hpp"
#include "net/sockets.hpp"
#include "reload/link/reliability/datagram_link.hpp"

namespace ringway::net::dtls {

class DtlsConnection : public Link, public std::enable_shared_from_this<DtlsConnection> {
 public:
  struct Way {
    std::function<void(BytesView datagram)> send;
    std::function<void()> ended;  // once; nothing is sent any more
  };
  struct Origin {
    wire::IpAddressPort remote;
    std::uint64_t attempt = 0;  // of a client
    bool is_client = false;
    Duration patience{0};  // of a client, for the first answer; else the handshake's timeout
    // Once: the link is up, or why not.
    std::function<void(Outcome<>)> done = nullptr;
  };
  DtlsConnection(std::shared_ptr<LinkHub> hub, const Strand& strand, std::unique_ptr<DtlsSession> session,
                 Origin origin, Way way);

  // `slot`: of a client the link's, of a server the handshake's.
  void start(Slot slot, Slot share = {});
  void on_datagram(BytesView datagram);
  // The system says that nobody is there (ICMP).
  void on_path_error(const std::string& reason);
  void finish(const std::string& reason);
  void set_ended(std::function<void()> ended) { way_.ended = std::move(ended); }  // before start()
  bool answered() const { return heard_; }  // a client's handshake has gone on past the cookie

  // From any thread:
  link::LinkId id() const override { return id_; }
  void transmit(Bytes header, SharedBytes payload) override;
  void close(std::string reason) override;
  void credit(std::size_t messages) override;
  void recheck(security::TrustPtr trust) override;
  void take_message_limit() override;
  LinkQuality quality() const override;

 private:
  enum class State { shaking, up, flushing, down };

  void shake();
  void become_link();
  void read();
  bool receive(Bytes content);  // false: no further records
  void pump();
  bool take_next();
  void flush();
  void watch();
  void on_timer();
  void note_quality();
  void write_frames(MonoTime now);
  bool is_up() const { return state_ == State::up; }

  const std::shared_ptr<LinkHub> hub_;
  const Strand strand_;
  const std::unique_ptr<DtlsSession> session_;
  Origin origin_;
  Way way_;
  const link::LinkId id_;
  Slot slot_, share_;

  State state_ = State::shaking;
  std::string close_reason_;
  MonoTime give_up_at_;  // the handshake, or the goodbye
  bool heard_ = false;
  bool suspected_ = false;
  std::optional<MonoTime> waits_since_;  // for an acknowledgement, or for any record after the latest
  link::DatagramLink framed_;
  Timer timer_;
  std::optional<MonoTime> timer_at_;

  SendQueue queue_;
  std::optional<Outgoing> next_;  // taken from the queue, and there was no room for it yet
  std::atomic<std::int64_t> credits_;
  std::atomic<std::int64_t> round_trip_ms_{-1};
  std::atomic<std::size_t> unacknowledged_{0};
};

}  // namespace ringway::net::dtls

// One authenticated link: reads and writes frames, keeps to its credits, tells when the other side is quiet,
// and closes. Everything happens on the link's strand but what says otherwise.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/handshake.hpp"
#include "net/link.hpp"
#include "net/link_hub.hpp"
#include "net/send_queue.hpp"
#include "net/sockets.hpp"
#include "reload/link/framed_link.hpp"

namespace ringway::net {

class LinkConnection : public Link, public Stoppable, public std::enable_shared_from_this<LinkConnection> {
 public:
  // A link from a finished handshake; link_up and the first read follow. Fails when the trust has changed
  // since, or everything is stopping. Call it on the stream's strand.
  static Outcome<> start(const std::shared_ptr<LinkHub>& hub, Authenticated peer, std::uint64_t attempt,
                         Slot slot);
  LinkConnection(std::shared_ptr<LinkHub> hub, Authenticated peer, Slot slot);

  // From any thread:
  link::LinkId id() const override { return id_; }
  void transmit(Bytes header, SharedBytes payload) override;
  void close(std::string reason) override;
  void credit(std::size_t messages) override;
  void recheck(security::TrustPtr trust) override;
  void take_message_limit() override;
  void stop() override;
  LinkQuality quality() const override;

 private:
  enum class State {
    up,
    flushing,  // closing: what is queued is still sent, what arrives is dropped
    shutting,  // closing: TLS says goodbye, and the other side is waited for
    down,
  };

  void read();
  void on_read(const boost::system::error_code& error, std::size_t size_bytes);
  void take(link::FramedLink::Arrived arrived);
  void write();
  void gather(MonoTime now);
  void on_written(const boost::system::error_code& error, std::size_t size_bytes);
  void on_write_failed(const std::string& reason);
  void begin_close(std::string reason);
  void shut_down();
  void drain();
  void finish(const std::string& reason);

  void watch(MonoTime now);
  void set_quiet_timer(MonoTime at);
  void on_quiet_timer(MonoTime at);
  void tell_suspected(bool suspected);
  void note_quality();

  const std::shared_ptr<LinkHub> hub_;
  const link::LinkId id_;
  Authenticated peer_;
  TlsStream& stream_;
  const Strand strand_;
  Slot slot_;

  State state_ = State::up;
  std::string close_reason_;
  Timer close_timer_;

  link::FramedLink framed_;
  Timer quiet_timer_;
  std::optional<MonoTime> quiet_timer_at_;
  bool suspected_ = false;

  Bytes read_buffer_;
  Bytes drain_buffer_;
  bool reading_ = false;
  bool out_of_credit_ = false;
  std::atomic<std::int64_t> credits_;

  SendQueue queue_;
  Bytes acknowledgements_;  // to be sent before anything else
  std::vector<Outgoing> next_;
  Bytes batch_;  // being written
  std::size_t batch_messages_ = 0;
  bool writing_ = false;
  bool write_failed_ = false;

  std::atomic<std::int64_t> round_trip_ms_{-1};
  std::atomic<std::size_t> unacknowledged_{0};
};

}  // namespace ringway::net

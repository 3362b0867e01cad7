// A connection as a flow: reads as far as its credit goes, writes what is queued, keeps to its deadlines, and
// closes. Everything happens on the socket's strand but what says otherwise.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/phones/flow_hub.hpp"
#include "net/phones/pipe.hpp"
#include "net/send_queue.hpp"
#include "net/sockets.hpp"

namespace ringway::net::phones {

class Connection : public Flow, public Stoppable, public std::enable_shared_from_this<Connection> {
 public:
  struct Place {  // what it takes of the bounds
    Slot connection;
    Slot share;        // accepted: of its address
    struct Arriving {  // accepted: until something has come
      Slot slot;
      Slot share;
    } arriving;
  };
  Connection(std::shared_ptr<FlowHub> hub, std::shared_ptr<Pipe> pipe, Transport transport, bool opened_here,
             Place place);

  // From any thread:
  FlowId id() const { return id_; }
  void start();
  Given send(SharedBytes message) override;
  void close(std::string reason) override;
  void credit(std::size_t credit) override;
  void hold(bool held) override;
  void cut(std::string reason);  // at once, and whatever is queued
  void stop() override;

 private:
  enum class State {
    opening,
    up,
    flushing,  // closing: what is queued is still sent, what arrives is dropped
    shutting,  // closing: our goodbye is said, and the other side's is waited for
    down,
  };
  struct Limit {
    MonoTime at;
    enum class What { opening, first_byte, writing, idle, closing } what;
  };

  void begin();
  void on_opened(const Outcome<>& outcome);
  void greet();
  void tell_up();
  void read();
  void on_read(Result<Bytes> got);
  void take(Bytes bytes);
  void write();
  void on_written(const Outcome<>& outcome);
  void tell_if_drained();
  void begin_close(std::string reason);
  void finish(const std::string& reason);

  std::optional<Limit> next_limit() const;
  void watch();
  void set_timer(MonoTime at);
  void on_timer();
  void on_limit(Limit::What what);

  const std::shared_ptr<FlowHub> hub_;
  const FlowId id_;
  const std::shared_ptr<Pipe> pipe_;
  const Transport transport_;
  const bool opened_here_;
  const Strand strand_;
  Place place_;

  State state_ = State::opening;
  std::string close_reason_;
  bool told_ = false;  // flow_up
  bool heard_ = false;

  Timer timer_;
  std::optional<MonoTime> timer_at_;
  MonoTime began_{};   // the state that it is in
  MonoTime active_{};  // the last byte, either way

  bool reading_ = false;
  bool out_of_credit_ = false;
  std::atomic<std::int64_t> credit_;
  std::atomic<bool> held_{false};

  SendQueue queue_;
  std::vector<Outgoing> next_;  // being written
  bool writing_ = false;
  MonoTime write_began_{};
  std::atomic<bool> half_full_{false};
};

// For a connection that has come; none, and counted, where the bounds leave no room for it.
std::optional<Connection::Place> take_place(FlowHub& hub, const wire::IpAddressPort& from);

}  // namespace ringway::net::phones

// A connection with another peer, as a pipe: connecting (to one address after the other) and the handshake in
// which both ends show who they are, then TLS as it is towards phones.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/app_links/app_hub.hpp"
#include "net/handshake.hpp"
#include "net/phones/pipe.hpp"

namespace ringway::net::app_links {

class PeerPipe : public phones::Pipe, public std::enable_shared_from_this<PeerPipe> {
 public:
  PeerPipe(std::shared_ptr<AppHub> hub, Socket accepted);
  PeerPipe(std::shared_ptr<AppHub> hub, Socket unconnected, std::vector<wire::IpAddressPort> addresses,
           const NodeId& expected);
  ~PeerPipe() override;
  PeerPipe(const PeerPipe&) = delete;
  PeerPipe& operator=(const PeerPipe&) = delete;

  Socket& socket() override { return stream_ ? stream_->socket() : socket_; }
  void open(Done done) override;
  void read(Got got) override { stream_->read(std::move(got)); }
  void write(const std::vector<Outgoing>& messages, Done done) override {
    stream_->write(messages, std::move(done));
  }
  void say_goodbye(const std::string& reason) override { stream_->say_goodbye(reason); }
  void close() override;
  std::optional<phones::KnownPeer> peer() const override { return peer_; }
  std::size_t max_messages_per_write() const override { return stream_->max_messages_per_write(); }

 private:
  void try_next();
  void connect(const wire::IpAddressPort& address);
  void on_connected(const boost::system::error_code& error);
  void shake_hands();
  void on_authenticated(Result<Authenticated> outcome);
  void fail(const std::string& reason);
  void end(Outcome<> outcome);

  const std::shared_ptr<AppHub> hub_;
  const Strand strand_;
  const std::optional<NodeId> expected_;  // none: it was accepted
  const std::vector<wire::IpAddressPort> addresses_;
  Socket socket_;  // until the handshake takes it
  Timer timer_;
  std::size_t next_address_ = 0;
  bool timed_out_ = false;
  bool closed_ = false;
  std::string reasons_;
  std::shared_ptr<Handshake> handshake_;
  std::shared_ptr<phones::Pipe> stream_;  // when the handshake is done
  std::optional<phones::KnownPeer> peer_;
  Done done_;
};

}  // namespace ringway::net::app_links

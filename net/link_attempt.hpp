// One OpenLink: its addresses, tried in order until a handshake succeeds, those of datagrams first. Answers
// with link_up (through the connection it makes) or one link_down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/handshake.hpp"
#include "net/link_hub.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

class LinkAttempt : public Stoppable, public std::enable_shared_from_this<LinkAttempt> {
 public:
  LinkAttempt(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub, routing::OpenLink command);
  void start();  // from any thread
  void stop() override;

 private:
  void try_next();
  void connect(const wire::IpAddressPort& address);
  void dial(const wire::IpAddressPort& address);
  void on_connected(const boost::system::error_code& error);
  void on_authenticated(Result<Authenticated> outcome);
  void note_failure(const std::string& reason);
  void finish();

  const std::shared_ptr<LinkHub> hub_;
  const routing::OpenLink command_;
  const Strand strand_;
  Timer timer_;
  std::optional<Socket> socket_;  // while connecting
  struct Address {
    wire::IpAddressPort address;
    bool is_for_datagrams;
  };
  std::vector<Address> addresses_;
  std::size_t next_address_ = 0;
  std::shared_ptr<Stoppable> dialing_;
  std::optional<Slot> slot_;
  std::string reasons_;
  bool timed_out_ = false;
  bool stopping_ = false;
};

}  // namespace ringway::net

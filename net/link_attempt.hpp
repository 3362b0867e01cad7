// One OpenLink: its addresses, those of datagrams and, a little later, those of TCP beside them. Once
// somebody has answered over datagrams that handshake is waited for; else what connects first is taken, so
// there are never two links of one attempt. Answers with link_up (through the connection it makes) or one
// link_down.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/handshake.hpp"
#include "net/link_hub.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

namespace dtls {
class DtlsDial;
}

class LinkAttempt : public Stoppable, public std::enable_shared_from_this<LinkAttempt> {
 public:
  LinkAttempt(boost::asio::io_context& context, std::shared_ptr<LinkHub> hub, routing::OpenLink command);
  void start();  // from any thread
  void stop() override;

 private:
  void dial_next();
  void connect_next();
  void connect(const wire::IpAddressPort& address);
  void on_connected(const boost::system::error_code& error);
  void on_authenticated(Result<Authenticated> outcome);
  void note_failure(const std::string& where, const std::string& reason);
  void finish_if_nothing_is_left();
  void leave();
  bool connects() const { return socket_ || shakes_hands_; }

  const std::shared_ptr<LinkHub> hub_;
  const routing::OpenLink command_;
  const Strand strand_;
  Timer timer_;  // of the connect
  Timer race_;
  std::vector<wire::IpAddressPort> datagram_addresses_, addresses_;
  std::size_t next_datagram_address_ = 0, next_address_ = 0;
  std::shared_ptr<dtls::DtlsDial> dialing_;
  MonoTime dial_until_;
  bool races_ = false;            // TCP is tried beside datagrams
  std::optional<Socket> socket_;  // while connecting
  bool shakes_hands_ = false;     // over TCP
  std::optional<Slot> slot_;
  std::string reasons_;
  bool timed_out_ = false;
  bool stopping_ = false;
  bool left_ = false;
};

}  // namespace ringway::net

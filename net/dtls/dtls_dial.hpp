// One address, tried as a client of DTLS over a socket of its own: what the system knows of it (nobody
// listens there) comes back to this link alone. The link keeps the socket while it lives.
#pragma once

#include <functional>
#include <memory>

#include "net/dtls/dtls_connection.hpp"
#include "net/dtls/dtls_port.hpp"

namespace ringway::net::dtls {

class DtlsDial : public Stoppable, public std::enable_shared_from_this<DtlsDial> {
 public:
  using WhenDone = std::function<void(Outcome<>)>;
  DtlsDial(std::shared_ptr<LinkHub> hub, const Strand& strand);
  // On the strand. `done` is called once there: the link is up (the hub's listener has been told), or why
  // not.
  void start(const wire::IpAddressPort& to, std::optional<NodeId> expected, std::uint64_t attempt, Slot slot,
             WhenDone done);
  void stop() override;

 private:
  Outcome<> begin(const wire::IpAddressPort& to, std::optional<NodeId> expected, std::uint64_t attempt,
                  WhenDone& done);
  void wait();
  void receive();
  void end();

  const std::shared_ptr<LinkHub> hub_;
  const Strand strand_;
  UdpSocket socket_;
  std::shared_ptr<DtlsConnection> connection_;
};

}  // namespace ringway::net::dtls

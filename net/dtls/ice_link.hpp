// One link over DTLS on a path that ICE has found (DTLS-UDP-SR, RFC 6940 §6.6.4): from the gathering of
// candidates for an Attach to the link's end. The sender of the Attach is ICE's controlling end and the
// server of DTLS, who answers is the controlled end and the client (RFC 6940 §6.5.1.9, §6.5.1.13).
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/dtls/dtls_connection.hpp"
#include "net/ice/agents.hpp"

namespace ringway::net::dtls {

class IceLink : public Stoppable, public ice::AgentEvents, public std::enable_shared_from_this<IceLink> {
 public:
  // Called on the strand, `gathered` at most once, `ended` once: no link comes of it, or it is down again.
  // That the link is up, and what becomes of it, the hub's listener is told.
  struct Owner {
    std::function<void(ice::Description local)> gathered;
    std::function<void(const std::string& reason, bool was_up)> ended;
  };
  // What the other end has said of itself, and who it must be.
  struct Remote {
    ice::Description description;
    NodeId expected;
    std::uint64_t attempt = 0;  // for link_up; of who has sent the Attach none, as of any accepted link
  };
  IceLink(std::shared_ptr<LinkHub> hub, const Strand& strand, Owner owner);

  // From any thread:
  void gather(std::shared_ptr<ice::Agents> agents, ice::Gathering what);
  void connect(Remote remote);  // once, after `gathered`
  void drop(const std::string& reason);
  void stop() override;

  // On the agents' thread:
  void gathered(ice::Description local) override;
  void connected(ice::SelectedPair pair) override;
  void received(BytesView datagram) override;
  void failed(const std::string& reason) override;

 private:
  void on_connected(const ice::SelectedPair& pair);
  void on_datagram(const Bytes& datagram);
  Outcome<> begin(const ice::SelectedPair& pair);
  void finish(const std::string& reason);

  const std::shared_ptr<LinkHub> hub_;
  const Strand strand_;
  Owner owner_;
  ice::Role role_ = ice::Role::controlling;
  std::shared_ptr<ice::Agent> agent_;
  std::optional<Remote> remote_;
  std::shared_ptr<DtlsConnection> connection_;
  bool up_ = false;
  bool over_ = false;
  // Of a server: records that have come before the pair was known here (RFC 6940 §6.5.1.14).
  std::deque<Bytes> early_;
  std::atomic<std::size_t> waiting_{0};  // datagrams on their way to the strand
};

}  // namespace ringway::net::dtls

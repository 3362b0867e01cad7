// What a connection's bytes travel in: TCP, TLS, or WebSocket over one of them. Everything happens on the
// socket's strand; one read and one write at a time. Whoever uses a pipe holds it until all it has asked for
// is answered.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/phones/flow_hub.hpp"
#include "net/send_queue.hpp"
#include "net/sockets.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::net::phones {

class Pipe {
 public:
  using Done = std::function<void(Outcome<>)>;
  using Got = std::function<void(Result<Bytes>)>;

  virtual ~Pipe() = default;
  virtual Socket& socket() = 0;
  // Connecting and handshakes. A failure has said to the other side what is to be said.
  virtual void open(Done done) = 0;
  virtual void read(Got got) = 0;  // some bytes, or a message where there are such
  virtual void write(const std::vector<Outgoing>& messages, Done done) = 0;
  // Says that no more will come. Whoever uses it goes on reading until a read fails: then the other side has
  // said so too; and has the time limit for that.
  virtual void say_goodbye(const std::string& reason) = 0;
  virtual void close() = 0;  // at once; whatever is under way ends
  // Whose it is, once it is open, when its opening has found that out.
  virtual std::optional<KnownPeer> peer() const { return std::nullopt; }
  // How many messages one write may have.
  virtual std::size_t max_messages_per_write() const = 0;
};

// Where a connection of ours goes.
struct Remote {
  boost::asio::ip::tcp::endpoint at;
  std::string server_name;  // TLS: who is expected there
};

std::shared_ptr<Pipe> accept_tcp(Socket socket);
std::shared_ptr<Pipe> accept_tls(Socket socket, TlsContextPtr tls);
std::shared_ptr<Pipe> accept_websocket(Socket socket, std::shared_ptr<FlowHub> hub);
std::shared_ptr<Pipe> accept_secure_websocket(Socket socket, std::shared_ptr<FlowHub> hub, TlsContextPtr tls);
std::shared_ptr<Pipe> connect_tcp(Socket socket, Remote remote);
std::shared_ptr<Pipe> connect_tls(Socket socket, Remote remote, TlsContextPtr tls);
// Of a stream whose handshake is done: nothing is left to be opened.
std::shared_ptr<Pipe> established_tls(TlsStream stream);

}  // namespace ringway::net::phones

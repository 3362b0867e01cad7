// One TLS handshake, of either side, with its time limit; in shared-secret mode with the proofs that follow
// it. It ends with an authenticated stream or a reason.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/handshake_host.hpp"
#include "net/node_proof.hpp"
#include "net/peer_check.hpp"
#include "net/sockets.hpp"
#include "reload/result.hpp"

namespace ringway::net {

struct Authenticated {
  std::unique_ptr<TlsStream> stream;
  security::TrustPtr trust;  // that accepted the certificate
  security::CertificatePtr certificate;
  std::vector<SharedBytes> chain_der;
  wire::IpAddressPort remote;
  std::string protocol;  // that was agreed on (ALPN); empty: of a RELOAD link
};

class Handshake : public Stoppable, public std::enable_shared_from_this<Handshake> {
 public:
  using Done = std::function<void(Result<Authenticated>)>;

  // What the client wants of the other side; a server takes who comes.
  struct Wanted {
    std::optional<NodeId> node;
    std::string protocol = {};             // to be offered (ALPN); empty: none
    bool protocol_may_be_missing = false;  // the other side may know nothing of such names
  };

  // Call start() on the socket's strand; `done` is called there once.
  Handshake(std::shared_ptr<HandshakeHost> host, Socket socket, Wanted wanted, Done done);
  void start(boost::asio::ssl::stream_base::handshake_type side);
  void stop() override;

 private:
  void on_handshake(const boost::system::error_code& error);
  bool agreed();
  void send_proof();
  void read_proof_length();
  void read_proof();
  void finish(const boost::system::error_code& error);
  void give_up(const char* reason);  // makes the handshake fail
  std::string why(const boost::system::error_code& error) const;

  std::shared_ptr<HandshakeHost> host_;
  HandshakeMeans means_;
  Side side_ = Side::client;
  std::unique_ptr<TlsStream> stream_;
  Strand strand_;
  Timer timer_;
  PeerCheck check_;
  Wanted wanted_;
  std::string protocol_;
  Bytes binding_, sent_proof_, read_buffer_;
  wire::IpAddressPort remote_;
  std::string given_up_;
  bool finished_ = false;
  Done done_;
};

}  // namespace ringway::net

// One TLS handshake, of either side, with its time limit. It ends with an authenticated stream or a reason.
#pragma once

#include <functional>
#include <memory>

#include "net/link_hub.hpp"
#include "net/peer_check.hpp"
#include "net/sockets.hpp"

namespace ringway::net {

struct Authenticated {
  std::unique_ptr<TlsStream> stream;
  security::TrustPtr trust;  // that accepted the certificate
  security::CertificatePtr certificate;
  std::vector<SharedBytes> chain_der;
  wire::IpAddressPort remote;
};

class Handshake : public Stoppable, public std::enable_shared_from_this<Handshake> {
 public:
  using Done = std::function<void(Result<Authenticated>)>;

  // Call start() on the socket's strand; `done` is called there once.
  Handshake(std::shared_ptr<LinkHub> hub, Socket socket, std::optional<NodeId> expected, Done done);
  void start(boost::asio::ssl::stream_base::handshake_type side);
  void stop() override;

 private:
  void finish(const boost::system::error_code& error);
  void give_up(const char* reason);  // makes the handshake fail
  std::string why(const boost::system::error_code& error) const;

  std::shared_ptr<LinkHub> hub_;
  TlsContextPtr tls_;  // the stream's
  std::unique_ptr<TlsStream> stream_;
  Strand strand_;
  Timer timer_;
  PeerCheck check_;
  wire::IpAddressPort remote_;
  std::string given_up_;
  bool finished_ = false;
  Done done_;
};

}  // namespace ringway::net

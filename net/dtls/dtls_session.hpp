// One association of DTLS 1.2 (RFC 6347) by OpenSSL, without a socket: datagrams in, datagrams out. Who is at
// the other end is judged as for TLS links (peer_check). OpenSSL 3.0 has no DTLS 1.3 (RFC 9147). Replayed
// records are dropped by OpenSSL (a window of 64), corrupted ones too, without a word (RFC 6347 §4.1.2.6,
// §4.1.2.7).
#pragma once

#include <openssl/ssl.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "net/dtls/cookies.hpp"
#include "net/peer_check.hpp"
#include "net/tls_context.hpp"
#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::net::dtls {

// Of a whole datagram with its headers of IP and UDP: passes everywhere.
inline constexpr std::size_t k_link_mtu_bytes = 1200;
// IPv6 (40) and UDP (8); the record's header (13), GCM's nonce (8) and tag (16). ChaCha20's are smaller.
inline constexpr std::size_t k_datagram_overhead_bytes = 48;
inline constexpr std::size_t k_record_overhead_bytes = 37;
inline constexpr std::size_t k_max_frame_bytes =
    k_link_mtu_bytes - k_datagram_overhead_bytes - k_record_overhead_bytes;

class DtlsSession {
 public:
  // A client's; it begins with advance().
  static Result<std::unique_ptr<DtlsSession>> client(const TlsContextPtr& context,
                                                     std::optional<NodeId> expected,
                                                     security::TrustPtr trust);
  // A server's that answers strangers and keeps nothing of them; see listen().
  static Result<std::unique_ptr<DtlsSession>> listener(const TlsContextPtr& context,
                                                       security::TrustPtr trust);
  // A server's for one whose address is proved already, by ICE: no cookie is asked for.
  static Result<std::unique_ptr<DtlsSession>> server(const TlsContextPtr& context,
                                                     std::optional<NodeId> expected,
                                                     security::TrustPtr trust);
  ~DtlsSession();
  DtlsSession(const DtlsSession&) = delete;
  DtlsSession& operator=(const DtlsSession&) = delete;

  // A listener's: true when the datagram is a ClientHello with a good cookie. Then this is that client's
  // session, to be advanced. Else it stays a listener, and outgoing() may have an answer.
  bool listen(Cookies& cookies, MonoTime now, const std::string& address, BytesView datagram);

  enum class Handshake { under_way, done, failed };
  // Goes on with the handshake, after feed() and when a timeout is due.
  Handshake advance();
  bool answered() const;  // of a client: a ServerHello has come
  // Before advance() and listen(): how long a flight waits for its answer before it is sent again; each time
  // twice as long (RFC 6347 §4.2.4.1). Else it is OpenSSL's second.
  void set_first_timeout(Duration timeout);
  // Of the handshake's retransmissions; none: nothing waits.
  std::optional<Duration> timeout() const;
  void feed(BytesView datagram);

  // The content of the next record; none when there is no more, or the association has ended (ended()).
  std::optional<Bytes> read();
  bool write(BytesView content);  // one record, in a datagram of its own
  void say_goodbye();
  bool ended() const { return ended_; }  // the other side has said goodbye, or an alert has ended it

  std::optional<Bytes> outgoing();

  PeerCheck& check() { return check_; }
  std::string why_failed() const;

 private:
  friend struct BioAccess;
  explicit DtlsSession(SSL* ssl);
  static Result<std::unique_ptr<DtlsSession>> make(const TlsContextPtr& context);

  TlsContextPtr context_;  // lives as long as this
  SSL* const ssl_;
  PeerCheck check_;
  std::string error_;
  bool ended_ = false;
  std::optional<Bytes> incoming_;
  std::deque<Bytes> outgoing_;
  Cookies* cookies_ = nullptr;  // while listening
  bool proved_ = false;         // the cookie has come back; OpenSSL asks again in the handshake
  MonoTime now_{};
  Duration first_timeout_{1000};
  std::string address_;
};

// For links over datagrams: as make_tls_context() is for those over TCP.
Result<TlsContextPtr> make_dtls_context(std::string_view private_key_pem, std::string_view certificates_pem);

}  // namespace ringway::net::dtls

// A client of the relay over TCP or TLS (RFC 8656 §3.1): cuts what comes into messages, keeps what goes
// within a bound. Of one thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "net/relay/relay_settings.hpp"
#include "net/slots.hpp"
#include "net/sockets.hpp"
#include "net/tls_context.hpp"
#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"

namespace ringway::net::relay {

inline constexpr std::size_t k_max_stranger_out_bytes = 8
                                                        << 10;  // of who has no allocation; else StreamBounds
inline constexpr std::size_t k_stranger_in_bytes = 2 << 10;     // his longest message
inline constexpr std::chrono::seconds k_stream_opening_time{10};  // for the handshake
inline constexpr std::chrono::seconds k_stream_idle_time{60};     // of who has no allocation

class StreamClient {
 public:
  struct Owner {
    virtual ~Owner() = default;
    // One whole message of STUN, or ChannelData with its padding; it is there during the call only. False:
    // nothing more is read until go_on().
    virtual bool on_message(StreamClient& client, BytesView message) = 0;
    virtual void on_closed(StreamClient& client) = 0;  // once

    StreamBounds bounds;
    std::size_t out_bytes = 0;  // that wait for all of its clients
  };

  virtual ~StreamClient() = default;
  virtual void start() = 0;
  // False: dropped.
  virtual bool send(BytesView octets) = 0;
  virtual void close() = 0;
  virtual void go_on() = 0;  // not during on_message()
  // Who has an allocation may be silent.
  void hold(bool has_allocation) { has_allocation_ = has_allocation; }

  std::uint64_t number = 0;  // ClientPath::end
  stun::Address remote;

 protected:
  bool has_allocation_ = false;
};

// `tls`: null for TCP. The slots are held as long as the connection.
std::shared_ptr<StreamClient> make_stream_client(Socket socket, TlsContextPtr tls, std::vector<Slot> slots,
                                                 StreamClient::Owner& owner);

}  // namespace ringway::net::relay

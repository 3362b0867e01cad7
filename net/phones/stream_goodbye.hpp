// How a stream of TCP or TLS ends well, what went wrong with it otherwise, and how its socket is tuned.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <utility>

#include "net/sockets.hpp"

namespace ringway::net::phones {

// A phone sleeps and roams, and its battery pays for each probe: one that has vanished may take two minutes.
inline constexpr Probes k_phone_probes{.idle_s = 60, .interval_s = 15, .count = 4};

inline std::string why_lost(const boost::system::error_code& error) {
  if (error == boost::asio::error::eof) return "closed by the other side";
  if (error == boost::asio::ssl::error::stream_truncated) return "the connection ended without a goodbye";
  return error.message();
}

inline Socket& socket_of(Socket& stream) { return stream; }
inline Socket& socket_of(TlsStream& stream) { return stream.next_layer(); }

// Says goodbye on a stream that nobody reads any more, and waits until the other side has closed: a socket
// that is closed with unread bytes resets the connection, and our last words may get lost. `owner` keeps the
// stream.
template <typename Owner, typename Done>
void drain(std::shared_ptr<Owner> owner, Socket& socket, Done done) {
  constexpr std::size_t k_drain_bytes = 4096;
  const auto sink = std::make_shared<std::array<std::uint8_t, k_drain_bytes>>();
  socket.async_read_some(boost::asio::buffer(*sink),
                         [owner = std::move(owner), &socket, done = std::move(done), sink](
                             const boost::system::error_code& error, std::size_t) mutable {
                           if (error) return done();
                           drain(std::move(owner), socket, std::move(done));
                         });
}

template <typename Owner, typename Done>
void end_stream(std::shared_ptr<Owner> owner, Socket& socket, Done done) {
  boost::system::error_code ignored;
  socket.shutdown(boost::asio::socket_base::shutdown_send, ignored);
  drain(std::move(owner), socket, std::move(done));
}

template <typename Owner, typename Done>
void end_stream(std::shared_ptr<Owner> owner, TlsStream& stream, Done done) {
  stream.async_shutdown(
      [owner, &stream, done = std::move(done)](const boost::system::error_code& error) mutable {
        // It has closed already; of that Asio tells once only.
        if (error == boost::asio::error::eof || error == boost::asio::ssl::error::stream_truncated)
          return done();
        end_stream(std::move(owner), stream.next_layer(), std::move(done));
      });
}

}  // namespace ringway::net::phones

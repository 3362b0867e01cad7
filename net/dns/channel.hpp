// c-ares on Boost.Asio: its sockets are watched and its time limits kept on one strand, on which all of this
// is called. The only place that knows its channels.
#pragma once

#include <ares.h>

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "net/dns/resolver.hpp"
#include "net/sockets.hpp"
#include "reload/bytes.hpp"

namespace ringway::net::dns {

class Channel : public std::enable_shared_from_this<Channel> {
 public:
  // A status of c-ares, and the message of the server, if one has come. Perhaps called before query()
  // returns.
  using Reply = std::function<void(int status, BytesView message)>;

  // Reads /etc/resolv.conf unless the settings name servers. `held` is let go when the last handler has run
  // that was still waiting when the channel was closed.
  static Result<std::shared_ptr<Channel>> open(const Strand& strand, const Settings& settings,
                                               std::shared_ptr<void> held = nullptr);
  Channel(const Strand& strand, std::shared_ptr<void> held);  // not open
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  void query(const std::string& name, RecordType type, Reply reply);
  // Whoever waits is replied to (ARES_EDESTRUCTION); none may be asked any more.
  void close();

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<Strand>;
  enum class Readiness { readable, writable };
  struct Watched {
    Watched(const Strand& strand, int socket);
    Descriptor descriptor;  // c-ares opens and closes it
    const int number;
    bool is_closed = false;
    bool wants_read = false, wants_write = false;
    bool waits_read = false, waits_write = false;
  };

  static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
  static void on_reply(void* asked, int status, int timeouts, unsigned char* message, int size);
  void watch(int socket, bool read, bool write);
  void wait(const std::shared_ptr<Watched>& watched);
  void wait(const std::shared_ptr<Watched>& watched, Readiness what);
  void ready(const std::shared_ptr<Watched>& watched, Readiness what);
  void set_timer();

  struct Destroyed {
    void operator()(ares_channel channel) const { ares_destroy(channel); }
  };
  const std::shared_ptr<void> held_;
  const Strand strand_;
  Timer timer_;
  std::map<int, std::shared_ptr<Watched>> watched_;
  std::unique_ptr<std::remove_pointer_t<ares_channel>, Destroyed>
      channel_;  // ends before what it is watched by
};

}  // namespace ringway::net::dns

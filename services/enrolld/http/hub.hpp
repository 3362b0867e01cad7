// What all connections of one server share, and the list of those that live.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "net/slots.hpp"
#include "net/tls_context.hpp"
#include "services/enrolld/http/server.hpp"

namespace ringway::enrolld_http {

class Connection;

class Hub {
 public:
  Hub(ServerSettings settings, Handler handler, net::TlsContextPtr tls);

  const ServerSettings& settings() const { return settings_; }
  const Handler& handler() const { return handler_; }
  ServerCounters& counters() { return counters_; }
  net::Slots& slots() { return slots_; }
  net::TlsContextPtr tls() const;
  void use_tls(net::TlsContextPtr tls);
  bool stopping() const { return stopping_; }

  // False when the server stops.
  bool enter(const std::shared_ptr<Connection>& connection);
  void leave(Connection* connection);
  // From now on nobody enters.
  void begin_stop() { stopping_ = true; }
  std::vector<std::shared_ptr<Connection>> connections() const;
  std::size_t count() const;
  // False when some still live after `limit`.
  bool wait_until_empty(std::chrono::milliseconds limit);

 private:
  ServerSettings settings_;
  Handler handler_;
  ServerCounters counters_;
  net::Slots slots_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::condition_variable emptied_;
  net::TlsContextPtr tls_;
  std::map<Connection*, std::weak_ptr<Connection>> connections_;
};

}  // namespace ringway::enrolld_http

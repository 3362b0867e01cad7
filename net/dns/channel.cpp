#include "net/dns/channel.hpp"

#include <arpa/nameser.h>
#include <sys/time.h>

#include <mutex>
#include <utility>

namespace ringway::net::dns {
namespace {

// What passes the paths of today without fragments (RFC 6891 §6.2.5 leaves it open; the DNS flag day's).
constexpr int k_datagram_bytes = 1232;

int number_of(RecordType type) {
  switch (type) {
    case RecordType::a:
      return ns_t_a;
    case RecordType::aaaa:
      return ns_t_aaaa;
    case RecordType::srv:
      return ns_t_srv;
    case RecordType::naptr:
      break;
  }
  return ns_t_naptr;
}

}  // namespace

Channel::Watched::Watched(const Strand& strand, int socket) : descriptor(strand), number(socket) {
  // When the system has no room for it the question runs out of time.
  boost::system::error_code ignored;
  descriptor.assign(socket, ignored);
}

Channel::Channel(const Strand& strand, std::shared_ptr<void> held)
    : held_(std::move(held)), strand_(strand), timer_(strand) {}

Channel::~Channel() { close(); }

Result<std::shared_ptr<Channel>> Channel::open(const Strand& strand, const Settings& settings,
                                               std::shared_ptr<void> held) {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
  auto made = std::make_shared<Channel>(strand, std::move(held));
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = k_datagram_bytes;
  options.timeout = static_cast<int>(settings.try_time.count());
  options.tries = settings.tries;
  options.sock_state_cb = &Channel::on_socket;
  options.sock_state_cb_data = made.get();
  ares_channel channel = nullptr;
  const int status = ares_init_options(
      &channel, &options,
      ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (status != ARES_SUCCESS) return Failure{std::string("no DNS: ") + ares_strerror(status)};
  made->channel_.reset(channel);
  if (!settings.servers.empty() &&
      ares_set_servers_ports_csv(channel, settings.servers.c_str()) != ARES_SUCCESS)
    return Failure{"no addresses of DNS servers: " + settings.servers};
  return made;
}

void Channel::query(const std::string& name, RecordType type, Reply reply) {
  auto asked = std::make_unique<Reply>(std::move(reply));
  ares_query(channel_.get(), name.c_str(), ns_c_in, number_of(type), &Channel::on_reply, asked.release());
  set_timer();
}

void Channel::on_reply(void* asked, int status, int, unsigned char* message, int size) {
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(asked));
  (*reply)(status, message == nullptr ? BytesView() : BytesView(message, static_cast<std::size_t>(size)));
}

void Channel::close() {
  timer_.cancel();
  channel_.reset();
  watched_.clear();
}

// ---- sockets

void Channel::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
  static_cast<Channel*>(self)->watch(socket, readable != 0, writable != 0);
}

void Channel::watch(int socket, bool read, bool write) {
  auto& watched = watched_[socket];
  if (!read && !write) {
    // About to be closed: the number may be another socket's soon.
    if (watched) {
      watched->is_closed = true;
      watched->descriptor.release();
    }
    watched_.erase(socket);
    return;
  }
  if (!watched) watched = std::make_shared<Watched>(strand_, socket);
  watched->wants_read = read;
  watched->wants_write = write;
  wait(watched);
}

void Channel::wait(const std::shared_ptr<Watched>& watched) {
  if (watched->wants_read && !std::exchange(watched->waits_read, true)) wait(watched, Readiness::readable);
  if (watched->wants_write && !std::exchange(watched->waits_write, true)) wait(watched, Readiness::writable);
}

void Channel::wait(const std::shared_ptr<Watched>& watched, Readiness what) {
  const auto kind = what == Readiness::readable ? Descriptor::wait_read : Descriptor::wait_write;
  watched->descriptor.async_wait(
      kind, [self = shared_from_this(), watched, what](const boost::system::error_code& error) {
        (what == Readiness::readable ? watched->waits_read : watched->waits_write) = false;
        if (!error) self->ready(watched, what);
      });
}

void Channel::ready(const std::shared_ptr<Watched>& watched, Readiness what) {
  if (watched->is_closed || !channel_) return;
  const bool reads = what == Readiness::readable;
  ares_process_fd(channel_.get(), reads ? watched->number : ARES_SOCKET_BAD,
                  reads ? ARES_SOCKET_BAD : watched->number);
  if (!watched->is_closed) wait(watched);
  set_timer();
}

// ---- time

void Channel::set_timer() {
  timeval left{};
  if (!channel_ || ares_timeout(channel_.get(), nullptr, &left) == nullptr) {
    timer_.cancel();
    return;
  }
  // What is due is seen as due only after its last microsecond.
  timer_.expires_after(std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) +
                       std::chrono::milliseconds(1));
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (stopped || !self->channel_) return;
    ares_process_fd(self->channel_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    self->set_timer();
  });
}

}  // namespace ringway::net::dns

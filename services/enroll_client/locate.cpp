#include "services/enroll_client/locate.hpp"

#include <ares.h>
#include <arpa/nameser.h>
#include <poll.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <random>
#include <type_traits>
#include <utility>

namespace ringway::services {

namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_tries = 3;
constexpr std::chrono::milliseconds k_longest_wait{200};

struct Reply {
  bool done = false;
  int status = ARES_ETIMEOUT;
  std::vector<unsigned char> message;
};

extern "C" void ringway_keep_reply(void* out, int status, int, unsigned char* message, int size) {
  if (status == ARES_EDESTRUCTION) return;  // nobody answered in time
  auto& reply = *static_cast<Reply*>(out);
  reply.done = true;
  reply.status = status;
  if (message != nullptr) reply.message.assign(message, message + size);
}

struct Destroyed {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, Destroyed>;

Channel open_channel(const DnsSettings& settings) {
  static std::once_flag once;
  std::call_once(once, [] { ares_library_init(ARES_LIB_INIT_ALL); });
  ares_options options{};
  options.timeout = static_cast<int>(settings.timeout.count() / k_tries);
  options.tries = k_tries;
  ares_channel channel = nullptr;
  if (ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) != ARES_SUCCESS) return {};
  Channel opened(channel);
  if (!settings.servers.empty() &&
      ares_set_servers_ports_csv(channel, settings.servers.c_str()) != ARES_SUCCESS)
    return {};
  return opened;
}

// Lets the resolver read and write once.
void turn(ares_channel channel) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const int wanted = ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size()));
  std::vector<pollfd> polled;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    short events = 0;
    if (ARES_GETSOCK_READABLE(wanted, i)) events = POLLIN;
    if (ARES_GETSOCK_WRITABLE(wanted, i)) events = static_cast<short>(events | POLLOUT);
    if (events != 0) polled.push_back({sockets[i], events, 0});
  }
  poll(polled.data(), polled.size(), static_cast<int>(k_longest_wait.count()));
  for (const pollfd& one : polled)
    ares_process_fd(channel, (one.revents & ~POLLOUT) != 0 ? one.fd : ARES_SOCKET_BAD,
                    (one.revents & POLLOUT) != 0 ? one.fd : ARES_SOCKET_BAD);
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // what has timed out
}

// `reply` outlives the channel, which calls back for the last time when it goes.
void query(const DnsSettings& settings, const std::string& name, Reply& reply) {
  const Channel channel = open_channel(settings);
  if (!channel) {
    reply.status = ARES_ENOTINITIALIZED;
    return;
  }
  const auto end = Clock::now() + settings.timeout;
  ares_query(channel.get(), name.c_str(), ns_c_in, ns_t_srv, &ringway_keep_reply, &reply);
  while (!reply.done && Clock::now() < end) turn(channel.get());
}

struct Record {
  ServerPlace place;
  unsigned priority = 0;
  unsigned weight = 0;
};

std::vector<Record> records_of(const Reply& reply) {
  ares_srv_reply* first = nullptr;
  if (ares_parse_srv_reply(reply.message.data(), static_cast<int>(reply.message.size()), &first) !=
      ARES_SUCCESS)
    return {};
  const std::unique_ptr<ares_srv_reply, decltype(&ares_free_data)> owned(first, &ares_free_data);
  std::vector<Record> records;
  for (const ares_srv_reply* one = first; one != nullptr; one = one->next)
    records.push_back({{one->host, one->port}, one->priority, one->weight});
  return records;
}

// RFC 2782: by priority; among equals at random, the heavier the sooner.
std::vector<ServerPlace> in_order(std::vector<Record> records) {
  std::mt19937 random{std::random_device{}()};
  std::vector<ServerPlace> places;
  while (!records.empty() && places.size() < k_max_server_places) {
    const unsigned priority =
        std::min_element(records.begin(), records.end(), [](const auto& a, const auto& b) {
          return a.priority < b.priority;
        })->priority;
    std::vector<double> weights;
    weights.reserve(records.size());
    for (const Record& one : records)
      weights.push_back(one.priority == priority ? one.weight + 0.001 : 0.0);  // a weight of 0 is a small one
    std::discrete_distribution<std::size_t> choice(weights.begin(), weights.end());
    const auto chosen = records.begin() + static_cast<std::ptrdiff_t>(choice(random));
    places.push_back(std::move(chosen->place));
    records.erase(chosen);
  }
  return places;
}

}  // namespace

Result<std::vector<ServerPlace>> locate_configuration_server(const DnsSettings& settings,
                                                             const std::string& overlay_name) {
  const std::string name = "_reload-config._tcp." + overlay_name;
  Reply reply;
  query(settings, name, reply);
  if (reply.status == ARES_ENOTFOUND || reply.status == ARES_ENODATA)
    return std::vector<ServerPlace>{{overlay_name, 443}};
  if (reply.status != ARES_SUCCESS)
    return Failure{"DNS does not say where " + name + " is: " + ares_strerror(reply.status)};
  auto records = records_of(reply);
  if (records.empty()) return Failure{"the DNS record " + name + " cannot be read"};
  std::erase_if(records, [](const Record& one) { return one.place.host.empty() || one.place.host == "."; });
  if (records.empty()) return Failure{"DNS says that " + overlay_name + " has no configuration server"};
  return in_order(std::move(records));
}

}  // namespace ringway::services

#include "services/ringway/start_peer.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace ringway::services {

namespace {

constexpr std::uint16_t k_port = 6084;
constexpr std::uint16_t k_most_tried = 100;

// ringwayd of the same build, if it lies beside this program.
std::string program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "ringwayd";
  return !error && ::access(beside.c_str(), X_OK) == 0 ? beside.string() : "ringwayd";
}

bool says(const std::vector<std::string>& arguments, const std::string& option) {
  return std::any_of(arguments.begin(), arguments.end(), [&option](const std::string& argument) {
    return argument == option || argument.starts_with(option + "=");
  });
}

// The address that packets to `node` would leave from; nothing is sent. Empty when there is no way there.
std::string own_address(const config::BootstrapNode& node) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (::getaddrinfo(node.address.c_str(), std::to_string(node.port).c_str(), &hints, &found) != 0) return "";
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  const int probe = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return "";
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  std::array<char, NI_MAXHOST> text{};
  const bool known = ::connect(probe, found->ai_addr, found->ai_addrlen) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
                     ::getnameinfo(reinterpret_cast<sockaddr*>(&own), size, text.data(), text.size(), nullptr,
                                   0, NI_NUMERICHOST) == 0;
  ::close(probe);
  if (!known) return "";
  return own.ss_family == AF_INET6 ? "[" + std::string(text.data()) + "]" : text.data();
}

}  // namespace

// Whether somebody could listen there, at all addresses.
bool is_free(std::uint16_t port, bool v6) {
  const int probe = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return true;  // not ours to find out
  const int yes = 1;
  ::setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_storage any{};
  any.ss_family = v6 ? AF_INET6 : AF_INET;
  if (v6) {
    reinterpret_cast<sockaddr_in6*>(&any)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(&any)->sin_port = htons(port);
  }
  const bool taken = ::bind(probe, reinterpret_cast<const sockaddr*>(&any),
                            v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)) != 0 &&
                     errno == EADDRINUSE;
  ::close(probe);
  return !taken;
}

std::uint16_t free_port(bool v6) {
  for (std::uint16_t port = k_port; port < k_port + k_most_tried; ++port)
    if (is_free(port, v6)) return port;
  return k_port;
}

std::vector<std::string> peer_command(const std::string& credentials,
                                      const std::vector<config::BootstrapNode>& bootstrap_nodes,
                                      const std::vector<std::string>& more) {
  std::vector<std::string> command{program(), "--credentials", credentials};
  if (!says(more, "--data")) command.insert(command.end(), {"--data", credentials + "/data"});
  if (!says(more, "--listen") && !says(more, "--advertise") && !bootstrap_nodes.empty()) {
    const std::string own = own_address(bootstrap_nodes.front());
    const bool v6 = own.starts_with("[");
    const std::string port = ":" + std::to_string(free_port(v6));
    if (!own.empty())
      command.insert(command.end(),
                     {"--listen", (v6 ? "[::]" : "0.0.0.0") + port, "--advertise", own + port});
  }
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

bool is_own_address(const config::BootstrapNode& node) {
  const std::string own = own_address(node);
  return own == node.address || own == "[" + node.address + "]";
}

std::string become(const std::vector<std::string>& command) {
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv.front(), argv.data());
  return "cannot start " + command.front() + ": " + std::strerror(errno);
}

}  // namespace ringway::services

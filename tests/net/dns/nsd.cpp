#include "tests/net/dns/nsd.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "tests/net/dns/zone.hpp"

namespace ringway::net::dns::test {
namespace {

namespace fs = std::filesystem;
constexpr std::chrono::seconds k_deadline{30};
constexpr int k_attempts = 5;  // another program may take the port first

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  const bool is_bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                        ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!is_bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

std::string content(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

Nsd& Nsd::shared() {
  static Nsd server;
  return server;
}

Nsd::Nsd() {
  std::string pattern = fs::temp_directory_path() / "ringway-nsd-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder for NSD");
  folder_ = pattern;
  std::ofstream(folder_ / "example.zone") << example_zone();
  for (int attempt = 0; attempt < k_attempts; ++attempt) {
    start();
    const auto deadline = std::chrono::steady_clock::now() + k_deadline;
    while (::waitpid(server_, nullptr, WNOHANG) == 0) {
      if (is_up()) return;
      if (std::chrono::steady_clock::now() > deadline) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  throw std::runtime_error("NSD does not start (scripts/install-packages test): " + content(folder_ / "log"));
}

Nsd::~Nsd() {
  if (server_ > 0) {
    ::kill(server_, SIGTERM);
    ::waitpid(server_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Nsd::start() {
  port_ = free_port();
  const auto in = [&](const char* name) { return '"' + (folder_ / name).string() + '"'; };
  std::ofstream(folder_ / "nsd.conf")
      << "server:\n  ip-address: 127.0.0.1@" << port_
      << "\n  server-count: 1\n  username: \"\"\n  database: \"\"\n  zonesdir: " << in(".")
      << "\n  pidfile: " << in("pid") << "\n  xfrdfile: " << in("xfrd") << "\n  xfrdir: " << in(".")
      << "\n  zonelistfile: " << in("zones") << "\n  logfile: " << in("log")
      << "\nremote-control:\n  control-enable: no\n"
      << "zone:\n  name: example.com\n  zonefile: example.zone\n";
  const std::string configuration = folder_ / "nsd.conf";
  server_ = ::fork();
  if (server_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int standard : {0, 1, 2}) ::dup2(nowhere, standard);
  ::execl("/usr/sbin/nsd", "nsd", "-d", "-c", configuration.c_str(), nullptr);
  ::_exit(127);
}

// Its sockets take connections before its zones are read, so this asks for one.
bool Nsd::is_up() const {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port_);
  const timeval patience{0, 200'000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  // A question for the SOA record of example.com, and whether the answer has no error.
  const std::string question("\x12\x34\0\0\0\1\0\0\0\0\0\0\7example\3com\0\0\6\0\1", 29);
  char answer[512] = {};
  const bool is_connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  const bool is_sent = is_connected && ::send(socket, question.data(), question.size(), 0) > 0;
  const auto size = is_sent ? ::recv(socket, answer, sizeof(answer), 0) : -1;
  ::close(socket);
  return size > 12 && (answer[3] & 0x0f) == 0;
}

}  // namespace ringway::net::dns::test

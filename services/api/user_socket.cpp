#include "services/api/user_socket.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>

namespace ringway::services {
namespace {

constexpr int k_pause_without_room_ms = 100;  // no file descriptor is free

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

std::optional<::uid_t> user_of(int connection) {
  ::ucred credentials{};
  ::socklen_t size = sizeof credentials;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0 ||
      size != sizeof credentials)
    return std::nullopt;
  return credentials.uid;
}

class Listener final : public UserSocket {
 public:
  Listener(std::string path, Descriptor socket, Descriptor end, Taker taker)
      : path_(std::move(path)),
        socket_(std::move(socket)),
        end_(std::move(end)),
        taker_(std::move(taker)),
        thread_([this] { run(); }) {}
  ~Listener() override {
    const std::uint64_t one = 1;
    // It cannot be full: nobody else writes there.
    [[maybe_unused]] const auto written = ::write(end_.get(), &one, sizeof one);
    thread_.join();
    ::unlink(path_.c_str());
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

 private:
  void run() {
    while (true) {
      std::array<::pollfd, 2> watched{{{end_.get(), POLLIN, 0}, {socket_.get(), POLLIN, 0}}};
      ::poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0) return;
      if (watched[1].revents != 0 && !take_one()) ::poll(watched.data(), 1, k_pause_without_room_ms);
    }
  }

  // False when there is no room for a connection now.
  bool take_one() {
    Descriptor connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.get() < 0)
      return errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM;
    if (const auto user = user_of(connection.get())) taker_(connection.release(), *user);
    return true;
  }

  std::string path_;
  Descriptor socket_;
  Descriptor end_;
  Taker taker_;
  std::thread thread_;
};

Failure cannot_listen(const std::string& path) {
  return {"the API cannot listen on unix:" + path + ": " + std::strerror(errno)};
}

}  // namespace

Result<std::unique_ptr<UserSocket>> UserSocket::listen(const std::string& path, Taker taker) {
  ::sockaddr_un address{};
  if (path.empty() || path.size() >= sizeof address.sun_path)
    return Failure{"the path of a unix socket has 1 to 107 bytes: " + path};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, address.sun_path);
  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  Descriptor end(::eventfd(0, EFD_CLOEXEC));
  if (socket.get() < 0 || end.get() < 0) return cannot_listen(path);
  struct ::stat there {};
  // Only what another process has left behind; a file of another kind is somebody's.
  if (::lstat(path.c_str(), &there) == 0 && S_ISSOCK(there.st_mode)) ::unlink(path.c_str());
  const ::mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), reinterpret_cast<const ::sockaddr*>(&address), sizeof address);
  ::umask(before);
  if (bound != 0) return cannot_listen(path);
  if (::listen(socket.get(), SOMAXCONN) != 0) return cannot_listen(path);
  return std::unique_ptr<UserSocket>(
      std::make_unique<Listener>(path, std::move(socket), std::move(end), std::move(taker)));
}

}  // namespace ringway::services

#include "services/ringway/terminal.hpp"

#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <utility>

namespace ringway::services {

namespace {

constexpr std::size_t k_max_line_bytes = 256;  // a code is shorter

volatile std::sig_atomic_t stop_asked = 0;
extern "C" void ringway_note_stop(int) { stop_asked = 1; }

void sleep_for(std::chrono::milliseconds wait) { ::poll(nullptr, 0, static_cast<int>(wait.count())); }

}  // namespace

// While it lives the terminal does not show what is typed, and Ctrl-C is a wish instead of the end, so that
// the terminal is left as it was.
class Terminal::Quiet {
 public:
  Quiet() {
    stop_asked = 0;
    struct ::sigaction note {};
    note.sa_handler = &ringway_note_stop;  // without SA_RESTART: poll() returns
    ::sigaction(SIGINT, &note, &interrupt_);
    ::sigaction(SIGTERM, &note, &terminate_);
    silenced_ = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!silenced_) return;
    ::termios silent = before_;
    silent.c_lflag &= ~static_cast<::tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &silent);
  }
  ~Quiet() {
    if (silenced_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGTERM, &terminate_, nullptr);
  }
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;

 private:
  ::termios before_{};
  struct ::sigaction interrupt_ {};
  struct ::sigaction terminate_ {};
  bool silenced_ = false;
};

Terminal::Terminal(const Session& session, EnrolSecrets secrets)
    : session_(session), secrets_(std::move(secrets)), standard_input_(&session.in == &std::cin) {
  secrets_.invitation.may_ask = standard_input_;
  secrets_.password.may_ask = standard_input_;
}

Terminal::~Terminal() { enrolld::wipe(typed_); }

void Terminal::tell(const std::string& text) { session_.err << printable(text) << std::endl; }

bool Terminal::wants_to_stop() const { return quiet_ && stop_asked != 0; }

void Terminal::read_some(std::chrono::milliseconds wait) {
  ::pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, static_cast<int>(wait.count())) <= 0) return;
  std::array<char, k_max_line_bytes> bytes{};
  const ssize_t count = ::read(STDIN_FILENO, bytes.data(), bytes.size());
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
  if (count > 0) typed_.append(bytes.data(), static_cast<std::size_t>(count));
}

std::optional<enrolld::Secret> Terminal::listen(std::chrono::milliseconds wait) {
  if (standard_input_ && !quiet_) quiet_ = std::make_unique<Quiet>();
  if (ended_) {
    sleep_for(wait);
    return std::nullopt;
  }
  if (standard_input_) {
    read_some(wait);
  } else if (std::string line; std::getline(session_.in, line)) {
    typed_ += line + "\n";
  } else {
    ended_ = true;
  }
  const auto end = typed_.find('\n');
  if (end == std::string::npos) {
    if (typed_.size() > k_max_line_bytes) enrolld::wipe(typed_);
    return std::nullopt;
  }
  const std::string_view line(typed_.data(), end);
  const auto first = line.find_first_not_of(" \t\r");
  const auto last = line.find_last_not_of(" \t\r");
  enrolld::Secret code(first == std::string_view::npos ? "" : line.substr(first, last - first + 1));
  enrolld::wipe(typed_);
  return code;
}

}  // namespace ringway::services

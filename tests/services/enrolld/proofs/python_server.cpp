#include "tests/services/enrolld/proofs/python_server.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace ringway::enrolld {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds k_longest_wait{20};

}  // namespace

PythonServer::PythonServer(const std::string& script, const std::vector<std::string>& arguments) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  input_ = in[1];
  output_ = out[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);

  std::vector<std::string> words{RINGWAY_SYSTEM_PYTHON, "-B", RINGWAY_PROOF_SERVERS "/" + script};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  const int failed =
      ::posix_spawn(&process_, RINGWAY_SYSTEM_PYTHON, &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  if (failed != 0) throw std::runtime_error("cannot start " + script);
  const auto ready = next("ready");
  if (ready.is_object()) port_ = ready["port"].get<std::uint16_t>();
}

PythonServer::~PythonServer() {
  ::close(input_);
  ::close(output_);
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);  // some of them hang on purpose
  ::waitpid(process_, nullptr, 0);
}

nlohmann::json PythonServer::next(const std::string& event) {
  const auto deadline = Clock::now() + k_longest_wait;
  std::string line;
  while (next_line(deadline, line)) {
    auto said = nlohmann::json::parse(line);
    if (said["event"] == event) return said;
  }
  ADD_FAILURE() << "the server has not said '" << event << "'";
  return nullptr;
}

std::vector<nlohmann::json> PythonServer::all(std::chrono::milliseconds within) {
  const auto deadline = Clock::now() + within;
  std::vector<nlohmann::json> events;
  for (std::string line; next_line(deadline, line);) events.push_back(nlohmann::json::parse(line));
  return events;
}

bool PythonServer::next_line(Clock::time_point deadline, std::string& line) {
  for (;;) {
    if (const auto end = unread_.find('\n'); end != std::string::npos) {
      line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return true;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd readable{output_, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) return false;
    std::array<char, 4096> bytes{};
    const ssize_t count = ::read(output_, bytes.data(), bytes.size());
    if (count <= 0) return false;
    unread_.append(bytes.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace ringway::enrolld

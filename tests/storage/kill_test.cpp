// A process that writes is killed with SIGKILL; what it had acknowledged is there afterwards, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include "storage/rocks_store.hpp"
#include "tests/storage/temp_folder.hpp"
#include "tests/storage/writer_groups.hpp"

namespace ringway::storage {
namespace {

constexpr std::chrono::seconds k_deadline{60};

// The writer as a child process, and what it has printed so far.
class Writer {
 public:
  explicit Writer(const std::string& directory) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::close(ends[0]);
      ::close(ends[1]);
      ::execl(RINGWAY_STORE_WRITER, RINGWAY_STORE_WRITER, directory.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
  }
  ~Writer() {
    kill();
    if (output_ >= 0) ::close(output_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // True once `number` is acknowledged; false at the deadline or when the writer ended before.
  bool wait_for(std::uint32_t number) {
    const auto deadline = std::chrono::steady_clock::now() + k_deadline;
    while (last_ < number) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
      if (!read_some()) return false;
    }
    return true;
  }
  // Kills it, and returns the last number that it acknowledged.
  std::uint32_t kill() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
      child_ = -1;
      while (read_some()) {
      }
    }
    return last_;
  }

 private:
  // Takes whole lines only: a number cut short would be another number.
  bool read_some() {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(output_, buffer.data(), buffer.size());
    if (count <= 0) return false;
    text_.append(buffer.data(), static_cast<std::size_t>(count));
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      last_ = static_cast<std::uint32_t>(std::stoul(text_.substr(0, end)));
      text_.erase(0, end + 1);
    }
    return true;
  }

  pid_t child_ = -1;
  int output_ = -1;
  std::string text_;
  std::uint32_t last_ = 0;
};

// Whether both Kinds of the group are there, and equal to what was written; groups are never there by half.
bool group_is_there(const RocksStore& store, std::uint32_t number) {
  const auto first = store.load({resource_number(number), k_first_kind});
  const auto second = store.load({resource_number(number), k_second_kind});
  EXPECT_TRUE(first && second);
  if (!first || !second) return false;
  EXPECT_EQ(first->records.size(), second->records.size()) << "half of group " << number;
  EXPECT_EQ(first->generation_counter, second->generation_counter) << "half of group " << number;
  if (first->records.empty() || second->records.empty()) return false;
  EXPECT_EQ(first->generation_counter, number);
  EXPECT_EQ(text_in(first->records[0]), text_number(number));
  EXPECT_EQ(text_in(second->records[0]), text_number(number));
  return true;
}

// Kills at several moments on the same directory: each time the store must come back with all of it.
TEST(KillTest, AcknowledgedGroupsSurviveSigkill) {
  const TempFolder folder;
  const std::string directory = folder.path("store");
  std::uint32_t most = 0;
  for (const std::uint32_t kill_after : {1U, 150U, 400U}) {
    Writer writer(directory);
    ASSERT_TRUE(writer.wait_for(kill_after));
    most = std::max(most, writer.kill());

    RocksSettings settings;
    settings.directory = directory;
    settings.now = [] { return k_start_ms; };
    auto store = RocksStore::open(std::move(settings));
    ASSERT_TRUE(store) << store.error().reason;
    for (std::uint32_t number = 1; number <= most; ++number) {
      ASSERT_TRUE(group_is_there(**store, number)) << number << " of " << most;
    }
    // The one behind may have reached the disk unacknowledged; the check is that it is whole.
    const bool one_more = group_is_there(**store, most + 1);
    const auto listed = (*store)->list(RingId{}, RingId{}, 1'000'000);
    ASSERT_TRUE(listed);
    EXPECT_EQ(listed->size(), 2U * (most + (one_more ? 1 : 0)));
    EXPECT_TRUE((*store)->certificate(Bytes(32, 0xCE))->has_value());
  }
}

}  // namespace
}  // namespace ringway::storage

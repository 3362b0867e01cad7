#include "services/enrolld/proofs/transfer_loop.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "services/enrolld/proofs/curl_handles.hpp"

namespace ringway::enrolld {

namespace {

using Clock = std::chrono::steady_clock;
constexpr int k_longest_sleep_ms = 60'000;

}  // namespace

struct TransferLoop::State {
  struct Running {
    std::unique_ptr<Transfer> transfer;
    CurlEasy handle;  // goes first: it refers to what the transfer owns
  };

  explicit State(const Bounds& given) : bounds(given) {
    require_curl();
    multi.reset(curl_multi_init());
    if (!multi) throw std::runtime_error("libcurl cannot start");
    // Answers of a server that is never asked again need not be kept alive.
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, static_cast<long>(given.most_at_once));
  }

  void run();
  bool take_submitted();
  void start_due();
  void start(std::unique_ptr<Transfer> transfer);
  void reap();
  void settle(Running done, CURLcode result);
  void drop_all();
  int sleep_ms() const;

  const Bounds bounds;
  CurlMulti multi;

  // The thread's own.
  std::map<CURL*, Running> running;
  std::multimap<Clock::time_point, std::unique_ptr<Transfer>> waiting;  // by when the next attempt is due

  mutable std::mutex mutex;  // for what follows
  std::vector<std::unique_ptr<Transfer>> submitted;
  std::size_t count = 0;
  bool stopping = false;

  std::thread thread;  // the last member: it uses all others
};

void TransferLoop::State::run() {
  while (take_submitted()) {
    start_due();
    int active = 0;
    curl_multi_perform(multi.get(), &active);
    reap();
    curl_multi_poll(multi.get(), nullptr, 0, sleep_ms(), nullptr);
  }
  drop_all();
}

// False when it is time to stop.
bool TransferLoop::State::take_submitted() {
  const std::lock_guard lock(mutex);
  for (auto& transfer : submitted) waiting.emplace(Clock::now(), std::move(transfer));
  submitted.clear();
  return !stopping;
}

void TransferLoop::State::start_due() {
  while (running.size() < bounds.most_at_once && !waiting.empty() && waiting.begin()->first <= Clock::now()) {
    auto transfer = std::move(waiting.begin()->second);
    waiting.erase(waiting.begin());
    start(std::move(transfer));
  }
}

void TransferLoop::State::start(std::unique_ptr<Transfer> transfer) {
  Running next{std::move(transfer), CurlEasy(curl_easy_init())};
  CURL* handle = next.handle.get();
  if (handle == nullptr) return settle(std::move(next), CURLE_OUT_OF_MEMORY);
  const CURLcode prepared = next.transfer->prepare(handle);
  if (prepared != CURLE_OK) return settle(std::move(next), prepared);
  if (curl_multi_add_handle(multi.get(), handle) != CURLM_OK)
    return settle(std::move(next), CURLE_OUT_OF_MEMORY);
  running.emplace(handle, std::move(next));
}

void TransferLoop::State::reap() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode result = message->data.result;  // `message` is gone with the handle
    const auto found = running.find(message->easy_handle);
    if (found == running.end()) continue;
    Running done = std::move(found->second);
    running.erase(found);
    curl_multi_remove_handle(multi.get(), done.handle.get());
    settle(std::move(done), result);
  }
}

void TransferLoop::State::settle(Running done, CURLcode result) {
  const auto again_in = done.transfer->finished(done.handle.get(), result);
  done.handle.reset();
  if (again_in) {
    waiting.emplace(Clock::now() + *again_in, std::move(done.transfer));
    return;
  }
  const std::lock_guard lock(mutex);
  --count;
}

void TransferLoop::State::drop_all() {
  for (auto& [handle, one] : running) {
    curl_multi_remove_handle(multi.get(), handle);
    one.transfer->dropped();
  }
  for (auto& [due, transfer] : waiting) transfer->dropped();
  running.clear();
  waiting.clear();
  const std::lock_guard lock(mutex);
  count = 0;
}

int TransferLoop::State::sleep_ms() const {
  // A transfer that waits for a free place is woken by the one that ends.
  if (waiting.empty() || running.size() >= bounds.most_at_once) return k_longest_sleep_ms;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(waiting.begin()->first - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, k_longest_sleep_ms));
}

TransferLoop::TransferLoop(const Bounds& bounds) : state_(std::make_unique<State>(bounds)) {
  state_->thread = std::thread([state = state_.get()] { state->run(); });
}

TransferLoop::~TransferLoop() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  curl_multi_wakeup(state_->multi.get());
  state_->thread.join();
}

bool TransferLoop::submit(std::unique_ptr<Transfer> transfer) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->count >= state_->bounds.most) return false;
    ++state_->count;
    state_->submitted.push_back(std::move(transfer));
  }
  curl_multi_wakeup(state_->multi.get());
  return true;
}

std::size_t TransferLoop::size() const {
  const std::lock_guard lock(state_->mutex);
  return state_->count;
}

}  // namespace ringway::enrolld

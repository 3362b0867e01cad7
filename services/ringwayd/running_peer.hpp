// A peer of the process as `ringwayd` looks after it, and what other threads have told its main thread.
#pragma once

#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's kill() is not in <csignal>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/peer.hpp"
#include "services/api/server.hpp"
#include "services/ringwayd/credentials.hpp"
#include "services/ringwayd/namesakes.hpp"
#include "services/ringwayd/watcher.hpp"
#include "services/upkeep/enrollment_file.hpp"

namespace ringway::services {

inline constexpr int k_wake_signal = SIGUSR1;  // something happened on another thread

struct RunningPeer {
  std::size_t number = 0;  // of the settings: those that do not start are left out
  std::string name;
  std::string document;  // the file
  Credentials credentials;
  EnrollmentServer enrollment;
  std::shared_ptr<const ApiPolicy> policy;
  std::shared_ptr<actors::Peer> peer;
  std::unique_ptr<ApiServer> api;
  Watcher watcher;
  RefusalWatch refusals;
  Namesakes namesakes;
  bool asked = false;  // a status is on its way
  bool left = false;
  std::atomic<bool> ended = false;  // not by leaving: the overlay or its document wants it no more
};

// What other threads have told the main thread.
struct Mailbox {
  std::mutex mutex;
  std::vector<std::pair<std::size_t, actors::PeerStatus>> statuses;
  std::vector<std::size_t> left;
  std::vector<std::pair<RunningPeer*, actors::PeerFailure>> failures;
  std::vector<std::pair<RunningPeer*, std::vector<NodeId>>> namesakes;  // all that a look has found

  template <typename List, typename Item>
  void post(List Mailbox::*list, Item item) {
    {
      const std::scoped_lock lock(mutex);
      (this->*list).push_back(std::move(item));
    }
    ::kill(::getpid(), k_wake_signal);
  }
};

}  // namespace ringway::services

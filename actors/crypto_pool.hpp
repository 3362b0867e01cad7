// The threads that check signatures, shared by the peers of a process. Each peer has a desk at the pool; each
// worker has an Inspector of its own for each desk, so no inspection takes a lock. Verdicts come in any
// order: routing restores the order of each link.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/system_clock.hpp"
#include "reload/data/messages.hpp"
#include "reload/routing/messages.hpp"
#include "reload/security/inspector.hpp"

namespace ringway::actors {

inline constexpr std::size_t k_max_waiting_inspections = 16384;  // of one peer

// One peer's desk. All functions may be called from any thread and never block.
class InspectionDesk {
 public:
  virtual ~InspectionDesk() = default;
  // The verdict follows. Above the bound the message is not looked at and the verdict says so: it counts as
  // lost on the way, and its sender repeats it (RFC 6940 §6.2.1).
  virtual void inspect(routing::Inspect order) = 0;
  // Values that came on a channel; likewise: above the bound there are no verdicts.
  virtual void check(data::CheckValues order) = 0;
  // A new configuration: what is inspected from now on is judged by it.
  virtual void replace(security::InspectionContext context) = 0;
  // What waits is dropped; no verdict is begun any more.
  virtual void close() = 0;
};

struct DeskCallbacks {
  std::function<void(routing::Inspected)> verdict;   // on a worker's thread
  std::function<void(data::ValuesChecked)> checked;  // the same
  std::function<void(std::string reason)> broken;    // an inspection has thrown: the peer must come down
};

class CryptoPool {
 public:
  CryptoPool(std::size_t threads, std::shared_ptr<const Clock> clock);
  ~CryptoPool();  // ends after the inspections at hand
  CryptoPool(const CryptoPool&) = delete;
  CryptoPool& operator=(const CryptoPool&) = delete;

  std::shared_ptr<InspectionDesk> open_desk(security::InspectionContext context, DeskCallbacks callbacks);

 private:
  class Workers;
  class Desk;
  std::shared_ptr<Workers> workers_;
  std::shared_ptr<const Clock> clock_;
};

}  // namespace ringway::actors

// One thread that drives libcurl for many transfers at once: mails, questions to the webhook. Bounded; a
// transfer that fails may ask for another attempt later and keeps its place.
#pragma once

#include <curl/curl.h>

#include <cstddef>
#include <memory>
#include <optional>

#include "reload/time.hpp"

namespace ringway::enrolld {

// All functions are called on the loop's thread.
class Transfer {
 public:
  Transfer() = default;
  virtual ~Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Sets up a fresh handle for the next attempt.
  virtual CURLcode prepare(CURL* handle) = 0;
  // The attempt has ended; a time from now asks for another, none ends the transfer. Without memory there is
  // no handle.
  virtual std::optional<Duration> finished(CURL* handle, CURLcode result) = 0;
  // The loop stops before the transfer has ended.
  virtual void dropped() = 0;
};

class TransferLoop {
 public:
  struct Bounds {
    std::size_t most;          // transfers in all: under way, waiting, and waiting for another attempt
    std::size_t most_at_once;  // under way
  };
  explicit TransferLoop(const Bounds& bounds);
  // Ends what is under way; what has not ended is dropped. Not on the loop's own thread.
  ~TransferLoop();
  TransferLoop(const TransferLoop&) = delete;
  TransferLoop& operator=(const TransferLoop&) = delete;

  // False, and the transfer is gone, when there are `most` already. From any thread.
  bool submit(std::unique_ptr<Transfer> transfer);
  std::size_t size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringway::enrolld

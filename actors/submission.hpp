// Calls of an application on their way to the storage actor, and the bound on how many may be under way.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/answer.hpp"
#include "reload/data/api.hpp"

namespace ringway::actors {

// Counts calls under way; taken and given back from any thread.
class CallBound {
 public:
  explicit CallBound(std::size_t max_calls) : max_calls_(max_calls) {}
  bool take(std::size_t calls);
  void give_back(std::size_t calls) { under_way_.fetch_sub(calls); }
  std::size_t under_way() const { return under_way_.load(); }

 private:
  const std::size_t max_calls_;
  std::atomic<std::size_t> under_way_{0};
};

// Answers exactly once, and gives its share of the bound back when it goes.
class Submission {
 public:
  using Results = std::vector<data::CallResult>;

  // The caller has taken calls.size() from `bound`.
  Submission(std::uint64_t token, std::vector<data::Call> calls, std::function<void(Results)> done,
             std::shared_ptr<CallBound> bound);
  ~Submission() { bound_->give_back(count_); }
  Submission(const Submission&) = delete;
  Submission& operator=(const Submission&) = delete;

  std::uint64_t token() const { return token_; }
  std::vector<data::Call> take_calls() { return std::move(calls_); }
  void answer(Results results) const { done_(std::move(results)); }
  void cancel() const { done_.forget(); }

  // The same failure for each of `count` calls.
  static Results refuse(std::size_t count, data::CallError error, const std::string& message);

 private:
  std::uint64_t token_;
  std::vector<data::Call> calls_;
  std::size_t count_;
  std::shared_ptr<CallBound> bound_;
  Answer<Results> done_;
};
using SubmissionPtr = std::shared_ptr<Submission>;

}  // namespace ringway::actors

// What is to be done next for one peer, and what has come of it so far. Time and chance are passed in;
// nothing is carried out here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "services/upkeep/timetable.hpp"

namespace ringway::services {

// For the peer's status.
struct TaskReport {
  bool on = false;
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;
  WallMs last_ms = 0;       // 0: not tried yet
  std::string last_result;  // for people
  bool failing = false;     // the last attempt was in vain
  WallMs next_ms = 0;       // 0: never
};
struct UpkeepReport {
  TaskReport renewal;
  TaskReport poll;
};

struct UpkeepTimes {
  RenewalTimes renewal;
  PollTimes poll;
};

class UpkeepPlan {
 public:
  enum class Task { renew, poll };
  struct Due {
    Task task = Task::renew;
    WallMs at_ms = 0;
  };

  UpkeepPlan(const UpkeepTimes& times, const std::shared_ptr<Random>& random);

  // The peer has started with a certificate from before.
  void keep_certificate(WallMs not_before_ms, WallMs not_after_ms, WallMs now_ms);
  void keep_document(std::optional<WallMs> expires_ms, WallMs now_ms);

  std::optional<Due> next() const;

  void renewed(WallMs not_after_ms, WallMs now_ms);
  void renewal_failed(const std::string& reason, bool refused, Duration retry_after, WallMs now_ms);
  // The document that the peer has after a poll, or got otherwise.
  void polled(const std::string& result, std::optional<WallMs> expires_ms, WallMs now_ms);
  void poll_failed(const std::string& reason, WallMs now_ms);
  void document(std::optional<WallMs> expires_ms, WallMs now_ms);
  // There may be a newer document.
  void hurry_poll(WallMs now_ms);

  const UpkeepReport& report() const { return report_; }

 private:
  void tell_next();

  RenewalTimetable renewals_;
  PollTimetable polls_;
  std::optional<WallMs> expires_ms_;
  UpkeepReport report_;
};

}  // namespace ringway::services

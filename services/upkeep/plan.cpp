#include "services/upkeep/plan.hpp"

namespace ringway::services {
namespace {

void note(TaskReport& task, bool good, const std::string& result, WallMs now_ms) {
  ++(good ? task.succeeded : task.failed);
  task.failing = !good;
  task.last_ms = now_ms;
  task.last_result = result;
}

}  // namespace

UpkeepPlan::UpkeepPlan(const UpkeepTimes& times, const std::shared_ptr<Random>& random)
    : renewals_(times.renewal, random), polls_(times.poll, random) {}

void UpkeepPlan::keep_certificate(WallMs not_before_ms, WallMs not_after_ms, WallMs now_ms) {
  report_.renewal.on = true;
  renewals_.use(not_before_ms, not_after_ms, now_ms);
  tell_next();
}

void UpkeepPlan::keep_document(std::optional<WallMs> expires_ms, WallMs now_ms) {
  report_.poll.on = true;
  expires_ms_ = expires_ms;
  polls_.start(expires_ms, now_ms);
  tell_next();
}

std::optional<UpkeepPlan::Due> UpkeepPlan::next() const {
  std::optional<Due> first;
  if (report_.renewal.on && renewals_.next_ms()) first = Due{Task::renew, *renewals_.next_ms()};
  if (report_.poll.on && (!first || polls_.next_ms() < first->at_ms))
    first = Due{Task::poll, polls_.next_ms()};
  return first;
}

void UpkeepPlan::renewed(WallMs not_after_ms, WallMs now_ms) {
  note(report_.renewal, true, "renewed", now_ms);
  renewals_.use(now_ms, not_after_ms, now_ms);
  tell_next();
}

void UpkeepPlan::renewal_failed(const std::string& reason, bool refused, Duration retry_after,
                                WallMs now_ms) {
  renewals_.failed(refused, retry_after, now_ms);
  note(report_.renewal, false, reason, now_ms);
  tell_next();
}

void UpkeepPlan::polled(const std::string& result, std::optional<WallMs> expires_ms, WallMs now_ms) {
  expires_ms_ = expires_ms;
  note(report_.poll, true, result, now_ms);
  polls_.succeeded(expires_ms, now_ms);
  tell_next();
}

void UpkeepPlan::poll_failed(const std::string& reason, WallMs now_ms) {
  note(report_.poll, false, reason, now_ms);
  polls_.failed(expires_ms_, now_ms);
  tell_next();
}

void UpkeepPlan::document(std::optional<WallMs> expires_ms, WallMs now_ms) {
  if (!report_.poll.on || expires_ms == expires_ms_) return;
  expires_ms_ = expires_ms;
  polls_.document(expires_ms, now_ms);
  tell_next();
}

void UpkeepPlan::hurry_poll(WallMs now_ms) {
  if (!report_.poll.on) return;
  polls_.hurry(now_ms);
  tell_next();
}

void UpkeepPlan::tell_next() {
  report_.renewal.next_ms = report_.renewal.on ? renewals_.next_ms().value_or(0) : 0;
  report_.poll.next_ms = report_.poll.on ? polls_.next_ms() : 0;
}

}  // namespace ringway::services

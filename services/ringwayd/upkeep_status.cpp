#include "services/ringwayd/upkeep_status.hpp"

namespace ringway::services {
namespace {

void fill(v1::UpkeepTask& out, const TaskReport& task) {
  out.set_on(task.on);
  out.set_succeeded(task.succeeded);
  out.set_failed(task.failed);
  out.set_last_ms(task.last_ms);
  out.set_last_result(task.last_result);
  out.set_failing(task.failing);
  out.set_next_ms(task.next_ms);
}

}  // namespace

void fill(v1::StatusResponse& out, const UpkeepReport& report) {
  fill(*out.mutable_renewal(), report.renewal);
  fill(*out.mutable_configuration_poll(), report.poll);
}

}  // namespace ringway::services

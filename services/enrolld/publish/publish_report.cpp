#include "services/enrolld/publish/publish_report.hpp"

namespace ringway::enrolld {

const char* name_of(PushOutcome outcome) {
  switch (outcome) {
    case PushOutcome::accepted:
      return "accepted";
    case PushOutcome::has_it:
      return "has_it";
    case PushOutcome::has_newer:
      return "has_newer";
    case PushOutcome::same_peer:
      return "same_peer";
    case PushOutcome::refused:
      return "refused";
    case PushOutcome::failed:
      return "failed";
    case PushOutcome::not_needed:
      return "not_needed";
  }
  return "failed";
}

std::string describe(const AddressReport& report) {
  const std::string node = report.node == k_no_node ? "" : "node " + report.node.hex();
  const std::string times = report.attempts > 1 ? " (" + std::to_string(report.attempts) + " attempts)" : "";
  switch (report.outcome) {
    case PushOutcome::accepted:
      return node + " has taken it";
    case PushOutcome::has_it:
      return node + " had it already";
    case PushOutcome::has_newer:
      return node + " has a newer one: " + report.reason;
    case PushOutcome::same_peer:
      return node + " again, at another address";
    case PushOutcome::refused:
      return node + " refuses it: " + report.reason;
    case PushOutcome::failed:
      return (node.empty() ? "" : node + ": ") + report.reason + times;
    case PushOutcome::not_needed:
      return "not asked: enough others have it";
  }
  return report.reason;
}

}  // namespace ringway::enrolld

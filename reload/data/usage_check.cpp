#include "reload/data/usage_check.hpp"

namespace ringway::data {

Outcome<> check_usage(const UsageChecks* checks, const config::Configuration& configuration,
                      const config::KindDefinition& kind, const Writer& writer,
                      const wire::StoredDataValue& value) {
  if (checks == nullptr) return Done{};
  const auto found = checks->find(kind.kind);
  return found == checks->end() ? Done{} : found->second->check(configuration, kind, writer, value);
}

}  // namespace ringway::data

// What a usage asks of the values of its Kind beyond the Kind's access policy: the way in for checks of
// folders above reload/, which know what a value means.
#pragma once

#include <map>
#include <memory>

#include "reload/config/configuration.hpp"
#include "reload/data/access_control.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

class UsageCheck {
 public:
  virtual ~UsageCheck() = default;
  // Whether the responsible peer may take this value, whose writer has satisfied the access policy; if not,
  // the Store is refused with Error_Forbidden. Removals are shown as well. Copies are not: what has been
  // accepted stays where it is when the configuration changes, until its lifetime ends.
  virtual Outcome<> check(const config::Configuration& configuration, const config::KindDefinition& kind,
                          const Writer& writer, const wire::StoredDataValue& value) const = 0;
};

// One check for a Kind at most; a Kind without has its access policy alone.
using UsageChecks = std::map<KindId, std::shared_ptr<const UsageCheck>>;
using UsageChecksPtr = std::shared_ptr<const UsageChecks>;

// Of the Kind's check, if there is one.
Outcome<> check_usage(const UsageChecks* checks, const config::Configuration& configuration,
                      const config::KindDefinition& kind, const Writer& writer,
                      const wire::StoredDataValue& value);

}  // namespace ringway::data

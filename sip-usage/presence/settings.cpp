#include "sip-usage/presence/settings.hpp"

namespace ringway::sip::presence {

Outcome<> check(const Permission& permission) {
  if (permission.who != Permission::Who::listed && !permission.readers.empty())
    return Failure{"a list of who may see a user that does not count"};
  if (permission.outside && permission.who != Permission::Who::everyone)
    return Failure{"strangers may see a user whom not everyone may see"};
  if (permission.readers.size() > k_max_readers)
    return Failure{"more than " + std::to_string(k_max_readers) + " who may see a user"};
  return Done{};
}

std::string presence_key(const Aor& aor) { return aor.name() + "/sip-presence"; }

}  // namespace ringway::sip::presence

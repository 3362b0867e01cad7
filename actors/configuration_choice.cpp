#include "actors/configuration_choice.hpp"

#include <string>

namespace ringway::actors {

Result<config::ConfigurationPtr> choose_configuration(const config::ConfigurationPtr& given,
                                                      const config::ConfigurationPtr& kept, WallMs now_ms) {
  const bool given_valid = !given->expired_at(now_ms);
  const bool kept_valid = kept != nullptr && !kept->expired_at(now_ms);
  if (given_valid && kept_valid)
    return config::sequence_newer(kept->sequence, given->sequence) ? kept : given;
  if (given_valid) return given;
  if (kept_valid) return kept;
  const std::string in_store =
      kept != nullptr ? "so has the one in the store (sequence " + std::to_string(kept->sequence) + ")"
                      : "the store holds no other";
  return Failure{"the overlay's configuration document (sequence " + std::to_string(given->sequence) +
                 ") has expired, and " + in_store +
                 ": get the overlay's present overlay.xml, put it in the old one's place and start again"};
}

}  // namespace ringway::actors

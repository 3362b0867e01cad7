#include "reload/security/asn1_time.hpp"

#include <memory>

namespace ringway::security {

std::optional<WallMs> wall_ms_of(const ASN1_TIME* time) {
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> epoch(ASN1_TIME_set(nullptr, 0),
                                                                    ASN1_TIME_free);
  int days = 0;
  int seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1 || days < 0 || seconds < 0)
    return std::nullopt;
  return (static_cast<WallMs>(days) * 86'400 + static_cast<WallMs>(seconds)) * 1000;
}

}  // namespace ringway::security

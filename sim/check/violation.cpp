#include "sim/check/violation.hpp"

namespace ringway::sim {

std::string_view name_of(Law law) {
  switch (law) {
    case Law::one_ring:
      return "one-ring";
    case Law::one_responsible:
      return "one-responsible-peer";
    case Law::value_kept:
      return "value-kept";
    case Law::value_fresh:
      return "value-fresh";
    case Law::value_genuine:
      return "value-genuine";
    case Law::one_swap:
      return "one-swap";
    case Law::damage_mended:
      return "damage-mended";
    case Law::subscription_kept:
      return "subscription-kept";
    case Law::watched_in_order:
      return "watched-in-order";
    case Law::tables_bounded:
      return "tables-bounded";
    case Law::few_hops:
      return "few-hops";
    case Law::few_messages:
      return "few-messages";
    case Law::little_upkeep:
      return "little-upkeep";
    case Law::calls_answered:
      return "calls-answered";
    case Law::enough_success:
      return "enough-success";
    case Law::playable:
      return "playable";
  }
  return "unknown";
}

}  // namespace ringway::sim

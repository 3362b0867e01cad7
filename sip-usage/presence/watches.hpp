// What presence asks of the overlay's watches, and what a program sees that watches a user.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "reload/data/api.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::presence {

enum class WatchId : std::uint64_t {};  // never used twice by one room

// All entries at presence_key() of that user, until EndWatch or the watch has failed.
struct BeginWatch {
  WatchId watch{};
  Aor aor;
};
struct EndWatch {
  WatchId watch{};
};

enum class OnlookerId : std::uint64_t {};  // the driver's, never used twice

struct Sight {
  Aor aor;
  // None: all that is there is for others.
  std::shared_ptr<const std::string> document;
  bool is_reachable = false;  // one of its tuples is open
  bool is_compacted = false;  // changes since the last one are not told one by one
};
using SightResult = std::variant<Sight, data::CallFailure>;

}  // namespace ringway::sip::presence

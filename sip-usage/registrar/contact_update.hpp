// What a REGISTER makes of a user's bindings: the rules of RFC 3261 §10.3 steps 6 and 7, RFC 3327 §5.3,
// RFC 5626 §6 and RFC 5627 §5.1. Pure: the bindings before, the request and the time go in, the bindings
// after or a refusal come out; nothing of a refused request counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "reload/result.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registrar/binding.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

struct Rejection {
  unsigned status = 400;
  std::string reason;
  std::optional<std::uint32_t> min_expires_s{};  // of a 423
  std::optional<unsigned> retry_after_s{};
};

struct ContactUpdate {
  BindingList bindings;
  bool uses_outbound = false;  // the answer says so (RFC 5626 §6)
  bool removes = false;        // something was to be removed, whether or not it was there
};

// `present` has none that have expired.
Result<ContactUpdate, Rejection> update_contacts(const BindingList& present, const Message& request,
                                                 const Aor& aor, const Source& source, MonoTime now,
                                                 const Settings& settings);

}  // namespace ringway::sip::registrar

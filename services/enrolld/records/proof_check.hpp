// Whether the proof of an enrolment holds, and its using up.
#pragma once

#include <optional>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

struct Claim {
  std::optional<Verdict> refusal;
  std::optional<std::int64_t> used_for;  // the device, when the refusal is proof_used
  // The claimant owns the name, and may add devices to its account; else he may only have a name that nobody
  // has.
  bool owns_name = false;
  // It is the folder's from now on, and blocked for everybody else.
  bool takes_name = false;
  // The invitation has brought this very device already; the answer may have got lost.
  bool repeated = false;
  std::optional<PendingId> pending;
  std::optional<Digest> invitation;
};

// Locks what the proof stands in until the transaction ends, and counts the attempt.
Claim check_proof(Session& session, const EnrolRequest& request);
// For the claim of a proof that holds, once it has brought this device.
void use_up(Session& session, const Claim& claim, std::int64_t device_id);

}  // namespace ringway::enrolld

// Which of the ways of proof that a server offers a claimant takes.
#pragma once

#include <vector>

#include "reload/result.hpp"
#include "services/enroll_client/enrol_user.hpp"

namespace ringway::services {

// The one wished for, if the server offers it; else the one that there is a secret or a client certificate
// for; else mail; else the only one. The failure says what to choose from.
Result<Proof> choose_proof(const EnrolWish& wish, const std::vector<Proof>& offered, const Person& person);

}  // namespace ringway::services

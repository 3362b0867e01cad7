// The further users of a peer, from what their folders hold.
#pragma once

#include <vector>

#include "actors/peer.hpp"
#include "reload/data/user_signers.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"

namespace ringway::actors {

// `own`: the peer's.
Result<data::UserSignersPtr> load_users(const std::vector<UserCredentials>& users,
                                        const security::Signer& own);

}  // namespace ringway::actors

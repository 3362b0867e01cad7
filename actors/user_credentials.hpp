// The further users of a peer, from what their folders hold.
#pragma once

#include <optional>
#include <vector>

#include "actors/peer.hpp"
#include "reload/data/user_signers.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "sip-usage/messages/calls.hpp"

namespace ringway::actors {

// `own`: the peer's.
Result<data::UserSignersPtr> load_users(const std::vector<UserCredentials>& users,
                                        const security::Signer& own);

// A user with the key that opens what was closed for that certificate; `is_own`: the peer's own user. Nothing
// for who has no address of SIP.
std::optional<sip::messages::OwnUser> message_user(const UserCredentials& user,
                                                   const security::Signer& signer, bool is_own);
// Of all further users, in their order.
std::vector<sip::messages::OwnUser> message_users(const std::vector<UserCredentials>& users);

}  // namespace ringway::actors

// The credentials of the users that a peer may write as besides its own (--user-credentials), read from
// folders and checked before anything starts.
#pragma once

#include <string>
#include <vector>

#include "actors/peer.hpp"
#include "services/ringwayd/credentials.hpp"

namespace ringway::services {

struct FurtherUser {
  std::string folder;
  actors::UserCredentials credentials;
  std::string user;
  NodeId node;
  bool key_readable_by_others = false;
  // Not valid now: it is left out, so that one user does not keep the others from being served.
  bool not_valid_now = false;
};

// Each folder holds node.key and node.crt of one user, or folders that do. `peer` is whose overlay they must
// be of.
Result<std::vector<FurtherUser>> load_further_users(const std::vector<std::string>& folders,
                                                    const Credentials& peer, WallMs now_ms);

}  // namespace ringway::services

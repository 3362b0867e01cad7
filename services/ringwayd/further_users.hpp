// The credentials of the users that a peer may write as besides its own (--user-credentials), read from
// folders and checked before anything starts, and given to the peers again when one was renewed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/peer.hpp"
#include "services/ringwayd/credentials.hpp"
#include "services/upkeep/enrollment_file.hpp"

namespace ringway::services {

struct FurtherUser {
  std::string folder;
  actors::UserCredentials credentials;
  std::string user;
  NodeId node;
  EnrollmentServer enrollment;  // where the certificate is renewed; nowhere without its enrollment.json
  bool key_readable_by_others = false;
  // Not valid now: it is left out, so that one user does not keep the others from being served.
  bool not_valid_now = false;
};

// Each folder holds node.key and node.crt of one user, or folders that do. `peer` is whose overlay they must
// be of.
Result<std::vector<FurtherUser>> load_further_users(const std::vector<std::string>& folders,
                                                    const Credentials& peer, WallMs now_ms);

// The further users of all peers of this process, while they run. Not for several threads at once.
class UsersInUse {
 public:
  void add(actors::UserCredentials user) { users_.push_back(std::move(user)); }
  const std::vector<actors::UserCredentials>& all() const { return users_; }

  using Peers = std::vector<std::shared_ptr<actors::Peer>>;
  // That one's credentials are new: every peer is given all of them. `done` once, when each peer has
  // answered, with the reason of one that cannot use them.
  void renew(std::size_t user, actors::UserCredentials renewed, const Peers& peers,
             std::function<void(std::optional<std::string> refusal)> done);

 private:
  std::vector<actors::UserCredentials> users_;
};

}  // namespace ringway::services

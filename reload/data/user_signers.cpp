#include "reload/data/user_signers.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ringway::data {

namespace {

const std::string& user_of(const UserSigners::SignerPtr& signer) {
  return signer->certificate()->user_name();
}

}  // namespace

Result<UserSignersPtr> UserSigners::make(const security::Signer& own, std::vector<SignerPtr> further) {
  if (further.size() > k_max_further_users) {
    return Failure{"there are credentials of " + std::to_string(further.size()) +
                   " further users: a peer holds those of at most " + std::to_string(k_max_further_users)};
  }
  auto out = std::make_shared<UserSigners>();
  std::sort(further.begin(), further.end(),
            [](const SignerPtr& a, const SignerPtr& b) { return user_of(a) < user_of(b); });
  std::set<NodeId> nodes{own.node_id()};
  for (std::size_t i = 0; i < further.size(); ++i) {
    const std::string& user = user_of(further[i]);
    // The peer would have two Node-IDs to write with in one user's name, and no way to choose.
    if (user == own.certificate()->user_name())
      return Failure{"the further credentials of " + user + " are of the peer's own user: leave them out"};
    if (i > 0 && user == user_of(further[i - 1]))
      return Failure{"there are two credentials of " + user + ": leave one out"};
    if (!nodes.insert(further[i]->node_id()).second)
      return Failure{"the Node-ID of " + user + " is another's, too: each user needs one of its own"};
    const WallMs end_ms = further[i]->certificate()->not_after_ms();
    out->first_end_ms_ = i == 0 ? end_ms : std::min(out->first_end_ms_, end_ms);
  }
  out->signers_ = std::move(further);
  return UserSignersPtr(std::move(out));
}

UserSigners::SignerPtr UserSigners::find(std::string_view user) const {
  const auto found =
      std::lower_bound(signers_.begin(), signers_.end(), user,
                       [](const SignerPtr& signer, std::string_view name) { return user_of(signer) < name; });
  return found != signers_.end() && user_of(*found) == user ? *found : nullptr;
}

}  // namespace ringway::data

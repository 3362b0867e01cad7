// The users besides its own that a peer may write as (a gateway of an application): for each the key and
// certificate that sign what is written in that user's name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_further_users = 1024;

class UserSigners {
 public:
  using SignerPtr = std::shared_ptr<const security::Signer>;

  UserSigners() = default;
  // Refuses more than k_max_further_users, two of one user, and the user or Node-ID of `own`.
  static Result<std::shared_ptr<const UserSigners>> make(const security::Signer& own,
                                                         std::vector<SignerPtr> further);

  // Null when there is none of that user.
  SignerPtr find(std::string_view user) const;
  const std::vector<SignerPtr>& all() const { return signers_; }  // by user name
  std::size_t size() const { return signers_.size(); }
  // When the first of their certificates ends; 0 when there are none.
  WallMs first_end_ms() const { return first_end_ms_; }

 private:
  std::vector<SignerPtr> signers_;  // by user name
  WallMs first_end_ms_ = 0;
};
using UserSignersPtr = std::shared_ptr<const UserSigners>;

}  // namespace ringway::data

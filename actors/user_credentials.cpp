#include "actors/user_credentials.hpp"

#include <utility>

namespace ringway::actors {

Result<data::UserSignersPtr> load_users(const std::vector<UserCredentials>& users,
                                        const security::Signer& own) {
  std::vector<data::UserSigners::SignerPtr> signers;
  for (const UserCredentials& user : users) {
    auto signer = security::load_signer(user.private_key_pem, user.certificates_pem);
    if (!signer)
      return Failure{"a further user's key or certificate cannot be used: " + signer.error().reason};
    signers.push_back(std::move(*signer));
  }
  return data::UserSigners::make(own, std::move(signers));
}

}  // namespace ringway::actors

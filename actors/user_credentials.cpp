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

std::optional<sip::messages::OwnUser> message_user(const UserCredentials& user,
                                                   const security::Signer& signer, bool is_own) {
  const std::string name = signer.certificate()->user_name();
  auto aor = sip::Aor::of_user_name(name);
  if (!aor) return std::nullopt;
  sip::messages::OwnUser out{*std::move(aor), signer.node_id(), is_own ? std::string() : name, {}};
  // A key of another kind opens nothing, and is no reason not to write.
  if (auto key = security::load_envelope_key(user.private_key_pem, user.certificates_pem))
    out.keys.push_back(*std::move(key));
  return out;
}

std::vector<sip::messages::OwnUser> message_users(const std::vector<UserCredentials>& users) {
  std::vector<sip::messages::OwnUser> out;
  for (const UserCredentials& user : users) {
    const auto signer = security::load_signer(user.private_key_pem, user.certificates_pem);
    if (!signer) continue;  // load_users() has refused it
    if (auto one = message_user(user, **signer, false)) out.push_back(*std::move(one));
  }
  return out;
}

}  // namespace ringway::actors

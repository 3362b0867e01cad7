#include "services/enroll_client/proof_choice.hpp"

#include <algorithm>
#include <string>

namespace ringway::services {

namespace {

bool is_telephone(const std::string& user) { return user.starts_with("tel:"); }

std::string listed(const std::vector<Proof>& proofs) {
  std::string out;
  for (const Proof proof : proofs) out += (out.empty() ? "" : ", ") + std::string(name_of(proof));
  return out.empty() ? "nothing that is known here" : out;
}

}  // namespace

Result<Proof> choose_proof(const EnrolWish& wish, const std::vector<Proof>& offered, const Person& person) {
  const auto offers = [&offered](Proof proof) {
    return std::find(offered.begin(), offered.end(), proof) != offered.end();
  };
  if (wish.proof) {
    if (offers(*wish.proof)) return *wish.proof;
    return Failure{std::string("this overlay does not enrol by ") + name_of(*wish.proof) + " but by " +
                   listed(offered)};
  }
  if (is_telephone(wish.user)) {
    if (offers(Proof::telephone)) return Proof::telephone;
    return Failure{"this overlay does not enrol telephone numbers but by " + listed(offered)};
  }
  std::vector<Proof> fitting;
  std::copy_if(offered.begin(), offered.end(), std::back_inserter(fitting),
               [](Proof proof) { return proof != Proof::telephone; });
  for (const Proof proof : {Proof::invitation, Proof::password}) {
    if (offers(proof) && person.has(proof)) return proof;
  }
  // A token that is not asked for must not lead to a mail that nobody expects.
  for (const Proof proof : {Proof::invitation, Proof::password}) {
    if (person.has(proof))
      return Failure{std::string("this overlay does not enrol by ") + name_of(proof) + " but by " +
                     listed(offered) + ": leave it away, or say --proof"};
  }
  if (offers(Proof::certificate) && !wish.https.client_key_pem.empty()) return Proof::certificate;
  if (offers(Proof::mail)) return Proof::mail;
  if (fitting.size() == 1) return fitting.front();
  return Failure{"say how you prove the name: --proof, one of " + listed(fitting)};
}

}  // namespace ringway::services

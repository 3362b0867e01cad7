// The operators' part: shutting nodes out, listing, inviting, passwords.
#include <algorithm>

#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/proofs/tokens.hpp"
#include "services/enrolld/registrar/parts.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::size_t k_most_listed = 1000;
constexpr std::uint32_t k_most_uses = 1000;
constexpr Duration k_longest_invitation{31'536'000'000};  // a year

std::string shortened(const std::string& why) { return why.substr(0, k_max_reason_bytes); }

}  // namespace

// Marked first, published then: when the second fails refresh_document() mends it.
Answer<RevokedNow> Registrar::shut_out(std::vector<NodeId> nodes, bool anything, const std::string& source,
                                       WallMs now_ms) {
  // Also when all were revoked before: the document may still be missing.
  const auto sequence = refresh_document(source, now_ms);
  if (!sequence) return sequence.error();
  if (!anything)
    return refused(Event::nobody_to_revoke, Refusal::not_found,
                   "no such user or node, or it is shut out already");
  tally_.count(Event::revoked);
  return RevokedNow{std::move(nodes), *sequence};
}

Answer<RevokedNow> Registrar::revoke_node(const NodeId& node, const std::string& why, const Caller& caller,
                                          WallMs now_ms) {
  if (node == settings_.document_signer->node_id())
    return refused(Event::signer_not_revoked, Refusal::bad_request,
                   "this node signs the configuration document: shutting it out would end the overlay");
  auto nodes = tools_.records.revoke_device(node, {shortened(why), caller.source, now_ms});
  if (!nodes) return trouble(nodes.error());
  const bool anything = !nodes->empty();
  return shut_out(std::move(*nodes), anything, caller.source, now_ms);
}

Answer<RevokedNow> Registrar::revoke_user(const std::string& user, const std::string& why,
                                          const Caller& caller, WallMs now_ms) {
  const auto name = name_asked_for(user);
  if (!name) return name.error();
  auto revoked = tools_.records.revoke_user(*name, {shortened(why), caller.source, now_ms});
  if (!revoked) return trouble(revoked.error());
  const bool anything = !revoked->nodes.empty() || revoked->proofs_ended > 0;
  return shut_out(std::move(revoked->nodes), anything, caller.source, now_ms);
}

Answer<Page> Registrar::list(const std::string& user, std::int64_t after, std::size_t most) {
  const auto name = user.empty() ? Answer<std::string>(user) : name_asked_for(user);
  if (!name) return name.error();
  const std::size_t size = std::clamp<std::size_t>(most, 1, k_most_listed);
  auto devices = tools_.records.list_devices(after, size, *name);
  if (!devices) return trouble(devices.error());
  Page page;
  if (!devices->empty()) {
    const auto newest = newest_parsed();
    if (!newest) return newest.error();
    page.shut_out = newest->parsed->bad_nodes;
  }
  if (devices->size() == size) page.next = devices->back().id;
  for (Device& device : *devices) {
    const auto same = [&](const AccountListed& one) { return one.account.user_name == device.user_name; };
    auto listed = std::find_if(page.accounts.begin(), page.accounts.end(), same);
    if (listed == page.accounts.end()) {
      auto account = tools_.records.find_account(device.user_name);
      if (!account) return trouble(account.error());
      if (!*account) continue;
      listed = page.accounts.insert(listed, AccountListed{std::move(**account), {}});
    }
    listed->devices.push_back(std::move(device));
  }
  return page;
}

Answer<Invited> Registrar::invite(const std::string& user, std::uint32_t uses, Duration valid,
                                  const Caller& caller, WallMs now_ms) {
  if (uses < 1 || uses > k_most_uses || valid.count() <= 0 || valid > k_longest_invitation)
    return Refused{
        Refusal::bad_request, "an invitation has 1 to 1000 uses and lasts for a year at most", {}, {}};
  if (!settings_.methods.contains(Method::invitation))
    return refused(Event::method_closed, Refusal::closed,
                   "this overlay takes no invitations: start the server with --proof invitation as well");
  if (user.empty() && names_are_proved())
    return Refused{
        Refusal::bad_request,
        "say whom the invitation is for: other ways of proof are open here, and whoever has it could "
        "take a name that somebody else can prove",
        {},
        {}};
  Invitation invitation;
  if (!user.empty()) {
    auto name = user_name_of(user, Method::invitation);
    if (!name) return name.error();
    invitation.user_name = std::move(*name);
  }
  Secret token = tools_.randomness.invitation();
  invitation.token = digest_of_invitation(token);
  invitation.uses_left = uses;
  invitation.made_ms = now_ms;
  invitation.expires_ms = now_ms + static_cast<WallMs>(valid.count());
  const auto kept = tools_.records.invite(invitation, caller.source);
  if (!kept) return trouble(kept.error());
  if (!*kept) return refused(Event::too_many_pending, Refusal::too_many, "there are too many invitations");
  tally_.count(Event::invited);
  return Invited{std::move(token), id_of(invitation.token), invitation.expires_ms};
}

Answer<InvitationPage> Registrar::list_invitations(const std::string& user, const InvitationMark& after,
                                                   std::size_t most, WallMs now_ms) {
  const auto name = user.empty() ? Answer<std::string>(user) : name_asked_for(user);
  if (!name) return name.error();
  const std::size_t size = std::clamp<std::size_t>(most, 1, k_most_listed);
  auto found = tools_.records.list_invitations(after, size, now_ms, *name);
  if (!found) return trouble(found.error());
  InvitationPage page;
  if (found->size() == size) page.next = InvitationMark{found->back().made_ms, id_of(found->back().token)};
  page.invitations = std::move(*found);
  return page;
}

Answer<Done> Registrar::withdraw_invitation(const InvitationId& id, const Caller& caller, WallMs now_ms) {
  const auto withdrawn = tools_.records.withdraw_invitation(id, caller.source, now_ms);
  if (!withdrawn) return trouble(withdrawn.error());
  if (!*withdrawn)
    return refused(Event::no_such_invitation, Refusal::not_found,
                   "no such invitation: it has expired, or is withdrawn already");
  tally_.count(Event::invitation_withdrawn);
  return Done{};
}

Answer<Done> Registrar::set_password(const std::string& user, const Secret& password, WallMs now_ms) {
  if (tools_.passwords == nullptr)
    return refused(Event::method_closed, Refusal::closed, "this overlay does not enrol by password");
  const auto name = name_given(user);
  if (!name) return name.error();
  const auto hash = tools_.passwords->hash(password);
  if (!hash) return Refused{Refusal::bad_request, hash.error().reason, {}, {}};
  if (const auto kept = tools_.records.set_password(*name, *hash, now_ms); !kept)
    return trouble(kept.error());
  return Done{};
}

}  // namespace ringway::enrolld

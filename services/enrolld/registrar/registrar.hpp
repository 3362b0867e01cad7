// The logic of an enrollment server (RFC 6940 §11.3): who may have a name, what certificate comes of it, and
// the configuration document that shuts nodes out. It ties together the records, the authority and the
// proofs.
//
// It has no socket, thread or clock: the moment is passed in with each call. CALLS BLOCK, on the database and
// on the verifier of telephone numbers: they belong on a pool of workers, never on a network's thread. They
// may come from any thread at once, and from several servers over one database.
//
// How it goes:  begin -> (mail, telephone: confirm, confirm_link) -> Delivered;  later: renew.
//
// Whether somebody is an operator is the caller's to know: revoke, list, invite and the rest of the
// operators' part are allowed here to whoever calls them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reload/config/configuration.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/authority/signing_request.hpp"
#include "services/enrolld/proofs/passwords.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/registrar/outside.hpp"
#include "services/enrolld/registrar/registrar_types.hpp"
#include "services/enrolld/registrar/tally.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_max_label_bytes = 64;
inline constexpr std::size_t k_max_reason_bytes = 256;

// What a Registrar works with. All of it outlives the Registrar; what a method in the settings needs must be
// there.
struct Tools {
  Records& records;
  const services::Authority& authority;
  Randomness& randomness;
  Passwords* passwords = nullptr;  // for Method::password
  MailOut* mail = nullptr;         // for Method::mail
  Verifier* verifier = nullptr;    // for Method::telephone
};

// One of its Node-IDs is a bad-node of the newest document, whoever has put it there.
Result<bool> shut_out_by_document(Records& records, const std::string& overlay_name,
                                  const security::Certificate& certificate);

class Registrar {
 public:
  // Refuses settings that do not go together, and tools that are missing.
  static Result<std::unique_ptr<Registrar>> make(Settings settings, const Tools& tools);

  // ---- Claimants
  Answer<Begun> begin(const BeginRequest& request, const Caller& caller, WallMs now_ms);
  // With an empty code: whether the link has been followed meanwhile. May be repeated.
  Answer<Delivered> confirm(std::string_view enrolment, std::string_view code, const Caller& caller,
                            WallMs now_ms);
  // For the page behind a link: shows what it would do, and does it.
  Answer<LinkTold> look_at_link(std::string_view token, const Caller& caller, WallMs now_ms);
  Answer<Delivered> confirm_link(std::string_view token, const Caller& caller, WallMs now_ms);
  // For the Node-IDs of the caller's certificate, which is one of this overlay's.
  Answer<Delivered> renew(BytesView csr, const Caller& caller, WallMs now_ms);

  // ---- Operators
  // Marks the device, or all of the user, and publishes the document that lists them.
  Answer<RevokedNow> revoke_node(const NodeId& node, const std::string& why, const Caller& caller,
                                 WallMs now_ms);
  Answer<RevokedNow> revoke_user(const std::string& user, const std::string& why, const Caller& caller,
                                 WallMs now_ms);
  // So many devices from `after` on; of one user when one is given.
  Answer<Page> list(const std::string& user, std::int64_t after, std::size_t most);
  // For one user; or for whoever has the token and a name that nobody has, where no other method proves whose
  // names are.
  Answer<Invited> invite(const std::string& user, std::uint32_t uses, Duration valid, const Caller& caller,
                         WallMs now_ms);
  // Those that have not expired, so many from behind `after`; for one user when one is given.
  Answer<InvitationPage> list_invitations(const std::string& user, const InvitationMark& after,
                                          std::size_t most, WallMs now_ms);
  // Nobody enrols with it any more; who has done so stays.
  Answer<Done> withdraw_invitation(const InvitationId& id, const Caller& caller, WallMs now_ms);
  Answer<Done> set_password(const std::string& user, const Secret& password, WallMs now_ms);

  // ---- The configuration document
  // As it is signed; empty when none was ever published.
  Answer<Document> document();
  // Publishes a document made elsewhere (the folder's), when it is the first or newer than the newest. Of one
  // that came too late its bad-nodes are published, in the next document, so that nobody stays in whom an
  // operator has shut out. Neither does one that is newer let anybody in again who was shut out beside it:
  // the next document names those, too. Hand-made bad-nodes go when they were taken out of `made_after`, what
  // the folder had before (empty: not known, and none goes).
  Answer<Adopted> adopt_document(Bytes bytes, const Caller& caller, WallMs now_ms,
                                 const Bytes& made_after = {});
  // Publishes the next one when the nodes it shuts out are not the right ones any more: mends a revocation
  // that was cut short, at once.
  Answer<std::uint16_t> refresh_document(const std::string& source, WallMs now_ms);
  // The same, but not sooner than `gather_for` after the newest, whichever server has published that. To be
  // called every few seconds: it shuts out replaced devices, and drops those whose certificates have expired.
  Answer<std::uint16_t> gather_document(const std::string& source, WallMs now_ms);

  const Tally& tally() const { return tally_; }
  const Settings& settings() const { return settings_; }

 private:
  Registrar(Settings settings, const Tools& tools);

  // What a claimant has asked for, checked but not proved.
  struct Claim;
  // A claim whose proof is at hand, for Records::enrol to check once more and use up.
  struct Proven;
  struct Newest;

  // limits.cpp
  Answer<Done> within(const Limit& limit, Event event, const std::string& key, WallMs now_ms);
  Answer<Done> within_source(const Limit& limit, Event event, const std::string& source, WallMs now_ms);
  Answer<Done> may_attempt(const Caller& caller, WallMs now_ms);
  Answer<Done> may_write_to(const std::string& user_name, const Caller& caller, WallMs now_ms);
  Answer<Done> may_certify(const std::string& user_name, std::size_t nodes, const Caller& caller,
                           WallMs now_ms);
  Answer<Done> may_replace(const std::string& user_name, const Caller& caller, WallMs now_ms);

  // claim.cpp
  Answer<std::string> user_name_of(const std::string& user, Method method);
  Answer<std::string> well_formed(const std::string& user, Method method);
  // By an operator: tel:... too. Whom he asks for may be somebody whom the folder has issued.
  Answer<std::string> name_given(const std::string& user);
  Answer<std::string> name_asked_for(const std::string& user);
  bool names_are_proved() const;
  bool may_be_anybodys(const std::string& user_name) const;  // begin.cpp
  Answer<Claim> read_claim(const BeginRequest& request);

  // begin.cpp
  Answer<Begun> begin_mail(const Claim& claim, const Caller& caller, WallMs now_ms);
  Answer<Begun> begin_telephone(const Claim& claim, const Caller& caller, WallMs now_ms);
  Answer<Delivered> with_invitation(const Claim& claim, std::string_view typed, const Caller& caller,
                                    WallMs now_ms);
  Answer<Delivered> with_password(const Claim& claim, const Secret& password, const Caller& caller,
                                  WallMs now_ms);
  Answer<Delivered> with_certificate(const Claim& claim, const Caller& caller, WallMs now_ms);
  Pending pending_of(const Claim& claim, const Caller& caller, WallMs now_ms);
  Answer<Done> keep(const Pending& pending);
  Refused give_up(const Pending& pending, Event event, Refusal refusal, const char* why);

  // confirm.cpp
  Answer<PendingState> find_enrolment(std::string_view enrolment, PendingId& id);
  Answer<Delivered> confirm_code(const Pending& pending, std::string_view enrolment, std::string_view code,
                                 const Caller& caller, WallMs now_ms);
  Answer<Delivered> confirm_telephone(const Pending& pending, std::string_view enrolment,
                                      std::string_view code, const Caller& caller, WallMs now_ms);

  // certify.cpp
  Answer<Delivered> certify(const Proven& proven, const Caller& caller, WallMs now_ms);
  Answer<Delivered> certify_pending(const Pending& pending, Proof proof, const Caller& caller, WallMs now_ms);
  Result<Certificate> sign(const Device& device, const services::Key& key, WallMs now_ms) const;
  Answer<Delivered> deliver(const Device& device);
  Answer<Delivered> answer_of(const Result<Enrolled>& enrolled);
  Result<Enrolled> enrol(const Proven& proven, const Caller& caller, WallMs now_ms);

  // document.cpp
  Result<bool> is_shut_out(const security::Certificate& certificate);
  Answer<Newest> newest_parsed();
  // With the bad-nodes that `more` names, too.
  Answer<std::uint16_t> publish_next(const std::set<NodeId>& more, const std::string& source, WallMs now_ms);
  Result<std::set<NodeId>> not_to_be_lost(const Document& newest, const Bytes& made_after);
  Result<Bytes> signed_document(config::Configuration& next);
  Answer<Document> following(const config::Configuration& made, const Bytes& bytes, const Document& newest,
                             const Bytes& made_after, WallMs now_ms);
  Answer<Done> check_length(std::size_t bytes, const config::Configuration& next, std::size_t before);
  Answer<Adopted> supersede(const config::Configuration& late, const Document& newest,
                            const std::string& source, WallMs now_ms);
  Result<std::set<NodeId>> nodes_to_shut_out(const std::set<NodeId>& named, WallMs now_ms);
  Answer<RevokedNow> shut_out(std::vector<NodeId> nodes, bool anything, const std::string& source,
                              WallMs now_ms);

  Refused refused(Event event, Refusal refusal, std::string message, Duration retry_after = Duration{0});
  Refused trouble(const Failure& failure);

  const Settings settings_;
  const Tools tools_;
  Tally tally_;
};

}  // namespace ringway::enrolld

#include "services/enrolld/records/proof_check.hpp"

#include <openssl/crypto.h>

namespace ringway::enrolld {
namespace {

Claim refused(Verdict verdict) {
  Claim claim;
  claim.refusal = verdict;
  return claim;
}

// Same time for every wrong code.
bool same(const Digest& a, const Digest& b) { return CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

// What the locking UPDATE of a pending enrolment tells.
constexpr const char* k_told = " RETURNING id, user_name, spki, expires_ms, device_id, code";

Claim check_pending(const Row& row, const EnrolRequest& request) {
  // A proof of one name, got for one key, opens no other.
  if (row.text(1) != request.user_name || row.digest(2) != request.key) return refused(Verdict::wrong_proof);
  if (!row.is_null(4)) {
    Claim claim = refused(Verdict::proof_used);
    claim.used_for = row.number(4);
    return claim;
  }
  if (row.time(3) <= request.now_ms) return refused(Verdict::proof_expired);
  Claim claim;
  claim.owns_name = true;
  PendingId& id = claim.pending.emplace();
  const Bytes& bytes = row.bytes(0);
  if (bytes.size() != id.size()) refuse("the database has a value of the wrong size");
  std::copy(bytes.begin(), bytes.end(), id.begin());
  return claim;
}

Claim check(Session& session, const EnrolRequest& request, const CodeProof& proof) {
  const Rows rows = session.run(
      std::string(
          "UPDATE pending SET attempts_left = attempts_left - 1 WHERE id = $1 AND attempts_left > 0") +
          k_told,
      values(proof.id));
  if (rows.empty()) {
    const Rows there = session.run("SELECT 1 FROM pending WHERE id = $1", values(proof.id));
    return refused(there.empty() ? Verdict::wrong_proof : Verdict::out_of_attempts);
  }
  const auto code = rows[0].optional_digest(5);
  if (!code || !same(*code, proof.code)) return refused(Verdict::wrong_proof);
  return check_pending(rows[0], request);
}

// The UPDATE changes nothing; it locks the row against a second use.
Claim check_locked(Session& session, const EnrolRequest& request, const char* column, const Value& value) {
  const Rows rows = session.run(
      std::string("UPDATE pending SET attempts_left = attempts_left WHERE ") + column + " = $1" + k_told,
      {value});
  return rows.empty() ? refused(Verdict::wrong_proof) : check_pending(rows[0], request);
}
Claim check(Session& session, const EnrolRequest& request, const LinkProof& proof) {
  return check_locked(session, request, "link", value_of(proof.link));
}
Claim check(Session& session, const EnrolRequest& request, const VouchedProof& proof) {
  return check_locked(session, request, "id", value_of(proof.id));
}

bool came_through(Session& session, const EnrolRequest& request, const Digest& token) {
  return !session
              .run(
                  "SELECT 1 FROM devices d JOIN accounts a ON a.id = d.account_id "
                  "WHERE a.user_name = $1 AND d.spki = $2 AND d.origin = $3",
                  values(request.user_name, request.key, token))
              .empty();
}

Claim check(Session& session, const EnrolRequest& request, const InvitationProof& proof) {
  const Rows rows = session.run(
      "UPDATE invitations SET uses_left = uses_left WHERE token = $1 RETURNING user_name, uses_left, "
      "expires_ms",
      values(proof.token));
  if (rows.empty()) return refused(Verdict::wrong_proof);
  const bool named = !rows[0].is_null(0);
  if (named && rows[0].text(0) != request.user_name) return refused(Verdict::wrong_proof);
  if (rows[0].time(2) <= request.now_ms) return refused(Verdict::proof_expired);
  Claim claim;
  claim.owns_name = named;
  claim.repeated = came_through(session, request, proof.token);
  if (rows[0].number(1) <= 0 && !claim.repeated) return refused(Verdict::proof_used);
  claim.invitation = proof.token;
  return claim;
}

// As above, it locks the row: against a revocation, which takes the password away.
Claim check(Session& session, const EnrolRequest& request, const PasswordProof& proof) {
  const Rows rows =
      session.run("UPDATE passwords SET hash = hash WHERE user_name = $1 AND hash = $2 RETURNING 1",
                  values(request.user_name, proof.hash));
  if (rows.empty()) return refused(Verdict::wrong_proof);
  Claim claim;
  claim.owns_name = true;
  return claim;
}

Claim check(Session&, const EnrolRequest&, const OwnerProof&) {
  Claim claim;
  claim.owns_name = true;
  return claim;
}

Claim check(Session&, const EnrolRequest&, const FolderProof& proof) {
  Claim claim;
  claim.owns_name = proof.again;
  claim.takes_name = true;
  return claim;
}

}  // namespace

Claim check_proof(Session& session, const EnrolRequest& request) {
  return std::visit([&](const auto& proof) { return check(session, request, proof); }, request.proof);
}

void use_up(Session& session, const Claim& claim, std::int64_t device_id) {
  if (claim.pending)
    session.run("UPDATE pending SET device_id = $2 WHERE id = $1", values(*claim.pending, device_id));
  if (claim.invitation && !claim.repeated)
    session.run("UPDATE invitations SET uses_left = uses_left - 1 WHERE token = $1",
                values(*claim.invitation));
}

}  // namespace ringway::enrolld

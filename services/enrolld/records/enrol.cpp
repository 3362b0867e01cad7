// Records::enrol and Records::renew: from a proof, or a certificate, to the next certificate.
#include <algorithm>
#include <set>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/proof_check.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

void need_sound(const EnrolRequest& request) {
  need_text("label", request.label, k_max_text_bytes);
  if (request.nodes.empty() || request.nodes.size() > k_max_nodes_per_device)
    refuse("a device has 1 to " + std::to_string(k_max_nodes_per_device) + " Node-IDs");
  const std::set<NodeId> different(request.nodes.begin(), request.nodes.end());
  if (different.size() != request.nodes.size() || different.contains(k_no_node) ||
      different.contains(wildcard_node()))
    refuse("Node-IDs that nobody may have, or one of them twice");
}

// Has the certificate of the device signed, and keeps it.
Device certify(Session& session, std::int64_t device_id, const Sign& sign) {
  auto device = read_device(session, device_id);
  if (!device) refuse("the database lost a device");
  auto signed_now = sign(*device);
  if (!signed_now) refuse(signed_now.error().reason);
  Certificate& certificate = *signed_now;
  need_text("serial number", certificate.serial, k_max_text_bytes);
  if (certificate.serial.empty() || certificate.der.empty() ||
      certificate.der.size() > k_max_certificate_bytes)
    refuse("the certificate is none that can be kept");
  session.run(
      "UPDATE devices SET certificate = $2, serial = $3, issued_ms = $4, expires_ms = $5, last_expiry_ms = "
      "CASE WHEN last_expiry_ms < $5 THEN $5 ELSE last_expiry_ms END WHERE id = $1",
      values(device_id, certificate.der, certificate.serial, certificate.issued_ms, certificate.expires_ms));
  device->certificate = std::move(certificate);
  return std::move(*device);
}

// One enrolment whose proof holds. A refusal leaves traces that the caller takes back.
class Enrolment {
 public:
  Enrolment(Session& session, const EnrolRequest& request, const Claim& claim, const Sign& sign)
      : session_(session), request_(request), claim_(claim), sign_(sign) {}

  Enrolled run() {
    if (const auto refusal = find_account()) return {*refusal, {}};
    if (const auto refusal = find_key()) return {*refusal, {}};
    if (const auto refusal = find_replaced()) return {*refusal, {}};
    if (!is_live() && live_nodes_of_others() + own_nodes() > request_.quota_nodes)
      return {Verdict::quota_reached, {}};
    if (replaced_) {
      const Revocation why{"replaced", request_.source, request_.now_ms};
      if (revoke(session_, replaced_->id, why, "device-replaced").empty())
        refuse("the database lost a device");
    }
    if (!same_ && !make_device()) return {Verdict::node_id_taken, {}};
    const Verdict verdict = verdict_of();
    if (claim_.takes_name)
      session_.run("UPDATE accounts SET blocked_ms = $2 WHERE id = $1 AND blocked_ms IS NULL",
                   values(account_id_, request_.now_ms));
    auto device = certify(session_, device_id_, sign_);
    write_audit(session_, request_.now_ms, name_of(verdict), device.user_name, device.nodes.at(0),
                request_.source);
    return {verdict, std::move(device)};
  }

 private:
  std::optional<Verdict> find_account() {
    auto account = lock_account(session_, request_.user_name, request_.now_ms);
    if (!account) {
      account = make_account(session_, request_.user_name, request_.now_ms);
      made_account_ = account.has_value();
    }
    // Made by another transaction in between; if not, a name like it is there.
    if (!account) account = lock_account(session_, request_.user_name, request_.now_ms);
    if (!account) return Verdict::name_taken;
    if (account->blocked && !(claim_.takes_name && claim_.owns_name)) return Verdict::account_blocked;
    if (!made_account_ && !claim_.owns_name && !claim_.repeated) return Verdict::name_taken;
    account_id_ = account->id;
    return std::nullopt;
  }

  std::optional<Verdict> find_key() {
    if (is_key_revoked(session_, request_.key)) return Verdict::key_revoked;
    auto own = read_devices(session_, "d.account_id = $1 AND (d.spki = $2 OR d.former_spki = $2)",
                            values(account_id_, request_.key));
    if (own.empty()) return std::nullopt;
    // The key that a device has given up: the one that it has now counts.
    if (own.size() > 1 || own[0].key != request_.key) return Verdict::key_in_use;
    device_id_ = own[0].id;
    same_ = std::move(own[0]);
    return std::nullopt;
  }

  std::optional<Verdict> find_replaced() {
    if (!request_.replace) return std::nullopt;
    auto device = read_device(session_, *request_.replace);
    if (!device || device->user_name != request_.user_name) return Verdict::no_such_device;
    if (same_ && (device->id == device_id_ || device->revoked_ms)) return std::nullopt;  // done before
    if (device->revoked_ms) return Verdict::no_such_device;
    if (!claim_.owns_name) return Verdict::no_such_device;  // came by an invitation for anybody
    replaced_ = std::move(device);
    return std::nullopt;
  }

  // A device that comes back before its certificate has expired takes nothing more.
  bool is_live() const { return same_ && same_->certificate.expires_ms > request_.now_ms; }
  std::uint64_t own_nodes() const { return same_ ? same_->nodes.size() : request_.nodes.size(); }
  std::uint64_t live_nodes_of_others() {
    const Rows rows = session_.run(
        "SELECT count(*) FROM devices d JOIN nodes n ON n.device_id = d.id WHERE d.account_id = $1 AND "
        "d.revoked_ms IS NULL AND d.last_expiry_ms > $2 AND d.id <> $3 AND d.id <> $4",
        values(account_id_, request_.now_ms, device_id_, replaced_ ? replaced_->id : std::int64_t{0}));
    return static_cast<std::uint64_t>(rows.at(0).number(0));
  }

  // False when a Node-ID is somebody's.
  bool make_device() {
    const Rows made = session_.run(
        "INSERT INTO devices (account_id, label, spki, origin, last_expiry_ms, made_ms, revoked_why) "
        "VALUES ($1, $2, $3, $4, 0, $5, '') RETURNING id",
        values(account_id_, request_.label, request_.key, claim_.invitation, request_.now_ms));
    device_id_ = made.at(0).number(0);
    std::int64_t place = 0;
    return std::all_of(request_.nodes.begin(), request_.nodes.end(), [&](const NodeId& node) {
      return !session_
                  .run(
                      "INSERT INTO nodes (node_id, device_id, place) VALUES ($1, $2, $3) "
                      "ON CONFLICT DO NOTHING RETURNING place",
                      values(node, device_id_, place++))
                  .empty();
    });
  }

  Verdict verdict_of() const {
    if (made_account_) return Verdict::made_account;
    if (replaced_) return Verdict::replaced_device;
    return same_ ? Verdict::same_device : Verdict::added_device;
  }

  Session& session_;
  const EnrolRequest& request_;
  const Claim& claim_;
  const Sign& sign_;
  std::int64_t account_id_ = 0;
  std::int64_t device_id_ = 0;  // of the new one, or of the one with this key; 0 is no device's
  bool made_account_ = false;
  std::optional<Device> same_;
  std::optional<Device> replaced_;
};

Enrolled enrol_in(Session& session, const EnrolRequest& request, const Sign& sign) {
  need_sound(request);
  const Claim claim = check_proof(session, request);
  if (claim.refusal) {
    return {*claim.refusal, claim.used_for ? read_device(session, *claim.used_for) : std::nullopt};
  }
  // A refusal from here on takes back everything but the attempt.
  session.run("SAVEPOINT enrolment");
  auto enrolled = Enrolment(session, request, claim, sign).run();
  if (made_certificate(enrolled.verdict))
    use_up(session, claim, enrolled.device->id);
  else
    session.run("ROLLBACK TO SAVEPOINT enrolment");
  return enrolled;
}

// What stands against the device's going over from the key of its certificate to `new_key`.
std::optional<Verdict> refused_key(Session& session, const RenewRequest& request, const Device& device) {
  if (request.new_key == device.key) {
    if (request.held_key == device.key) return std::nullopt;
    const Rows former = session.run("SELECT 1 FROM devices WHERE id = $1 AND former_spki = $2",
                                    values(device.id, request.held_key));
    if (former.empty()) return Verdict::wrong_proof;
    return std::nullopt;
  }
  if (request.held_key != device.key) return Verdict::wrong_proof;
  if (is_key_revoked(session, request.new_key)) return Verdict::key_revoked;
  const Rows others = session.run(
      "SELECT 1 FROM devices WHERE account_id = (SELECT account_id FROM devices WHERE id = $1) AND "
      "(spki = $2 OR former_spki = $2) LIMIT 1",
      values(device.id, request.new_key));
  if (!others.empty()) return Verdict::key_in_use;
  return std::nullopt;
}

Enrolled renew_in(Session& session, const RenewRequest& request, const Sign& sign) {
  const auto account = lock_account_of(session, request.node, request.now_ms);
  if (!account) return {Verdict::no_such_device, {}};
  const auto device = read_device(session, request.node);
  if (!device) return {Verdict::no_such_device, {}};
  if (device->revoked_ms) return {Verdict::device_revoked, {}};
  if (account->blocked && !request.from_folder) return {Verdict::account_blocked, {}};
  if (const auto refusal = refused_key(session, request, *device)) return {*refusal, {}};
  if (request.new_key != device->key)
    session.run("UPDATE devices SET former_spki = spki, spki = $2 WHERE id = $1",
                values(device->id, request.new_key));
  auto renewed = certify(session, device->id, sign);
  write_audit(session, request.now_ms, name_of(Verdict::renewed), renewed.user_name, request.node,
              request.source);
  return {Verdict::renewed, std::move(renewed)};
}

}  // namespace

Result<Enrolled> Records::enrol(const EnrolRequest& request, const Sign& sign) {
  return pool_->transact(Access::write, [&](Session& session) { return enrol_in(session, request, sign); });
}

Result<Enrolled> Records::renew(const RenewRequest& request, const Sign& sign) {
  return pool_->transact(Access::write, [&](Session& session) { return renew_in(session, request, sign); });
}

}  // namespace ringway::enrolld

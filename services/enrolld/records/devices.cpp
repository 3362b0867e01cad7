// Accounts and their devices: looking them up, shutting them out.
#include <algorithm>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::size_t k_most_listed = 1000;

std::optional<Account> account_in(Session& session, const std::string& user_name) {
  const Rows rows = session.run(
      "SELECT a.user_name, a.made_ms, a.blocked_ms, (SELECT count(*) FROM devices d WHERE d.account_id = "
      "a.id AND "
      "d.revoked_ms IS NULL) FROM accounts a WHERE a.user_name = $1",
      values(user_name));
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  return Account{row.text(0), row.time(1), row.optional_time(2), static_cast<std::uint32_t>(row.number(3))};
}

void block(Session& session, const std::string& user_name, WallMs now_ms) {
  auto account = lock_account(session, user_name, now_ms);
  if (!account) account = make_account(session, user_name, now_ms);
  if (!account) account = lock_account(session, user_name, now_ms);
  if (!account) refuse(user_name + " differs from a name that is there in upper and lower case alone");
  session.run("UPDATE accounts SET blocked_ms = $2 WHERE id = $1 AND blocked_ms IS NULL",
              values(account->id, now_ms));
}

// What an operator has handed out for the name.
std::uint32_t end_proofs(Session& session, const std::string& user_name) {
  std::size_t ended = 0;
  for (const char* table : {"invitations", "passwords"})
    ended +=
        session
            .run(std::string("DELETE FROM ") + table + " WHERE user_name = $1 RETURNING 1", values(user_name))
            .size();
  return static_cast<std::uint32_t>(ended);
}

void unblock(Session& session, const std::string& user_name, WallMs now_ms) {
  const auto account = lock_account(session, user_name, now_ms);
  if (!account) return;
  session.run("UPDATE accounts SET blocked_ms = NULL WHERE id = $1", values(account->id));
  // It was there only to keep the name.
  session.run(
      "DELETE FROM accounts WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.account_id = "
      "accounts.id)",
      values(account->id));
}

}  // namespace

Result<std::optional<Account>> Records::find_account(const std::string& user_name) {
  return pool_->transact(Access::read, [&](Session& session) { return account_in(session, user_name); });
}

Result<std::optional<Device>> Records::find_device(const NodeId& node) {
  return pool_->transact(Access::read, [&](Session& session) { return read_device(session, node); });
}

Result<std::optional<Device>> Records::find_device_of_key(const std::string& user_name, const Digest& key) {
  return pool_->transact(Access::read, [&](Session& session) -> std::optional<Device> {
    auto found = read_devices(session, "a.user_name = $1 AND d.spki = $2", values(user_name, key));
    if (found.empty()) return std::nullopt;
    return std::move(found[0]);
  });
}

Result<std::vector<Device>> Records::list_devices(std::int64_t after, std::size_t most,
                                                  const std::string& user_name) {
  return pool_->transact(Access::read, [&](Session& session) {
    const auto limit = static_cast<std::int64_t>(std::min(most, k_most_listed));
    if (user_name.empty())
      return read_devices(session, "d.id > $1 ORDER BY d.id LIMIT $2", values(after, limit));
    return read_devices(session, "d.id > $1 AND a.user_name = $3 ORDER BY d.id LIMIT $2",
                        values(after, limit, user_name));
  });
}

Result<std::vector<NodeId>> Records::revoke_device(const NodeId& node, const Revocation& revocation) {
  return pool_->transact(Access::write, [&](Session& session) -> std::vector<NodeId> {
    if (!lock_account_of(session, node, revocation.now_ms)) return {};
    const auto device = read_device(session, node);
    if (!device) return {};
    return revoke(session, device->id, revocation, "revoked");
  });
}

Result<RevokedUser> Records::revoke_user(const std::string& user_name, const Revocation& revocation) {
  return pool_->transact(Access::write, [&](Session& session) {
    RevokedUser out;
    auto account = lock_account(session, user_name, revocation.now_ms);
    out.proofs_ended = end_proofs(session, user_name);
    if (out.proofs_ended > 0)
      write_audit(session, revocation.now_ms, "proofs-ended", user_name, {}, revocation.source);
    // A first enrolment holds its invitation, for which end_proofs() waits in PostgreSQL: the account that it
    // has made is there only now (READ COMMITTED).
    if (!account) account = lock_account(session, user_name, revocation.now_ms);
    if (!account) return out;
    for (const Row& row : session.run("SELECT id FROM devices WHERE account_id = $1 AND revoked_ms IS NULL "
                                      "ORDER BY id",
                                      values(account->id))) {
      const auto nodes = revoke(session, row.number(0), revocation, "revoked");
      out.nodes.insert(out.nodes.end(), nodes.begin(), nodes.end());
    }
    return out;
  });
}

Outcome<> Records::set_blocked(const std::string& user_name, bool blocked, const std::string& source,
                               WallMs now_ms) {
  return pool_->transact(Access::write, [&](Session& session) {
    if (blocked)
      block(session, user_name, now_ms);
    else
      unblock(session, user_name, now_ms);
    write_audit(session, now_ms, blocked ? "blocked" : "unblocked", user_name, {}, source);
    return Done{};
  });
}

Result<std::vector<RevokedNode>> Records::revoked_nodes(WallMs now_ms) {
  return pool_->transact(Access::read, [&](Session& session) {
    std::vector<RevokedNode> out;
    for (const Row& row : session.run("SELECT n.node_id, d.last_expiry_ms FROM devices d "
                                      "JOIN nodes n ON n.device_id = d.id "
                                      "WHERE d.revoked_ms IS NOT NULL AND d.last_expiry_ms > $1 "
                                      "ORDER BY d.id, n.place",
                                      values(now_ms)))
      out.push_back({row.node(0), row.time(1)});
    return out;
  });
}

}  // namespace ringway::enrolld

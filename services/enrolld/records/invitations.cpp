// Invitations and passwords: what an operator hands out.
#include <algorithm>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::size_t k_most_listed = 1000;
constexpr const char* k_columns =
    "SELECT token, user_name, uses_left, made_ms, expires_ms, note FROM invitations ";

Invitation invitation_of(const Row& row) {
  Invitation out;
  out.token = row.digest(0);
  if (!row.is_null(1)) out.user_name = row.text(1);
  out.uses_left = static_cast<std::uint32_t>(row.number(2));
  out.made_ms = row.time(3);
  out.expires_ms = row.time(4);
  out.note = row.text(5);
  return out;
}

// The first and the last digest that begin so.
Digest padded(const InvitationId& id, std::uint8_t with) {
  Digest out;
  out.fill(with);
  std::copy(id.begin(), id.end(), out.begin());
  return out;
}

}  // namespace

InvitationId id_of(const Digest& token) {
  InvitationId out;
  std::copy_n(token.begin(), out.size(), out.begin());
  return out;
}

Result<bool> Records::invite(const Invitation& invitation, const std::string& source) {
  return pool_->transact(Access::write, [&](Session& session) {
    const std::string name = invitation.user_name.value_or("");
    need_text("user name", name, k_max_name_bytes);
    need_text("note", invitation.note, k_max_text_bytes);
    if (session.run("SELECT count(*) FROM invitations").at(0).number(0) >= options_.max_invitations)
      return false;
    session.run(
        "INSERT INTO invitations (token, user_name, uses_left, made_ms, expires_ms, note) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        values(invitation.token, invitation.user_name, invitation.uses_left, invitation.made_ms,
               invitation.expires_ms, invitation.note));
    write_audit(session, invitation.made_ms, "invited", name, {}, source);
    return true;
  });
}

Result<std::optional<Invitation>> Records::find_invitation(const Digest& token) {
  return pool_->transact(Access::read, [&](Session& session) -> std::optional<Invitation> {
    const Rows rows = session.run(std::string(k_columns) + "WHERE token = $1", values(token));
    if (rows.empty()) return std::nullopt;
    return invitation_of(rows[0]);
  });
}

Result<std::vector<Invitation>> Records::list_invitations(const InvitationMark& after, std::size_t most,
                                                          WallMs now_ms, const std::string& user_name) {
  return pool_->transact(Access::read, [&](Session& session) {
    std::string where = "WHERE expires_ms > $1 AND (made_ms, token) > ($2, $3) ";
    auto parameters = values(now_ms, after.made_ms, padded(after.id, 0xff),
                             static_cast<std::int64_t>(std::min(most, k_most_listed)));
    if (!user_name.empty()) {
      where += "AND user_name = $5 ";
      parameters.push_back(value_of(user_name));
    }
    std::vector<Invitation> out;
    for (const Row& row : session.run(k_columns + where + "ORDER BY made_ms, token LIMIT $4", parameters))
      out.push_back(invitation_of(row));
    return out;
  });
}

Result<bool> Records::withdraw_invitation(const InvitationId& id, const std::string& source, WallMs now_ms) {
  return pool_->transact(Access::write, [&](Session& session) {
    const Rows gone =
        session.run("DELETE FROM invitations WHERE token >= $1 AND token <= $2 RETURNING user_name",
                    values(padded(id, 0), padded(id, 0xff)));
    for (const Row& row : gone)
      write_audit(session, now_ms, "invitation-withdrawn", row.is_null(0) ? "" : row.text(0), {}, source);
    return !gone.empty();
  });
}

Outcome<> Records::set_password(const std::string& user_name, const std::string& hash, WallMs now_ms) {
  return pool_->transact(Access::write, [&](Session& session) {
    need_text("user name", user_name, k_max_name_bytes);
    need_text("hash of the password", hash, k_max_text_bytes);
    session.run(
        "INSERT INTO passwords (user_name, hash, changed_ms) VALUES ($1, $2, $3) "
        "ON CONFLICT (user_name) DO UPDATE SET hash = excluded.hash, changed_ms = excluded.changed_ms",
        values(user_name, hash, now_ms));
    return Done{};
  });
}

Result<std::optional<std::string>> Records::find_password(const std::string& user_name) {
  return pool_->transact(Access::read, [&](Session& session) -> std::optional<std::string> {
    const Rows rows = session.run("SELECT hash FROM passwords WHERE user_name = $1", values(user_name));
    if (rows.empty()) return std::nullopt;
    return rows[0].text(0);
  });
}

Result<bool> Records::upgrade_password(const std::string& user_name, const std::string& old_hash,
                                       const std::string& new_hash) {
  return pool_->transact(Access::write, [&](Session& session) {
    need_text("hash of the password", new_hash, k_max_text_bytes);
    return !session
                .run("UPDATE passwords SET hash = $3 WHERE user_name = $1 AND hash = $2 RETURNING 1",
                     values(user_name, old_hash, new_hash))
                .empty();
  });
}

Result<bool> Records::remove_password(const std::string& user_name) {
  return pool_->transact(Access::write, [&](Session& session) {
    return !session.run("DELETE FROM passwords WHERE user_name = $1 RETURNING 1", values(user_name)).empty();
  });
}

}  // namespace ringway::enrolld

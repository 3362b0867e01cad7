// Invitations and passwords: what an operator hands out.
#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {

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
    const Rows rows = session.run(
        "SELECT user_name, uses_left, made_ms, expires_ms, note FROM invitations WHERE token = $1",
        values(token));
    if (rows.empty()) return std::nullopt;
    const Row& row = rows[0];
    Invitation out;
    out.token = token;
    if (!row.is_null(0)) out.user_name = row.text(0);
    out.uses_left = static_cast<std::uint32_t>(row.number(1));
    out.made_ms = row.time(2);
    out.expires_ms = row.time(3);
    out.note = row.text(4);
    return out;
  });
}

Result<bool> Records::withdraw_invitation(const Digest& token, const std::string& source, WallMs now_ms) {
  return pool_->transact(Access::write, [&](Session& session) {
    const Rows gone =
        session.run("DELETE FROM invitations WHERE token = $1 RETURNING user_name", values(token));
    if (gone.empty()) return false;
    write_audit(session, now_ms, "invitation-withdrawn", gone[0].is_null(0) ? "" : gone[0].text(0), {},
                source);
    return true;
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

// Enrolments that wait for their proof.
#include <algorithm>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/room.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

void need_sound(const Pending& pending) {
  need_text("user name", pending.user_name, k_max_name_bytes);
  need_text("method", pending.method, k_max_text_bytes);
  need_text("source", pending.source, k_max_text_bytes);
  need_text("label", pending.label, k_max_text_bytes);
  if (pending.user_name.empty()) refuse("the user name is empty");
  if (pending.csr.size() > k_max_csr_bytes) refuse("the certificate request is too long");
  if (pending.node_count == 0 || pending.node_count > k_max_nodes_per_device)
    refuse("a device has 1 to " + std::to_string(k_max_nodes_per_device) + " Node-IDs");
}

Pending pending_of(const Row& row) {
  Pending out;
  const Bytes& id = row.bytes(0);
  if (id.size() != out.id.size()) refuse("the database has a value of the wrong size");
  std::copy(id.begin(), id.end(), out.id.begin());
  out.user_name = row.text(1);
  out.method = row.text(2);
  out.source = row.text(3);
  out.code = row.optional_digest(4);
  out.link = row.optional_digest(5);
  out.csr = row.bytes(6);
  out.key = row.digest(7);
  out.label = row.text(8);
  out.node_count = static_cast<std::uint32_t>(row.number(9));
  out.replace = row.optional_node(10);
  out.attempts_left = static_cast<std::uint32_t>(row.number(11));
  out.begun_ms = row.time(12);
  out.expires_ms = row.time(13);
  return out;
}

std::optional<PendingState> find(Session& session, const std::string& where, const Value& value) {
  const Rows rows = session.run(
      "SELECT id, user_name, method, source, code, link, csr, spki, label, node_count, replace_node, "
      "attempts_left, "
      "begun_ms, expires_ms, device_id FROM pending WHERE " +
          where,
      {value});
  if (rows.empty()) return std::nullopt;
  PendingState state{pending_of(rows[0]), std::nullopt};
  if (!rows[0].is_null(14)) state.device = read_device(session, rows[0].number(14));
  return state;
}

}  // namespace

Result<bool> Records::begin(const Pending& pending) {
  return pool_->transact(Access::write, [&](Session& session) {
    need_sound(pending);
    if (!pending_room_->take(session)) return false;
    session.run(
        "INSERT INTO pending (id, user_name, method, source, code, link, csr, spki, label, node_count, "
        "replace_node, "
        "attempts_left, begun_ms, expires_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, "
        "$13, $14)",
        values(pending.id, pending.user_name, pending.method, pending.source, pending.code, pending.link,
               pending.csr, pending.key, pending.label, pending.node_count, pending.replace,
               pending.attempts_left, pending.begun_ms, pending.expires_ms));
    write_audit(session, pending.begun_ms, "begun", pending.user_name, {}, pending.source);
    return true;
  });
}

// Its room is found again by the next count of the table.
Outcome<> Records::drop_pending(const PendingId& id) {
  const auto dropped = pool_->transact(Access::write, [&](Session& session) {
    session.run("DELETE FROM pending WHERE id = $1 AND device_id IS NULL", values(id));
    return true;
  });
  if (!dropped) return dropped.error();
  return Done{};
}

Result<std::optional<PendingState>> Records::find_pending(const PendingId& id) {
  return pool_->transact(Access::read,
                         [&](Session& session) { return find(session, "id = $1", value_of(id)); });
}

Result<std::optional<PendingState>> Records::find_pending_by_link(const Digest& link) {
  return pool_->transact(Access::read,
                         [&](Session& session) { return find(session, "link = $1", value_of(link)); });
}

}  // namespace ringway::enrolld

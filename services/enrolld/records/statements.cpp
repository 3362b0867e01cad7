#include "services/enrolld/records/statements.hpp"

#include <algorithm>

namespace ringway::enrolld {
namespace {

// ASCII only: neither database folds other letters by itself, and user names are ASCII.
std::string folded(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::optional<LockedAccount> locked(const Rows& rows) {
  if (rows.empty()) return std::nullopt;
  return LockedAccount{rows[0].number(0), !rows[0].is_null(1)};
}

Device device_of(const Row& row) {
  Device device;
  device.id = row.number(0);
  device.user_name = row.text(1);
  device.label = row.text(2);
  device.key = row.digest(3);
  device.made_ms = row.time(4);
  device.revoked_ms = row.optional_time(5);
  device.revoked_why = row.text(6);
  if (!row.is_null(7)) device.certificate = {row.bytes(7), row.text(8), row.time(9), row.time(10)};
  return device;
}

std::vector<NodeId> nodes_of(Session& session, std::int64_t device_id) {
  std::vector<NodeId> nodes;
  for (const Row& row :
       session.run("SELECT node_id FROM nodes WHERE device_id = $1 ORDER BY place", values(device_id)))
    nodes.push_back(row.node(0));
  return nodes;
}

}  // namespace

std::optional<LockedAccount> lock_account(Session& session, const std::string& user_name, WallMs now_ms) {
  return locked(
      session.run("UPDATE accounts SET changed_ms = $2 WHERE user_name = $1 RETURNING id, blocked_ms",
                  values(user_name, now_ms)));
}

std::optional<LockedAccount> lock_account_of(Session& session, const NodeId& node, WallMs now_ms) {
  return locked(
      session.run("UPDATE accounts SET changed_ms = $2 WHERE id = (SELECT d.account_id FROM devices d "
                  "JOIN nodes n ON n.device_id = d.id WHERE n.node_id = $1) RETURNING id, blocked_ms",
                  values(node, now_ms)));
}

std::optional<LockedAccount> make_account(Session& session, const std::string& user_name, WallMs now_ms) {
  need_text("user name", user_name, k_max_name_bytes);
  if (user_name.empty()) refuse("the user name is empty");
  // Waits for a transaction that is making the same account.
  return locked(session.run(
      "INSERT INTO accounts (user_name, folded_name, made_ms, changed_ms) VALUES ($1, $2, $3, $3) "
      "ON CONFLICT DO NOTHING RETURNING id, blocked_ms",
      values(user_name, folded(user_name), now_ms)));
}

std::vector<Device> read_devices(Session& session, const std::string& where,
                                 const std::vector<Value>& parameters) {
  const Rows rows = session.run(
      "SELECT d.id, a.user_name, d.label, d.spki, d.made_ms, d.revoked_ms, d.revoked_why, d.certificate, "
      "d.serial, "
      "d.issued_ms, d.expires_ms FROM devices d JOIN accounts a ON a.id = d.account_id WHERE " +
          where,
      parameters);
  std::vector<Device> devices;
  for (const Row& row : rows) {
    devices.push_back(device_of(row));
    devices.back().nodes = nodes_of(session, devices.back().id);
  }
  return devices;
}

std::optional<Device> read_device(Session& session, std::int64_t id) {
  auto found = read_devices(session, "d.id = $1", values(id));
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

std::optional<Device> read_device(Session& session, const NodeId& node) {
  auto found =
      read_devices(session, "d.id = (SELECT n.device_id FROM nodes n WHERE n.node_id = $1)", values(node));
  if (found.empty()) return std::nullopt;
  return std::move(found[0]);
}

std::vector<NodeId> revoke(Session& session, std::int64_t device_id, const Revocation& revocation,
                           const char* event) {
  need_text("reason", revocation.why, k_max_text_bytes);
  const Rows changed = session.run(
      "UPDATE devices SET revoked_ms = $2, revoked_why = $3 WHERE id = $1 AND revoked_ms IS NULL RETURNING "
      "id",
      values(device_id, revocation.now_ms, revocation.why));
  if (changed.empty()) return {};
  const auto device = read_device(session, device_id);
  if (!device) refuse("the database lost a device");
  for (const NodeId& node : device->nodes)
    write_audit(session, revocation.now_ms, event, device->user_name, node, revocation.source);
  return device->nodes;
}

bool is_key_revoked(Session& session, const Digest& key) {
  return !session
              .run(
                  "SELECT 1 FROM devices WHERE (spki = $1 OR former_spki = $1) AND revoked_ms IS NOT NULL "
                  "LIMIT 1",
                  values(key))
              .empty();
}

void write_audit(Session& session, const AuditEntry& entry) {
  need_text("event", entry.event, k_max_text_bytes);
  need_text("user name", entry.user_name, k_max_name_bytes);
  need_text("source", entry.source, k_max_text_bytes);
  session.run("INSERT INTO audit (time_ms, event, user_name, node, source) VALUES ($1, $2, $3, $4, $5)",
              values(entry.time_ms, entry.event, entry.user_name, entry.node, entry.source));
}

}  // namespace ringway::enrolld

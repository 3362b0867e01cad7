// Statements that several of the records' operations share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

struct LockedAccount {
  std::int64_t id = 0;
  bool blocked = false;
};
// Whoever changes an account or its devices holds its row first, so that the rest can be decided by reading.
std::optional<LockedAccount> lock_account(Session& session, const std::string& user_name, WallMs now_ms);
std::optional<LockedAccount> lock_account_of(Session& session, const NodeId& node, WallMs now_ms);
// Nothing when a name that differs in upper and lower case alone is there.
std::optional<LockedAccount> make_account(Session& session, const std::string& user_name, WallMs now_ms);

// `where` is about d (devices) and a (accounts): "d.id = $1".
std::vector<Device> read_devices(Session& session, const std::string& where,
                                 const std::vector<Value>& parameters);
std::optional<Device> read_device(Session& session, std::int64_t id);
std::optional<Device> read_device(Session& session, const NodeId& node);

// The device's Node-IDs; none when it was revoked already.
std::vector<NodeId> revoke(Session& session, std::int64_t device_id, const Revocation& revocation,
                           const char* event);
// Whether anybody ever lost this key.
bool is_key_revoked(Session& session, const Digest& key);

void write_audit(Session& session, const AuditEntry& entry);
inline void write_audit(Session& session, WallMs now_ms, const char* event, const std::string& user_name,
                        const std::optional<NodeId>& node, const std::string& source) {
  write_audit(session, {0, now_ms, event, user_name, node, source});
}

}  // namespace ringway::enrolld

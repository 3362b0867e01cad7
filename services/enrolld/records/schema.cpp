#include "services/enrolld/records/schema.hpp"

#include <array>

namespace ringway::enrolld {
namespace {

// What is not obvious from a name:
// accounts.folded_name   the name in lower case: two names that differ in case alone would be taken for each
// other accounts.changed_ms    written to lock the row; all changes of an account's devices begin with it
// devices.former_spki    the key before the last renewal with another one
// devices.origin         the token's digest of the invitation through which the device came
// devices.last_expiry_ms of all its certificates
// documents.follows      the position of the document before; unique, so that two cannot follow one
constexpr const char* k_first = R"(
CREATE TABLE accounts (
  id {id},
  user_name {text} NOT NULL UNIQUE,
  folded_name {text} NOT NULL UNIQUE,
  made_ms {int} NOT NULL,
  changed_ms {int} NOT NULL,
  blocked_ms {int}
) {table};

CREATE TABLE devices (
  id {id},
  account_id {int} NOT NULL REFERENCES accounts (id),
  label {text} NOT NULL,
  spki {blob} NOT NULL,
  former_spki {blob},
  origin {blob},
  certificate {blob},
  serial {text} UNIQUE,
  issued_ms {int},
  expires_ms {int},
  last_expiry_ms {int} NOT NULL,
  made_ms {int} NOT NULL,
  revoked_ms {int},
  revoked_why {text} NOT NULL,
  UNIQUE (account_id, spki)
) {table};
CREATE INDEX devices_by_spki ON devices (spki);
CREATE INDEX devices_by_former_spki ON devices (former_spki);

CREATE TABLE nodes (
  node_id {blob} NOT NULL PRIMARY KEY,
  device_id {int} NOT NULL REFERENCES devices (id),
  place {int} NOT NULL,
  UNIQUE (device_id, place)
) {table};

CREATE TABLE pending (
  id {blob} NOT NULL PRIMARY KEY,
  user_name {text} NOT NULL,
  method {text} NOT NULL,
  source {text} NOT NULL,
  code {blob},
  link {blob} UNIQUE,
  csr {blob} NOT NULL,
  spki {blob} NOT NULL,
  label {text} NOT NULL,
  node_count {int} NOT NULL,
  replace_node {blob},
  attempts_left {int} NOT NULL,
  begun_ms {int} NOT NULL,
  expires_ms {int} NOT NULL,
  device_id {int} REFERENCES devices (id)
) {table};
CREATE INDEX pending_by_expiry ON pending (expires_ms);

CREATE TABLE invitations (
  token {blob} NOT NULL PRIMARY KEY,
  user_name {text},
  uses_left {int} NOT NULL,
  made_ms {int} NOT NULL,
  expires_ms {int} NOT NULL,
  note {text} NOT NULL
) {table};
CREATE INDEX invitations_by_expiry ON invitations (expires_ms);

CREATE TABLE passwords (
  user_name {text} NOT NULL PRIMARY KEY,
  hash {text} NOT NULL,
  changed_ms {int} NOT NULL
) {table};

CREATE TABLE limits (
  name {text} NOT NULL,
  key {text} NOT NULL,
  window_start_ms {int} NOT NULL,
  window_end_ms {int} NOT NULL,
  count {int} NOT NULL,
  PRIMARY KEY (name, key)
) {table};
CREATE INDEX limits_by_end ON limits (window_end_ms);

CREATE TABLE documents (
  position {id},
  follows {int} NOT NULL UNIQUE,
  sequence {int} NOT NULL,
  bytes {blob} NOT NULL,
  published_ms {int} NOT NULL
) {table};

CREATE TABLE audit (
  id {id},
  time_ms {int} NOT NULL,
  event {text} NOT NULL,
  user_name {text} NOT NULL,
  node {blob},
  source {text} NOT NULL
) {table};
)";

std::int64_t version_of(Session& session) {
  session.run_schema(
      "CREATE TABLE IF NOT EXISTS migrations (version {int} NOT NULL PRIMARY KEY, name {text} NOT NULL) "
      "{table};");
  return session.run("SELECT coalesce(max(version), 0) FROM migrations").at(0).number(0);
}

// The version afterwards.
std::size_t one_step(Session& session, std::span<const Migration> steps) {
  session.lock_schema();
  const auto version = static_cast<std::size_t>(version_of(session));
  if (version > steps.size())
    refuse("the database is of version " + std::to_string(version) +
           ", made by a newer ringway-enrolld; this one " + "knows versions up to " +
           std::to_string(steps.size()));
  if (version == steps.size()) return version;
  const Migration& next = steps[version];
  session.run_schema(next.sql);
  session.run("INSERT INTO migrations (version, name) VALUES ($1, $2)",
              values(static_cast<std::int64_t>(version + 1), next.name));
  return version + 1;
}

}  // namespace

std::span<const Migration> migrations() {
  static const std::array<Migration, 1> k_all{{{"first tables", k_first}}};
  return k_all;
}

Outcome<> migrate(Pool& pool, std::span<const Migration> steps) {
  for (;;) {
    const auto version =
        pool.transact(Access::write, [&](Session& session) { return one_step(session, steps); });
    if (!version) return version.error();
    if (*version == steps.size()) return Done{};
  }
}

}  // namespace ringway::enrolld

// The overlay's documents and the audit trail: what is only ever added to.
#include <algorithm>
#include <limits>

#include "services/enrolld/records/pool.hpp"
#include "services/enrolld/records/records.hpp"
#include "services/enrolld/records/statements.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::int64_t k_kept_documents = 16;
constexpr std::size_t k_most_listed = 1000;

}  // namespace

Result<std::optional<Document>> Records::newest_document() {
  return pool_->transact(Access::read, [](Session& session) -> std::optional<Document> {
    const Rows rows = session.run(
        "SELECT position, sequence, bytes, published_ms FROM documents ORDER BY position DESC LIMIT 1");
    if (rows.empty()) return std::nullopt;
    const Row& row = rows[0];
    return Document{row.number(0), static_cast<std::uint16_t>(row.number(1)), row.bytes(2), row.time(3)};
  });
}

Result<bool> Records::was_published(const Bytes& document) {
  return pool_->transact(Access::read, [&](Session& session) {
    return !session.run("SELECT 1 FROM documents WHERE bytes = $1 LIMIT 1", values(document)).empty();
  });
}

Result<bool> Records::publish(const Document& document, std::int64_t follows, const std::string& source) {
  if (document.bytes.size() > k_max_document_bytes) return Failure{"the document is too long"};
  return pool_->transact(Access::write, [&](Session& session) {
    const Rows newest = session.run("SELECT coalesce(max(position), 0) FROM documents");
    if (newest.at(0).number(0) != follows) return false;
    // Waits for one that is being published after the same document.
    const Rows made = session.run(
        "INSERT INTO documents (follows, sequence, bytes, published_ms) VALUES ($1, $2, $3, $4) "
        "ON CONFLICT (follows) DO NOTHING RETURNING position",
        values(follows, std::uint32_t{document.sequence}, document.bytes, document.published_ms));
    if (made.empty()) return false;
    // Who waited so long that the one before it has been deleted meanwhile met no conflict.
    const Rows others = session.run("SELECT 1 FROM documents WHERE position > $1 AND position <> $2 LIMIT 1",
                                    values(follows, made[0].number(0)));
    if (!others.empty()) throw SqlError(SqlError::Kind::conflict, "documents were published meanwhile");
    session.run(
        "DELETE FROM documents WHERE position NOT IN "
        "(SELECT position FROM documents ORDER BY position DESC LIMIT $1)",
        values(k_kept_documents));
    write_audit(session, document.published_ms, "document-published", "", {}, source);
    return true;
  });
}

Outcome<> Records::note(const AuditEntry& entry) {
  return pool_->transact(Access::write, [&](Session& session) {
    write_audit(session, entry);
    return Done{};
  });
}

Result<std::vector<AuditEntry>> Records::audit_trail(std::int64_t before, std::size_t most) {
  return pool_->transact(Access::read, [&](Session& session) {
    const std::int64_t end = before == 0 ? std::numeric_limits<std::int64_t>::max() : before;
    std::vector<AuditEntry> entries;
    for (const Row& row : session.run("SELECT id, time_ms, event, user_name, node, source FROM audit WHERE "
                                      "id < $1 ORDER BY id DESC LIMIT $2",
                                      values(end, static_cast<std::int64_t>(std::min(most, k_most_listed)))))
      entries.push_back(
          {row.number(0), row.time(1), row.text(2), row.text(3), row.optional_node(4), row.text(5)});
    return entries;
  });
}

}  // namespace ringway::enrolld

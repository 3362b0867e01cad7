// Everything the enrollment server remembers, in SQLite (one server) or PostgreSQL (a fleet of them).
//
// An enrolment goes:  begin -> (mail, webhook, ...) -> find_pending -> enrol with its proof -> certificate.
// Each call is one transaction and answers only when it is on the disk. Several servers, and the command line
// beside a running one, may use one database: what a call decides holds for all of them.
//
// Calls block, and may come from any thread. Conflicts with other transactions and lost connections are tried
// again until `patience` has passed. A Failure is the database's trouble (or the signer's, or an argument
// that cannot be kept) and has changed nothing, unless its reason says that the outcome is not known;
// refusals are not failures.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "services/enrolld/records/record_types.hpp"

namespace ringway::enrolld {

class Pool;
class Room;

struct RecordsOptions {
  std::string database;         // postgresql://... (or postgres://...), or the path of a SQLite file
  std::size_t connections = 8;  // to PostgreSQL, opened as they are needed; a SQLite file has one
  Duration patience{10'000};    // for conflicts, a busy database, lost connections, a free connection
  std::int64_t max_pending = 65'536;
  std::int64_t max_limits = 1'048'576;
  std::int64_t max_invitations = 65'536;
  std::int64_t max_audit_entries = 1'048'576;  // prune() drops the oldest beyond
};

class Records {
 public:
  // Makes the database's tables or brings them up to date; refuses a database of a newer program.
  static Result<std::unique_ptr<Records>> open(const RecordsOptions& options);
  ~Records();
  Records(const Records&) = delete;
  Records& operator=(const Records&) = delete;

  // Whether the database answers.
  Outcome<> check();

  // ---- Enrolments
  // False when as many as max_pending wait already.
  Result<bool> begin(const Pending& pending);
  // The claimant cannot be told how to prove it: as if it had not begun, but for the audit trail.
  Outcome<> drop_pending(const PendingId& id);
  Result<std::optional<PendingState>> find_pending(const PendingId& id);
  Result<std::optional<PendingState>> find_pending_by_link(const Digest& link);
  // Checks the proof, uses it up, makes the account and the device, has the certificate signed and keeps it:
  // all of it or nothing. Each CodeProof that finds its pending enrolment costs one of its attempts, whatever
  // comes of it.
  Result<Enrolled> enrol(const EnrolRequest& request, const Sign& sign);
  // A device may go over to another key; its former one may then only ask for the same again (an answer got
  // lost).
  Result<Enrolled> renew(const RenewRequest& request, const Sign& sign);

  // ---- Accounts and devices
  Result<std::optional<Account>> find_account(const std::string& user_name);
  Result<std::optional<Device>> find_device(const NodeId& node);
  // The user's that has this key now.
  Result<std::optional<Device>> find_device_of_key(const std::string& user_name, const Digest& key);
  // By their numbers, from the one behind `after`; of one user when a name is given.
  Result<std::vector<Device>> list_devices(std::int64_t after, std::size_t most,
                                           const std::string& user_name = {});
  // The Node-IDs that were revoked by this call: none when they were already, or nobody has them.
  Result<std::vector<NodeId>> revoke_device(const NodeId& node, const Revocation& revocation);
  // Ends the invitations for the name and its password as well: they would bring the user back at once.
  Result<RevokedUser> revoke_user(const std::string& user_name, const Revocation& revocation);
  // Also keeps a name from ever being enrolled that nobody has yet. Devices that are there stay as they are.
  Outcome<> set_blocked(const std::string& user_name, bool blocked, const std::string& source, WallMs now_ms);
  // Revoked Node-IDs with a certificate that could still be shown.
  Result<std::vector<RevokedNode>> revoked_nodes(WallMs now_ms);

  // ---- Invitations and passwords
  // False when there are as many as max_invitations.
  Result<bool> invite(const Invitation& invitation, const std::string& source);
  Result<std::optional<Invitation>> find_invitation(const Digest& token);
  // Those that have not expired, the oldest first, from the one behind `after`; for one user when a name is
  // given.
  Result<std::vector<Invitation>> list_invitations(const InvitationMark& after, std::size_t most,
                                                   WallMs now_ms, const std::string& user_name = {});
  // False when there is no such one.
  Result<bool> withdraw_invitation(const InvitationId& id, const std::string& source, WallMs now_ms);
  Outcome<> set_password(const std::string& user_name, const std::string& hash, WallMs now_ms);
  Result<std::optional<std::string>> find_password(const std::string& user_name);
  // Only if it is still `old_hash`: an upgrade does not undo a change of password.
  Result<bool> upgrade_password(const std::string& user_name, const std::string& old_hash,
                                const std::string& new_hash);
  Result<bool> remove_password(const std::string& user_name);

  // ---- Limits
  // Counts one use of `limit` by `key` (a source, a name) in the current window of `window` length, and says
  // whether that was at most the `most`-th. Windows follow one another, so two of them can meet in a shorter
  // time.
  Result<Allowance> count_against(const std::string& limit, const std::string& key, Duration window,
                                  std::uint32_t most, WallMs now_ms);

  // ---- The overlay's documents
  Result<std::optional<Document>> newest_document();
  // Whether it is one of those that are kept, byte for byte.
  Result<bool> was_published(const Bytes& document);
  // Publishes `document` as the next one after the one at position `follows` (0: the first ever). False when
  // that is not the newest any more: read it again and make another. Two servers cannot both succeed. The
  // last 16 are kept.
  Result<bool> publish(const Document& document, std::int64_t follows, const std::string& source);

  // ---- The audit trail. The calls above write what they change; note() is for the rest.
  Outcome<> note(const AuditEntry& entry);
  // The newest first, from the one before `before` (0: from the newest).
  Result<std::vector<AuditEntry>> audit_trail(std::int64_t before, std::size_t most);

  // Drops what has run out: enrolments (an hour later, so that their outcome can be asked for), windows of
  // limits, invitations. To be called every few minutes.
  Result<std::uint64_t> prune(WallMs now_ms);

 private:
  Records(const RecordsOptions& options, std::unique_ptr<Pool> pool);

  const RecordsOptions options_;
  const std::unique_ptr<Pool> pool_;
  const std::unique_ptr<Room> pending_room_;
  const std::unique_ptr<Room> limits_room_;
};

}  // namespace ringway::enrolld

// What the enrollment server remembers, as values: enrolments under way, devices, accounts, invitations,
// documents. Secrets come as SHA-256 digests; no code, link or token is ever kept as it is.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::enrolld {

using Digest = std::array<std::uint8_t, 32>;  // SHA-256
using PendingId =
    std::array<std::uint8_t, 16>;  // random; whoever has it may ask what became of the enrolment

inline constexpr std::size_t k_max_name_bytes = 320;  // user names: 64 @ 255, as addresses of e-mail
inline constexpr std::size_t k_max_text_bytes =
    1024;  // labels, notes, sources, password hashes, keys of limits
inline constexpr std::size_t k_max_csr_bytes = 16'384;
inline constexpr std::size_t k_max_certificate_bytes = 65'536;
inline constexpr std::size_t k_max_document_bytes = 16'777'216;
inline constexpr std::size_t k_max_nodes_per_device = 16;  // Node-IDs of one certificate

// A signed certificate, as the records keep it.
struct Certificate {
  Bytes der;
  std::string serial;  // hexadecimal; unique
  WallMs issued_ms = 0;
  WallMs expires_ms = 0;
};

// One key of a user, and the Node-IDs that are certified for it: the same ones for as long as the device
// lives (ENROLL-14). A Node-ID that was given once is never given to anybody else, also not after a
// revocation.
struct Device {
  std::int64_t id = 0;
  std::string user_name;
  std::string label;
  Digest key{};               // SHA-256 of the SubjectPublicKeyInfo
  std::vector<NodeId> nodes;  // in the order of the certificate
  Certificate certificate;    // the newest
  WallMs made_ms = 0;
  std::optional<WallMs> revoked_ms;
  std::string revoked_why;
};

struct Account {
  std::string user_name;
  WallMs made_ms = 0;
  std::optional<WallMs> blocked_ms;  // a blocked name enrols and renews nothing
  std::uint32_t live_devices = 0;    // not revoked
};

// An enrolment that waits for its proof.
struct Pending {
  PendingId id{};
  std::string user_name;
  std::string method;          // how the name is to be proved: "mail", "webhook", ...
  std::string source;          // where the request came from
  std::optional<Digest> code;  // typed by hand, so few attempts
  std::optional<Digest> link;  // unique, too long to be guessed
  Bytes csr;                   // PKCS#10
  Digest key{};                // SHA-256 of the SubjectPublicKeyInfo in the CSR
  std::string label;
  std::uint32_t node_count = 1;   // ENROLL-08
  std::optional<NodeId> replace;  // the device that this one comes instead of
  std::uint32_t attempts_left = 0;
  WallMs begun_ms = 0;
  WallMs expires_ms = 0;
};

struct PendingState {
  Pending pending;
  std::optional<Device> device;  // once it has been proved; as it is now
};

// Why the claimant may have the name.
struct CodeProof {
  PendingId id{};
  Digest code{};
};
struct LinkProof {
  Digest link{};
};
struct VouchedProof {  // somebody else has checked the name of this pending enrolment (the webhook)
  PendingId id{};
};
struct InvitationProof {
  Digest token{};
};
struct PasswordProof {
  std::string hash;  // that the caller has checked the password against: it must be the name's still
};
struct OwnerProof {};  // the caller has: a certificate, the operator himself
// The operator issues from the authority's folder: a name that nobody has, and that nobody enrols from then
// on.
struct FolderProof {
  bool again = false;  // the name was issued from the folder before
};
using Proof =
    std::variant<CodeProof, LinkProof, VouchedProof, InvitationProof, PasswordProof, OwnerProof, FolderProof>;

struct EnrolRequest {
  Proof proof;
  std::string user_name;  // those of the pending enrolment, when it is one
  Digest key{};
  std::vector<NodeId> nodes;  // fresh random ones, used when the device is new
  std::string label;
  std::uint32_t quota_nodes = 0;  // Node-IDs with a live certificate that the account may have (ENROLL-22)
  std::optional<NodeId> replace;  // one Node-ID of the account's device that is revoked by the same stroke
  std::string source;
  WallMs now_ms = 0;
};

struct RenewRequest {
  NodeId node;        // of the device that renews
  Digest held_key{};  // the key that the requester has shown to hold, by its present certificate
  Digest new_key{};   // the key to be certified: the same or another
  std::string source;
  WallMs now_ms = 0;
  bool from_folder = false;  // by the operator: also for a name that is blocked
};

// What became of a request for a certificate. The first five made one.
enum class Verdict {
  made_account,
  added_device,
  replaced_device,
  same_device,  // this key is enrolled already: a new certificate with the same Node-IDs (ENROLL-14)
  renewed,
  // Refusals; nothing was changed but the count of attempts.
  wrong_proof,  // unknown, withdrawn, or of another name or key
  proof_expired,
  out_of_attempts,
  proof_used,  // `device` is what it was used for
  name_taken,  // by somebody else; also when the names differ in upper and lower case alone
  account_blocked,
  quota_reached,
  key_revoked,  // this key was revoked, or replaced, once
  key_in_use,   // by another device of the account
  device_revoked,
  no_such_device,  // the one to be replaced or renewed
  node_id_taken,   // draw others and ask again
};
bool made_certificate(Verdict verdict);
// "name_taken", for logs and metrics.
const char* name_of(Verdict verdict);

struct Enrolled {
  Verdict verdict = Verdict::wrong_proof;
  std::optional<Device> device;
};

// Signs a certificate for the device's user name, key and Node-IDs. It is called inside the transaction that
// remembers the certificate, after every check: what cannot be remembered is never handed out, and what
// cannot be signed uses up no proof. It may be called again when the transaction is repeated, and must not
// call Records.
using Sign = std::function<Result<Certificate>(const Device& device)>;

struct Invitation {
  Digest token{};
  std::optional<std::string> user_name;  // none: any name that nobody has
  std::uint32_t uses_left = 1;
  WallMs made_ms = 0;
  WallMs expires_ms = 0;
  std::string note;
};

// Names an invitation to operators, and proves nothing: the first bytes of its token's digest.
using InvitationId = std::array<std::uint8_t, 8>;
InvitationId id_of(const Digest& token);

// Where a list of invitations goes on: behind this one.
struct InvitationMark {
  WallMs made_ms = 0;
  InvitationId id{};
};

struct Revocation {
  std::string why;
  std::string source;
  WallMs now_ms = 0;
};

struct RevokedUser {
  std::vector<NodeId> nodes;       // of the devices that were good until now
  std::uint32_t proofs_ended = 0;  // invitations for the name, and its password
};

// A Node-ID that the overlay's document must name as bad until the last certificate for it has expired.
struct RevokedNode {
  NodeId node;
  WallMs until_ms = 0;
};

struct Allowance {
  bool allowed = false;
  std::uint32_t count = 0;  // with this one, in this window
  WallMs resets_ms = 0;
};

// The overlay's configuration document. Positions grow without end; sequences start again (RFC 6940
// §6.3.2.1).
struct Document {
  std::int64_t position = 0;
  std::uint16_t sequence = 0;
  Bytes bytes;
  WallMs published_ms = 0;
};

struct AuditEntry {
  std::int64_t id = 0;
  WallMs time_ms = 0;
  std::string event;
  std::string user_name;
  std::optional<NodeId> node;
  std::string source;
};

}  // namespace ringway::enrolld

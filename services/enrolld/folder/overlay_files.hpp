// An overlay as files: the authority's folder (root, issuing authority, signer, document, names issued) and
// what a node gets.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/folder/keyring.hpp"

namespace ringway::enrolld {

// Which records a server of the folder keeps: services/enrolld/issue reads and writes it.
inline constexpr const char* k_served_mark = "/served.json";

struct InitOptions {
  std::string overlay_name;
  std::string directory;
  std::vector<config::BootstrapNode> bootstrap_nodes;
  std::vector<std::string> enrollment_servers;  // https://, whom newcomers ask for credentials
  std::uint32_t max_message_size_bytes = 65536;
  std::size_t replicas = config::k_default_replicas;
  std::int64_t chord_update_interval_s = 60;
  std::int64_t chord_ping_interval_s = 600;
  std::int64_t validity_days = 3650;
  // RFC 7512 URIs of keys that a PKCS#11 token has; empty: a key is made and kept in the folder.
  std::string root_key_uri;
  std::string issuing_key_uri;
  KeySources keys;
  bool force = false;
};
// root.key, root.crt, issuing.key, issuing.crt, signer.key, signer.crt, overlay.xml, issued.json. Only
// new_issuing, and an update that prolongs the document beyond the certificates, need root.key again: it can
// be kept elsewhere.
Outcome<> init(const InitOptions& options);

// What the enrollment server of the same overlay remembers: it and the folder give no name twice.
class IssueRecords {
 public:
  struct Wanted {
    std::string user_name;
    std::vector<NodeId> nodes;  // those that the user has had, then fresh ones
    bool renew = false;
    services::Key key;
  };
  // Certifies the key for these Node-IDs. May be called more than once.
  using Certify = std::function<Result<services::NodeCertificate>(const std::vector<NodeId>& nodes)>;

  struct Kept {
    std::vector<NodeId> nodes;       // that the certificate has got
    std::optional<Failure> refused;  // the records' verdict: nothing was written
  };

  virtual ~IssueRecords() = default;
  // Why not; changes nothing.
  virtual Outcome<> check(const Wanted& wanted) = 0;
  // Has it certified and keeps it: all of it or nothing. After a Failure nobody knows which of the two.
  virtual Result<Kept> keep(const Wanted& wanted, const Certify& certify) = 0;
};

struct IssueOptions {
  std::string directory;
  std::string user_name;
  std::string out;  // where node.key, node.crt and overlay.xml go
  std::uint32_t nodes = 1;
  std::int64_t validity_days = 365;
  bool renew =
      false;  // the user has a name already: same Node-IDs, new key and certificate, also over the old
  bool force = false;  // overwrite files in `out`, whosever they are
  KeySources keys;
};
struct Issued {
  std::vector<NodeId> nodes;
};
// `records`: null where no server enrols. They are asked before a name is given, and keep what was issued.
Result<Issued> issue(const IssueOptions& asked, IssueRecords* records = nullptr);

struct UpdateOptions {
  std::string directory;
  // A copy of the document that somebody has edited: Kinds, limits, signers. The signatures in it count for
  // nothing; its sequence is that of the present one, or the copy is too old. Empty: the present one.
  std::string edited;
  std::vector<config::BootstrapNode> bootstrap_nodes;  // replaces the list when not empty
  std::vector<std::string> enrollment_servers;         // likewise
  std::vector<NodeId> bad_nodes;                       // added
  std::optional<std::size_t> replicas;                 // unset: as many as before
  // The document expires so many days from now; unset: when it did before.
  std::optional<std::int64_t> validity_days;
  std::string root_key;  // needed to renew certificates: a file, or a token's URI; empty: the folder's
  KeySources keys;
};
struct Updated {
  std::uint16_t sequence = 0;
  std::optional<WallMs> expiration_ms;
  std::size_t bootstrap_nodes = 0;  // that the document names
  bool has_authority = false;       // which may push it
  // Their certificates would have ended before the document: new ones, with the same keys.
  bool root_renewed = false;
  bool issuing_renewed = false;
  bool signer_renewed = false;
};
// The next sequence of the document, signed again.
Result<Updated> update(const UpdateOptions& options);

struct IssuingOptions {
  std::string directory;
  std::string root_key;         // a file, or a token's URI; empty: root.key of the folder
  std::string issuing_key_uri;  // as in InitOptions
  std::int64_t validity_days = 3650;
  KeySources keys;
};
// Another issuing key and its certificate, or the first of a folder whose root issues itself. What was issued
// before stays good.
Outcome<> new_issuing(const IssuingOptions& options);

// What a running server needs of the folder: the keys stay in memory.
struct OpenFolder {
  services::Authority authority;
  std::shared_ptr<const security::Signer> document_signer;
  std::set<std::string> names;  // issued from the folder; the signer's is one of them
};
Result<OpenFolder> open_folder(const std::string& directory, const KeySources& keys);

// The folder's configuration document, as it is signed.
Result<Bytes> read_document(const std::string& directory);
// Puts a document made elsewhere into the folder, in the place of the one that was read there: the next
// update follows it then. False when the folder has another one by now, which nobody has read yet.
Result<bool> replace_document(const std::string& directory, BytesView read_before, BytesView document);

}  // namespace ringway::enrolld

// What is asked of the Registrar, what it answers, and what its overlay offers.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "reload/time.hpp"
#include "services/enrolld/records/record_types.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

// How a claimant proves that a name is theirs.
enum class Method { mail, invitation, password, certificate, telephone };
const char* name_of(Method method);

// So many in each window. Windows follow one another without a gap.
struct Limit {
  std::uint32_t most = 0;
  Duration window{3'600'000};
};

// An IPv6 /48, which one customer may have, is allowed what so many sources (each a /64) are.
inline constexpr std::uint32_t k_sources_of_network = 16;

struct Limits {
  Limit attempts_of_source{120, Duration{600'000}};  // of anything
  Limit mails_of_source{30, Duration{3'600'000}};    // and questions to the verifier
  Limit mails_to_name{5, Duration{3'600'000}};
  Limit passwords_of_name{20, Duration{3'600'000}};
  Limit codes_by_telephone{5, Duration{86'400'000}};  // for one enrolment
  Limit certificates_of_source{200, Duration{86'400'000}};
  Limit certificates_of_name{20, Duration{86'400'000}};
  Limit nodes_of_source{200, Duration{86'400'000}};  // Node-IDs in those certificates
  // Each replaced device stays in the overlay's document until its certificate has ended.
  Limit replacements_of_source{20, Duration{86'400'000}};
  Limit replacements_of_name{3, Duration{86'400'000}};
  Limit replacements_of_name_a_year{12, Duration{31'536'000'000}};
  std::uint32_t nodes_of_name = 8;  // with a live certificate (RFC 6940 §13.6.2)
  std::uint32_t nodes_of_device = 4;
};

struct Settings {
  std::set<Method> methods;
  std::string link_base_url;  // https://, for mail: the pages behind the links
  Secret code_key;            // k_code_key_bytes or more; the same on all servers of one database
  std::vector<SharedBytes> foreign_roots_der;  // whose certificates prove names, for Method::certificate
  std::set<std::string> reserved_names;        // nobody enrols them: the configuration signer's, say
  std::set<std::string> operator_names;        // of users: no invitation for anybody gives them
  Duration pending_for{1'800'000};
  Duration certificate_for{31'536'000'000};                 // a year, and never longer than the authority
  std::shared_ptr<const security::Signer> document_signer;  // a configuration-signer of the overlay
  // At most one document in this time for what no operator asks for: replaced devices, ended certificates.
  // Every document goes to every peer.
  Duration gather_for{60'000};
  Limits limits;
};

// Who asks.
struct Caller {
  // Key of the limits, and for the audit trail: an IPv4 address, or the /64 of an IPv6 one.
  std::string source;
  // In DER, the client's own first; empty when TLS brought none. TLS has shown that the client holds its key;
  // whether anybody vouches for it is checked here.
  std::vector<SharedBytes> certificates;
};

// Why not; told without telling which part of a proof was wrong.
enum class Refusal {
  bad_request,          // the name, the label: mend it
  bad_csr,              // bad_CSR
  wrong_proof,          // failed_authentication
  name_not_available,   // username_not_available
  nodes_not_available,  // Node-IDs_not_available
  too_many,             // for now
  gone,                 // no such enrolment any more: begin again
  not_proved_yet,
  closed,       // the overlay does not offer this
  not_found,    // of operators
  unavailable,  // the database, the mail server, the verifier
};

struct Refused {
  Refusal refusal = Refusal::unavailable;
  std::string message;      // for the claimant
  Duration retry_after{0};  // when it may help
  std::string detail;       // for the operator's log only; no secret
};
template <typename T>
using Answer = Result<T, Refused>;

struct BeginRequest {
  std::string user;  // user@domain, or tel:+digits
  Method method = Method::mail;
  Bytes csr;      // PKCS#10, DER; only its key is used
  Secret secret;  // the invitation, or the password
  std::string label;
  std::uint32_t node_count = 1;   // ENROLL-08
  std::optional<NodeId> replace;  // this key takes the place of a lost device
};

// A certificate as it is handed out.
struct Delivered {
  std::vector<Bytes> chain;  // DER, the node's first, no root
  std::vector<NodeId> nodes;
  std::string user_name;  // as it is in the certificate
  WallMs not_after_ms = 0;
  Bytes configuration;  // the overlay's document; empty before there is one
};

struct Waiting {
  std::string enrolment;  // for confirm(): 32 hex digits
  std::string instruction;
  WallMs expires_ms = 0;
};

struct Begun {
  std::optional<Waiting> waiting;
  std::optional<Delivered> delivered;  // exactly one of the two
};

// What the page behind a link shows before anybody presses its button.
struct LinkTold {
  std::string overlay_name;
  std::string user_name;
  std::string label;
  std::string source;  // where the enrolment was begun
  bool done = false;   // it has been followed before
};

struct RevokedNow {
  std::vector<NodeId> nodes;   // none when only proofs were ended
  std::uint16_t sequence = 0;  // of the document that lists them
};

// What became of a document made elsewhere.
struct Adopted {
  // It is neither newer than the newest nor one that was published before: another came first.
  bool superseded = false;
  std::set<NodeId> rescued;  // bad-nodes of such a one, which the next document names, too
  std::string lost;          // what else of such a one was not taken over; empty: nothing
};

struct AccountListed {
  Account account;
  std::vector<Device> devices;
};
struct Page {
  std::vector<AccountListed> accounts;
  std::set<NodeId> shut_out;  // by the newest document, whoever made it
  std::int64_t next = 0;      // to go on from; 0: this was the last page
};

struct InvitationPage {
  std::vector<Invitation> invitations;
  std::optional<InvitationMark> next;  // to go on from; none: this was the last page
};

struct Invited {
  Secret token;  // shown once
  InvitationId id{};
  WallMs expires_ms = 0;
};

}  // namespace ringway::enrolld

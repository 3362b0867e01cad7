// What comes out of the proxy, and the names by which it and its driver know transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/dialogs.hpp"
#include "sip-usage/proxy/target.hpp"

namespace ringway::sip::proxy {

enum class ServerId : std::uint64_t {};  // a server transaction: the driver's choice, never used twice
enum class BranchId : std::uint64_t {};  // a client transaction: the proxy's choice
enum class FindId : std::uint64_t {};    // a question to the location service: the proxy's choice

// Whom does this URI mean (§16.5)? Answered by on_found() or on_not_found(). Whether the sender may call
// there (a trunk, for one) is for whoever answers to decide.
struct FindTargets {
  FindId find{};
  ServerId server{};
  Uri uri;
  bool is_responsible = false;  // this proxy answers for the URI; otherwise its domain is another's
  Source source;
  std::string method;
  // The phone here that sends the request on to `uri` (3xx); then it is its user who must be allowed to call
  // there.
  std::optional<Uri> redirected_by;
  std::string user;  // who calls there, as in Source
  // After a 3xx of somebody else's phone, which is no reason to leave the overlay.
  bool is_overlay_only = false;
};
struct DropFind {  // the answer does not matter any more
  FindId find{};
};
// Make a client transaction (§17.1) and send the request that way.
struct StartBranch {
  BranchId branch{};
  ServerId server{};
  Hop hop;
  Message request;
};
// Send a CANCEL for it (§9.1); its transaction goes on.
struct CancelBranch {
  BranchId branch{};
};
// Its INVITE need not be sent any more: where it has not been (a connection is being opened), it is dropped,
// and on_failure(not_sent) says so. Otherwise nothing is to be done; CancelBranch comes when it may (§9.1).
struct RecallBranch {
  BranchId branch{};
};
// Its transaction is to end now; nothing that comes for it matters.
struct EndBranch {
  BranchId branch{};
};
struct Respond {
  ServerId server{};
  Message response;
  std::optional<Target> phone{};  // of a user here, that has sent it; a provisional one or a 2xx
};
// The server transaction is to end without an answer (RFC 4320 §4.1: 408 is never sent to a request that is
// no INVITE).
struct EndServer {
  ServerId server{};
};
// The request is for this peer itself, which answers it; the proxy has forgotten it.
struct PassToPeer {
  ServerId server{};
  Message request;  // without the Routes that led here
  Source source;
};
// An ACK or CANCEL without a transaction (§16.11).
struct SendStateless {
  Hop hop;
  Message request;
};
using Output = std::variant<FindTargets, DropFind, StartBranch, CancelBranch, RecallBranch, EndBranch,
                            Respond, EndServer, PassToPeer, SendStateless, HoldFlow>;

// What the location service has found.
struct Found {
  std::vector<Target> targets;
  // The URI is of a user of the overlay, although its domain is not the overlay's. Otherwise a Request-URI
  // that this proxy does not answer for goes on as it is (§16.5).
  bool is_responsible = false;
};

enum class BranchFailure {
  timed_out,    // no final response (timer B, F)
  unreachable,  // the transport has failed (§16.9)
  flow_failed,  // the phone's connection is gone (RFC 5626 §5.3.1)
  not_sent,     // nor will it be (RecallBranch)
};

}  // namespace ringway::sip::proxy

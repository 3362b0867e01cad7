// Who is an operator. The one place where that is decided; whoever is not named here is none.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/security/trust.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/records/records.hpp"

namespace ringway::enrolld {

// By which of the server's doors a call came.
enum class Door {
  operators_socket,  // a unix socket; its file permissions say who may open it
  network,
};

struct OperatorRules {
  std::set<std::string> names;    // users of this overlay
  std::set<Digest> fingerprints;  // SHA-256 of certificates, whoever made them
};

class Operators {
 public:
  static Result<Operators> make(OperatorRules rules, const services::Authority& authority, Records& records);

  // `certificates`: what the client showed in the TLS handshake, its own first; it has that one's key. A
  // failure says why not, for the log. Blocks on the database.
  Outcome<> check(Door door, const std::vector<SharedBytes>& certificates, WallMs now_ms) const;

 private:
  Operators(OperatorRules rules, const services::Authority& authority, security::TrustPtr trust,
            Records& records);
  Outcome<> check_name(const std::vector<SharedBytes>& certificates, WallMs now_ms) const;

  OperatorRules rules_;
  std::string overlay_name_;
  security::TrustPtr trust_;
  std::vector<SharedBytes> intermediates_;
  Records& records_;
};

}  // namespace ringway::enrolld

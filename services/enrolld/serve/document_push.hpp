// The server's way to running peers: each new configuration document is brought to several of them, and the
// log says what became of it.
#pragma once

#include <vector>

#include "reload/bytes.hpp"
#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/publish/publisher.hpp"
#include "services/enrolld/serve/desk.hpp"
#include "services/log/event_log.hpp"

namespace ringway::enrolld {

class DocumentPush {
 public:
  // To these addresses besides the document's bootstrap nodes. Authority and log outlive it.
  DocumentPush(const services::Authority& authority, std::vector<wire::IpAddressPort> addresses,
               services::EventLog& log);

  // Does not wait. From any thread.
  void bring(const SharedBytes& document) { publisher_.publish(document, addresses_); }
  void measure(Measures& out) const;

 private:
  const std::vector<wire::IpAddressPort> addresses_;
  Publisher publisher_;
};

}  // namespace ringway::enrolld

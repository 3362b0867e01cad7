// Checks a message as its destination would: its signature, the signer's chain to a root, and the signature
// of every value inside. Who may write a value where is the holder's question (reload/data), not asked here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reload/config/kinds.hpp"
#include "reload/ids.hpp"
#include "reload/security/inspector.hpp"
#include "reload/security/trust.hpp"
#include "reload/time.hpp"
#include "reload/wire/message.hpp"

namespace ringway::services {

struct VerifySettings {
  // An empty overlay name is taken from the certificates of each message.
  security::TrustSettings trust;
  WallMs at_ms = 0;
  // What a FetchAns is about, when neither the request that it answers nor its values say so.
  std::optional<ResourceId> fetch_resource;
};

struct Verification {
  bool verified = false;
  std::string reason;  // when not verified
  struct Value {
    bool verified = false;
    std::string reason;
  };
  std::vector<std::vector<Value>> values;  // [kind][value] of a StoreReq or FetchAns
};

class Verifier {
 public:
  Verifier(VerifySettings settings, std::shared_ptr<const config::Kinds> kinds);
  // Messages in the order in which they were sent: a FetchReq says what its FetchAns is about.
  Verification verify(const wire::ParsedHeader& header, const wire::Message& message,
                      const SharedBytes& bytes);

 private:
  Result<std::string> overlay_name_of(const wire::Message& message) const;
  Result<security::Inspector*> inspector_for(const wire::Message& message);
  std::optional<ResourceId> fetched_resource(const wire::Message& message) const;
  bool carries_values(const wire::Message& fetch_answer) const;
  void remember_request(const wire::Message& message);

  VerifySettings settings_;
  std::shared_ptr<const config::Kinds> kinds_;
  std::map<std::string, security::Inspector> inspectors_;  // by overlay name
  std::map<TransactionId, ResourceId> fetches_;            // seen so far
};

}  // namespace ringway::services

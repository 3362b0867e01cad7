// Who may write a value of a Kind at a Resource-ID (RFC 6940 §7.3, RFC 7374 §5, and Ringway's three
// policies of docs/extensions.md). Signatures are checked elsewhere; here the signer is already known.
#pragma once

#include "reload/config/kinds.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

// The identity behind a signature: the certificate's user name, and the Node-ID that the signature names.
struct Writer {
  std::string_view user_name;
  NodeId node;
};

Outcome<> check_writer(const config::KindDefinition& kind, const ResourceId& resource, const Writer& writer,
                       const wire::StoredDataValue& value);

}  // namespace ringway::data

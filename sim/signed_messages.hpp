// Messages that are made by hand: what liars and attackers say in the name of a node whose key they have.
#pragma once

#include <optional>
#include <vector>

#include "reload/security/signer.hpp"
#include "reload/wire/header.hpp"
#include "reload/wire/message.hpp"

namespace ringway::sim {

// What a message is about, without checking anything; nothing when it is too short to say.
std::optional<wire::MessageCode> code_of(const wire::ParsedHeader& parsed, const SharedBytes& message);
std::optional<wire::MessageCode> code_of(const SharedBytes& message);

// A message that this node signs, with whatever certificates.
SharedBytes signed_by(const security::Signer& signer, const wire::ForwardingHeader& header,
                      wire::MessageCode code, BytesView body,
                      const std::vector<SharedBytes>& certificates = {});
// Those that came with a message.
std::vector<SharedBytes> certificates_in(const wire::Message& message);

}  // namespace ringway::sim

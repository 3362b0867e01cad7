// The signatures of configuration documents and kind blocks: a SecurityBlock over exactly the bytes of an
// element, without the SignerIdentity that other signatures cover (RFC 6940 §11.1, AMB-31). The one place
// that knows this.
#pragma once

#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"

namespace ringway::config {

// A SecurityBlock in wire form.
Bytes sign_element(const security::Signer& signer, BytesView element);

// Who signed it: one of `signers`, with a certificate of the block that `trust` accepts.
Result<NodeId> check_element(BytesView element, const Bytes& block, const std::vector<NodeId>& signers,
                             const security::Trust& trust, WallMs now_ms);

// Who says to have signed it; check_element() finds out whether that is true.
Result<NodeId> claimed_signer(const Bytes& block);

}  // namespace ringway::config

// What a node knows of Kinds beside and before its configuration document: those learnt from ConfigUpdates of
// type kind (RFC 6940 §6.5.4.2), and what becomes of them when the document changes (§11.1).
#pragma once

#include <map>

#include "reload/config/configuration.hpp"

namespace ringway::config {

struct KnownKind {
  KindDefinition definition;
  NodeId signer;
  KindBlock block;  // as it was signed
};
using KnownKinds = std::map<KindId, KnownKind>;

// The document's required Kinds. Call check_signature() first: here the signers are taken at their word.
KnownKinds known_kinds(const Configuration& configuration);

struct KindUpdate {
  KindDefinition definition;
  KindBlock block;
};
// One element of ConfigUpdateReq.kinds: a kind-block in UTF-8 whose default namespace is config-base
// (§6.5.4.1).
Result<KindUpdate> parse_kind_block(const SharedBytes& xml);

// The other way round: what parse_kind_block() reads.
Bytes kind_block_xml(const KindBlock& block);

enum class KindRefusal {
  badly_signed,  // not signed by an acceptable kind-signer of the configuration
  conflict,      // the Kind is known with another signer's definition: Error_Forbidden
};
struct KindFailure {
  KindRefusal why;
  std::string reason;
};
// `known` with the update in it.
Result<KnownKinds, KindFailure> with_update(KnownKinds known, const KindUpdate& update,
                                            const Configuration& configuration, const security::Trust& trust,
                                            WallMs now_ms);

// What is known after `next` has replaced the configuration: its own definitions override, and Kinds whose
// signer it does not list are dropped.
KnownKinds after_change(const KnownKinds& known, const Configuration& next);
// Kinds of `before` that are not in `after`: their data is discarded.
std::vector<KindId> dropped_kinds(const KnownKinds& before, const KnownKinds& after);

Kinds definitions_of(const KnownKinds& known);

}  // namespace ringway::config

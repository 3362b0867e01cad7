// The checks of one Store, all or nothing (RFC 6940 §7.4.1.1): against the configuration, against what is
// stored and against what is on its way to the disk. Yields the RFC's error, or what to write and the states
// that result. Changes nothing. Who may send a replica is checked before, in holder.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/access_control.hpp"
#include "reload/data/kind_cache.hpp"
#include "reload/data/records.hpp"
#include "reload/data/refusal.hpp"
#include "reload/data/usage_check.hpp"
#include "reload/result.hpp"
#include "reload/security/inspector.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

// What a copy's generation may be ahead of ours: far more than any number of writes that this peer has
// missed. A larger one is ignored, so that a wrong neighbour cannot use up the counter.
inline constexpr std::uint64_t k_most_generations_ahead = std::uint64_t{1} << 32U;

// Instead of a generation that nobody knows any more: no Kind has been written so often, so a
// compare-and-swap of a number that was given out before fails.
std::uint64_t generation_after_loss(WallMs now_ms);

enum class StoreMode {
  original,  // by a writer, at the responsible peer
  replica,   // a copy; replica_number > 0
  adopt,     // our own choice to take over what another peer holds (STORE-43): what is older here is replaced
};

struct IncomingStore {
  ResourceId resource;
  StoreMode mode = StoreMode::original;
  Writer requester;  // original: must satisfy the policies too
  const std::vector<wire::StoreKindData>* kinds = nullptr;
  const std::vector<std::vector<security::ValueVerdict>>* verdicts = nullptr;  // same shape
  const UsageChecks* usage_checks = nullptr;                                   // original
};

struct AcceptedKind {
  KindAt at;
  KindStatePtr state;    // as it will be
  bool changed = false;  // differs from before
  Records records;       // what the Store's values are now, for the replicas
  // What the writer is told. Of a Store that has come before and went in then it is the number of that time:
  // with a later one the writer would seem to have seen what others have written since.
  std::uint64_t generation_told = 0;
};
struct KeptSigner {
  security::CertificatePtr certificate;
  security::ChainPtr chain;
  WallMs until_ms = 0;
};
struct AcceptedStore {
  std::vector<AcceptedKind> kinds;
  WriteBatch batch;  // without the certificates
  std::vector<KeptSigner> signers;
};

// By a writer whom the configuration, or the one before it, names as a bad-node.
bool is_of_revoked(const security::ValueVerdict& verdict, const config::Configuration& configuration);

Result<AcceptedStore, Refusal> check_store(const config::Configuration& configuration, KindCache& cache,
                                           WallMs now_ms, const IncomingStore& store);

}  // namespace ringway::data

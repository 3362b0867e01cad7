// What the two ways of copying share: what they know of the peer, and the Store that carries copies to
// another one (replica_number above 0, current generation, what remains of the lifetime, the writers'
// certificates: AMB-18, STORE-19, SEC-11).
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/certificate_shelf.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/records.hpp"
#include "reload/data/replication_component.hpp"
#include "reload/topology/ring_view.hpp"

namespace ringway::data {

struct CopyContext {
  ReplicationSettings settings;
  config::ConfigurationPtr configuration;
  NodeId self;
  std::shared_ptr<const ValueStore> store;
  topology::RingViewPtr view;
  CertificateShelf certificates;
  ReplicationComponent::Statistics statistics;
  std::uint64_t last_request = 0;
  SeenDamaged damaged;  // in this step
};

// One Store's worth of records at one resource.
struct CopyPart {
  ResourceId resource;
  std::vector<std::pair<KindAt, std::uint64_t>> generations;  // of the Kinds in it
  std::vector<std::pair<KindAt, RecordPtr>> records;
};

// What fits into one message besides its frame and the sender's certificate.
std::size_t copy_budget_bytes(const CopyContext& context);
std::size_t copy_size_bytes(CopyContext& context, const Record& record);

routing::SendRequest store_copies(CopyContext& context, const CopyPart& part, const wire::Destination& to,
                                  std::uint8_t replica_number, WallMs now_ms);
// Asks for the same items: whoever refuses a copy has newer ones (STORE-43).
routing::SendRequest fetch_items(CopyContext& context, const CopyPart& part, const wire::Destination& to);

// These items of one Kind; of a Kind that is known.
routing::SendRequest fetch_items(CopyContext& context, const KindAt& at, const std::vector<ItemKey>& items,
                                 const wire::Destination& to);

// What is there of one Kind, without the values.
routing::SendRequest stat_kind(CopyContext& context, const KindAt& at, const wire::Destination& to);

inline bool has_newer(wire::ErrorCode code) {
  return code == wire::ErrorCode::data_too_old || code == wire::ErrorCode::generation_counter_too_low;
}

}  // namespace ringway::data

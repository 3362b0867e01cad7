// The TURN Server usage (RFC 6940 §9): advertises this peer's relay by records of TURN-SERVICE, and finds
// those of others by Find from random points of the ring. (That a relay is a ReDiR service as well is the
// storage component's.)
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/messages.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/service_messages.hpp"
#include "reload/table_size.hpp"

namespace ringway::data {

// Numbers of the requests made here; those of certificates are smaller.
inline constexpr std::uint64_t k_first_turn_request = (std::uint64_t{1} << 63U) + (std::uint64_t{1} << 62U);
inline constexpr std::uint32_t k_most_turn_records = 20;         // of one relay (§9, AMB-27)
inline constexpr Duration k_relay_search_time{60'000};           // whoever answers late has no more
inline constexpr std::uint32_t k_turn_record_lifetime_s = 1800;  // put again at half of it

// H(Node-ID ‖ iteration), the iteration in one byte (AMB-27).
ResourceId turn_resource_of(const NodeId& node, std::uint8_t iteration);

class TurnService {
 public:
  explicit TurnService(PeerData& data) : data_(data) {}

  void advertise(const Now& now, AdvertiseRelay order);
  void withdraw(const Now& now);
  // The ring, the configuration or the signer is another one.
  void changed(const Now& now);
  // Nothing of this peer's is advertised, nor being removed.
  bool idle() const { return !address_ && places_.empty(); }
  bool advertises() const { return address_.has_value(); }

  void find(const Now& now, FindRelays order, StorageOutputs& out);
  // Searches by Find that found no relay: to be tried by ReDiR; then providers_are() or give_up() follows.
  std::vector<FindRelays> take_fruitless() { return std::exchange(fruitless_, {}); }
  void providers_are(const Now& now, std::uint64_t search, const std::vector<NodeId>& nodes,
                     StorageOutputs& out);
  void give_up(std::uint64_t search, StorageOutputs& out);

  // False when it is not about a request made here.
  bool request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;
  TableSizes tables() const;

 private:
  // Where one of this peer's records is, or is to be.
  struct Place {
    std::uint8_t iteration = 0;
    std::uint64_t request = 0;  // under way
    std::optional<MonoTime> due;
    unsigned attempts = 0;
    std::uint64_t storage_time_ms = 0;
    MonoTime until;  // it may be there
    bool removing = false;
  };
  struct Search {
    FindRelays order;
    std::uint64_t number = 0;
    MonoTime until;
    std::size_t next_probe = 0;
    std::vector<ResourceId> to_fetch;  // where records are said to be
    std::vector<FoundRelay> found;
    bool by_redir = false;
    ResourceId fetching;
  };

  std::size_t wanted_records() const;
  void store(const Now& now, Place& place, StorageOutputs& out);
  void stored(const Now& now, std::size_t index, const routing::RequestDone& done);
  void go_on(const Now& now, Search& search, StorageOutputs& out);
  void ask(Search& search, routing::SendRequest request, StorageOutputs& out);
  void searched(Search& search, const security::InspectedMessage& message);
  void take_record(Search& search, const security::InspectedMessage& message);
  void finish(Search& search, StorageOutputs& out);
  routing::SendRequest request(const ResourceId& resource, wire::MessageCode code, Bytes body);
  routing::SendRequest fetch(const ResourceId& resource);

  PeerData& data_;
  std::uint64_t last_request_ = k_first_turn_request;
  std::uint64_t last_search_ = 0;
  std::uint64_t last_storage_time_ms_ = 0;
  std::optional<wire::IpAddressPort> address_;  // advertised
  std::vector<Place> places_;
  std::unordered_map<std::uint64_t, std::uint8_t> stores_;  // requests: of which place, by its iteration
  std::unordered_map<std::uint64_t, Search> searches_;
  std::unordered_map<std::uint64_t, std::uint64_t> requests_of_searches_;
  std::vector<FindRelays> fruitless_;
};

}  // namespace ringway::data

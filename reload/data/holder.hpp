// The holder's side: Store, Fetch, Stat and Find for what this peer is responsible for or holds copies of
// (RFC 6940 §7.4). A Store is checked at once, then made durable, then copied to the replica set, then
// answered (TOPO-35: the answer waits for the copies). Everything that is written goes through here.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "reload/data/changes_in_order.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/parting_copies.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/reading.hpp"
#include "reload/data/store_check.hpp"

namespace ringway::data {

class Holder {
 public:
  explicit Holder(PeerData& data) : data_(data) {}

  void deliver(const Now& now, const routing::DeliverRequest& request, StorageOutputs& out);
  void committed(const Committed& outcome, StorageOutputs& out);
  void replicated(const Replicated& outcome, StorageOutputs& out);
  void drop(const Now& now, const DropKinds& kinds, StorageOutputs& out);
  // Of Kinds that are no longer known. False when some are just being written and stay.
  bool forget(const std::vector<KindAt>& kinds, StorageOutputs& out);
  // What of them is damaged on the disk comes back from nowhere: the rest is written anew, without it.
  void give_up(const Now& now, const std::vector<KindAt>& kinds, StorageOutputs& out);
  void adopt(const Now& now, const Adopt& adopt, StorageOutputs& out);

  // A Store of one of this peer's own users at this peer, without a message (STORE-50). Its outcome is one of
  // take_outcomes(), with the same number.
  void store_own(const Now& now, std::uint64_t call, const ResourceId& resource,
                 wire::StoreKindData kind_data, const security::Signer& writer, StorageOutputs& out);
  struct Outcome {
    std::uint64_t call = 0;
    Result<wire::StoreAns, Refusal> result;
  };
  std::vector<Outcome> take_outcomes() { return std::exchange(outcomes_, {}); }

  // What has changed at watched resources, answered by now.
  std::vector<Change> take_changes() { return changes_.take(); }
  // Where subscriptions have been written; as copies of what another peer has, or by their watchers.
  struct Subscribed {
    ResourceId resource;
    bool copied = false;
  };
  std::vector<Subscribed> take_subscribed() { return std::exchange(subscribed_, {}); }

  std::size_t pending() const { return pending_.size(); }
  std::size_t partings() const { return partings_.size(); }

 private:
  // Who waits for a Store: a request of another peer, a call of our own, or nobody.
  struct Waiting {
    std::optional<std::uint64_t> request;
    std::optional<std::uint64_t> call;
  };
  struct PendingStore {
    Waiting waiting;
    std::vector<KindAt> unsettled;  // in the cache, until the commit's outcome
    wire::StoreAns answer;
    std::optional<Replicate> replicate;
    bool copied = false;  // not by a writer's own Store
    // Of a writer's own: what was written, and whether a copy that another peer had turned out to be newer.
    ResourceId resource;
    std::vector<std::pair<KindAt, RecordPtr>> written;
    bool overtaken = false;
  };

  std::optional<Refusal> store(const Now& now, const routing::DeliverRequest& request, StorageOutputs& out);
  AnswerResult read(const Now& now, const security::InspectedMessage& message);
  bool may_lack(const Now& now, const ResourceId& resource,
                const std::vector<wire::StoredDataSpecifier>& specifiers, bool by_node);
  bool hidden(const ResourceId& resource, const std::vector<wire::StoredDataSpecifier>& specifiers,
              bool by_node);
  std::optional<Refusal> wait_for_copies(const Now& now, const IncomingStore& incoming);
  AnswerResult find(const Now& now, const security::InspectedMessage& message);
  std::optional<Refusal> check_subscriptions(const IncomingStore& incoming) const;
  bool compares_with_what_may_lack(const Now& now, const IncomingStore& incoming);
  void note_changes(std::uint64_t token, StoreMode mode, const AcceptedStore& accepted);
  std::optional<Refusal> run(const Now& now, const IncomingStore& incoming, Waiting waiting,
                             StorageOutputs& out);
  void note_overtaken(const ResourceId& resource, const AcceptedStore& accepted);
  void erase(std::uint64_t token);
  void commit(std::uint64_t token, PendingStore pending, AcceptedStore accepted, StorageOutputs& out);
  void after_commit(std::uint64_t token, PendingStore& pending, StorageOutputs& out);
  void finish(PendingStore& pending, StorageOutputs& out);
  void finish(const Waiting& waiting, Refusal refusal, StorageOutputs& out);

  PeerData& data_;
  std::uint64_t last_token_ = 0;
  std::unordered_map<std::uint64_t, PendingStore> pending_;
  std::unordered_multimap<ResourceId, std::uint64_t> writes_;  // of pending_, writers' own
  std::vector<Outcome> outcomes_;
  PartingCopies partings_;
  ChangesInOrder changes_;
  std::vector<Subscribed> subscribed_;
};

}  // namespace ringway::data

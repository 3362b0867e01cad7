// Peers' storage and replication components, connected in one process by real messages (encoded, signed,
// inspected) under a fake clock. Routing is played: a message reaches whoever it is for, or is lost on
// demand.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "reload/data/replication_component.hpp"
#include "reload/data/storage_component.hpp"
#include "reload/security/inspector.hpp"
#include "storage/memory_store.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::data::test {

using ringway::test::SignerPtr;

inline constexpr KindId k_single_kind = 0xF0001001;         // USER-MATCH
inline constexpr KindId k_array_kind = 0xF0001002;          // USER-MATCH
inline constexpr KindId k_dictionary_kind = 0xF0001003;     // USER-NODE-MATCH
inline constexpr KindId k_node_kind = 0xF0001004;           // NODE-MATCH, single
inline constexpr KindId k_node_multiple_kind = 0xF0001005;  // NODE-MULTIPLE, single, up to 3
inline constexpr KindId k_unknown_kind = 0xF000FFFF;
inline constexpr std::uint32_t k_max_count = 4;
inline constexpr std::uint32_t k_max_size_bytes = 2000;

std::shared_ptr<config::Configuration> test_configuration();
const ringway::test::TestAuthority& authority();
SignerPtr issue(const std::string& user, const NodeId& node);
// A Node-ID at that fraction of the ring: the first byte counts.
NodeId node_at(std::uint8_t first_byte);

// A signed value.
struct ValueSpec {
  KindId kind = k_single_kind;
  ResourceId resource;
  std::string value = "value";
  std::uint64_t storage_time_ms = ringway::test::k_now_ms;
  std::uint32_t lifetime_s = 3600;
  bool exists = true;
  std::uint32_t index = 0;
  Bytes key;
};
wire::StoredData signed_value(const security::Signer& signer, const ValueSpec& spec);
wire::StoreReq store_of(const ValueSpec& spec, const security::Signer& signer, std::uint64_t generation = 0,
                        std::uint8_t replica_number = 0);
wire::FetchReq fetch_of(const ResourceId& resource, KindId id, std::uint64_t generation = 0);

struct Peer {
  SignerPtr signer;
  NodeId node;
  bool alive = true;
  bool joined = true;
  std::shared_ptr<ringway::storage::MemoryStore> store = std::make_shared<ringway::storage::MemoryStore>();
  std::unique_ptr<StorageComponent> storage;
  std::unique_ptr<ReplicationComponent> replication;
  topology::RingViewPtr view = std::make_shared<const topology::RingView>();
  bool drained = false;
  bool hold_commits = false;
  bool fail_commits = false;
  std::deque<Commit> held_commits;
  std::vector<routing::HandOverReport> hand_overs;
  std::map<std::uint64_t, std::vector<CallResult>> results;
  std::optional<CertificatesFound> found;
  std::vector<ServiceDone> services;
  std::vector<RelaysFound> relays;
  std::map<std::uint64_t, std::vector<WatchResult>> events;  // of watches, by token
  std::vector<AskToMend> asked_to_mend;
  std::uint64_t life = 0;  // grows with each restart; what was meant for an earlier one is lost
};

struct Answered {
  wire::MessageCode code = wire::MessageCode::invalid;
  wire::ErrorResponse error;
  std::shared_ptr<const security::InspectedMessage> message;

  bool is_error(wire::ErrorCode expected) const {
    return code == wire::MessageCode::error && error.code == expected;
  }
  wire::StoreAns store() const;
  wire::FetchKindResponse fetch() const;  // the first Kind's
};

struct Sent {
  NodeId from;
  NodeId to;
  wire::MessageCode code;
  Bytes body;
  MonoTime at;
  bool by_resource;
};

class Overlay {
 public:
  Overlay();

  Peer& add(const std::string& user, const NodeId& node);
  Peer& add(SignerPtr signer);
  Peer& peer(const NodeId& node) { return *peers_.at(node); }
  // Tells every live peer who its neighbours are now.
  void update_views();
  // Gives this one peer a view of its own.
  void set_view(Peer& peer, topology::RingView view);
  topology::RingView ring_view(const Peer& peer) const;
  void kill(Peer& peer);
  void restart(Peer& peer);  // not joined
  // As routing has it leave: it drains, within the time, and is gone.
  bool leave(Peer& peer, Duration within);

  void run();                 // until nothing is left to do at this moment
  void advance(Duration by);  // with timers; by 0: those that are due
  Now now() const { return now_; }

  CallResult call(Peer& peer, Call one);  // runs and advances up to 30 s
  std::uint64_t begin(Peer& peer, std::vector<Call> calls);
  void to_storage(Peer& peer, StorageInput input);
  void to_replication(Peer& peer, ReplicationInput input);
  void release_commits(Peer& peer);
  // An application that takes each event at once. Returns the token.
  std::uint64_t watch(Peer& peer, WatchCall call);
  void channel_between(Peer& one, Peer& other,
                       routing::Application application = routing::Application::replication);

  // A request by somebody outside, to that peer; answered at once or not at all.
  std::optional<Answered> ask(const SignerPtr& from, Peer& to, wire::MessageCode code, Bytes body,
                              std::vector<SharedBytes> more_certificates = {}, bool by_node = false);
  std::optional<Answered> store(const SignerPtr& from, Peer& to, const wire::StoreReq& request,
                                std::vector<SharedBytes> more_certificates = {});
  std::optional<Answered> fetch(const SignerPtr& from, Peer& to, const wire::FetchReq& request,
                                bool by_node = false);

  // Which requests are lost: the requester hears of it when their time is over.
  std::function<bool(const Sent&)> loses = [](const Sent&) { return false; };
  // Whose answers are lost.
  std::function<bool(const Sent&)> loses_answer = [](const Sent&) { return false; };
  // Who has no channels for replication: neither end gets one.
  std::set<NodeId> without_channels;
  // Messages on channels for replication: from whom, to whom.
  std::vector<std::tuple<NodeId, NodeId, SharedBytes>> sent_on_channels;
  // Changes an answer on its way (a lying peer).
  std::function<void(const Peer& from, wire::MessageCode code, Bytes& body)> bends = [](auto&&...) {};
  std::vector<Sent> sent;
  // Which messages on channels are lost.
  std::function<bool(const NodeId& from, const NodeId& to, const SharedBytes& message)> channel_loses =
      [](auto&&...) { return false; };
  void break_channel(Peer& one, Peer& other);
  bool channel_stands(const Peer& one, const Peer& other, routing::Application application) const {
    return channels_.contains({application, one.node, other.node});
  }
  // Applications take events only when the test says WatchNext.
  bool slow_applications = false;
  // Nobody remembers a certificate from an earlier message.
  bool forgetful = false;
  std::shared_ptr<config::Configuration> configuration = test_configuration();
  std::size_t replicas = 2;
  StorageSettings storage_settings;  // of the peers added from now on
  ReplicationSettings replication_settings;

 private:
  using Answer = std::function<void(std::optional<routing::SendAnswer>)>;  // nothing: there will be none

  void lost(Peer& peer, std::uint64_t life, const routing::SendRequest& request);
  void dispatch(Peer& peer, StorageOutputs& outputs);
  void dispatch(Peer& peer, ReplicationOutputs& outputs);
  void dispatch_watching(Peer& peer, StorageOutput& output);
  void check_values(Peer& peer, const CheckValues& order);
  void commit(Peer& peer, const Commit& one);
  void request(Peer& peer, const routing::SendRequest& request);
  void finish(
      Peer& peer, std::uint64_t life, const routing::SendRequest& request,
      std::variant<std::shared_ptr<const security::InspectedMessage>, routing::RequestFailure> outcome);
  void channel(Peer& peer, const routing::OpenChannel& wish);
  void channel(Peer& peer, const routing::SendOnChannel& message);
  void channel(Peer& peer, const routing::CloseChannel& wish);
  template <typename Message>
  void to_owner_of_channel(Peer& peer, Message message);
  Peer* target_of(const routing::SendRequest& request);
  void deliver(Peer& to, std::shared_ptr<const security::InspectedMessage> message, const NodeId& from,
               Answer answer);
  SharedBytes encode(const security::Signer& signer, const wire::DestinationList& destination,
                     wire::MessageCode code, SharedBytes body, const std::vector<SharedBytes>& certificates);
  std::shared_ptr<const security::InspectedMessage> inspect(const SharedBytes& bytes,
                                                            const std::optional<ResourceId>& fetch_resource);

  Now now_{{1'000'000}, ringway::test::k_now_ms};
  std::map<NodeId, std::unique_ptr<Peer>> peers_;
  std::deque<std::function<void()>> queue_;
  std::multimap<MonoTime, std::function<void()>> later_;
  std::map<std::pair<NodeId, std::uint64_t>, Answer> waiting_;
  std::set<std::tuple<NodeId, std::uint64_t, routing::Origin, std::uint64_t>> cancelled_;
  std::set<std::tuple<routing::Application, NodeId, NodeId>> channels_;  // both ways
  std::shared_ptr<security::Inspector> inspector_;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_transaction_ = 0;
  std::uint64_t last_calls_ = 0;
  std::uint64_t last_watch_ = 0;
  std::uint64_t view_version_ = 0;
};

}  // namespace ringway::data::test

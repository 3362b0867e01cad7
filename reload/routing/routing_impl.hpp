// The inside of RoutingComponent. Its member functions are grouped by file: receive.cpp (what arrives,
// forwarding), originate.cpp (our requests and their answers), serve.cpp (requests for this peer), attach.cpp
// (Attaches, bootstrap), links.cpp (which links there are), channels.cpp (connections of applications),
// app_attach.cpp (AppAttaches for connections that others make), configuration.cpp (newer documents),
// routing_component.cpp (inputs, timers, what topology asks for).
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "reload/config/known_kinds.hpp"
#include "reload/deadline.hpp"
#include "reload/routing/answer_memory.hpp"
#include "reload/routing/app_attach_table.hpp"
#include "reload/routing/channel_table.hpp"
#include "reload/routing/inspection_queue.hpp"
#include "reload/routing/link_table.hpp"
#include "reload/routing/opaque_table.hpp"
#include "reload/routing/remote_address.hpp"
#include "reload/routing/routing_component.hpp"
#include "reload/topology/chord_reload.hpp"
#include "reload/wire/fragment.hpp"

namespace ringway::routing {

inline constexpr int k_max_transmissions = 5;   // RFC 6940 §6.2.1
inline constexpr Duration k_link_wait{10'000};  // from AttachAns to the link
// An Attach through a bootstrap node is given up so soon: there may be others, and it may be the node's
// fault.
inline constexpr Duration k_access_patience{5'000};
inline constexpr Duration k_resend_after_loss{
    50};  // a request whose next hop has just gone is sent again so soon
inline constexpr Duration k_drain_limit{10'000};        // the longest that copies may hold up a leave
inline constexpr std::size_t k_max_deferred = 1024;     // messages that wait for us to be admitted
inline constexpr std::size_t k_max_reassembled = 1024;  // messages of which fragments have come
inline constexpr std::size_t k_max_candidates = 16;     // of one Attach (ICE-34)
inline constexpr std::size_t k_max_links_per_node = 4;
inline constexpr std::size_t k_most_bootstrap_nodes = 64;  // remembered with their addresses
inline constexpr std::size_t k_most_found_bootstrap = 64;
inline constexpr std::size_t k_most_known_peers = 10;  // "about 10" (RFC 6940 §11.4)
inline constexpr std::size_t k_reserved_links = 64;    // for neighbours, of RoutingLimits::max_links
inline constexpr Duration k_access_link_idle{60'000};  // then the accepting side closes an access link

class RoutingComponent::Impl {
 public:
  Impl(RoutingSettings settings, config::ConfigurationPtr configuration,
       std::shared_ptr<const security::Signer> signer, std::shared_ptr<Random> random);

  void start(const Now& now, Outputs& out);
  void start_joined(const Now& now, const std::vector<StandingLink>& links, Outputs& out);
  void handle(const Now& now, Input input, Outputs& out);
  void on_timer(const Now& now, Outputs& out);
  std::optional<MonoTime> next_deadline() const;
  void leave(const Now& now, Outputs& out);
  DocumentOffer offer_document(const Now& now, SharedBytes document, Outputs& out);
  RoutingStatus status() const;
  topology::RingViewPtr view() const { return topology_->view(); }
  TableSizes tables() const;
  const config::ConfigurationPtr& configuration() const { return configuration_; }

 private:
  using Outcome = std::variant<std::shared_ptr<const security::InspectedMessage>, RequestFailure>;
  using Completion = std::function<void(const Outcome&)>;

  // A request of ours that is not answered yet.
  struct Transaction {
    Origin origin = Origin::routing;
    std::uint64_t token = 0;
    Completion completion;  // origin routing only
    wire::DestinationList destination;
    wire::MessageCode code = wire::MessageCode::invalid;
    SharedBytes payload;
    std::optional<ResourceId> fetch_resource;
    std::uint32_t max_response_length = 0;
    std::uint16_t configuration_sequence = 0;
    std::optional<LinkId> first_link;  // goes out over this link whatever the tables say (bootstrap)
    std::optional<SendRequest::Way> way;
    std::optional<NodeId> first_hop;  // that the way has led to
    std::optional<NodeId> last_hop;
    int transmissions = 0;
    MonoTime next_at;
    std::optional<MonoTime> give_up_at;
  };
  // A request that this peer is answering.
  struct Served {
    NodeId signer;
    NodeId arrived_from;
    LinkId link;
    TransactionId transaction_id = 0;
    wire::DestinationList via_list;
    std::uint32_t max_response_length = 0;
    std::vector<wire::ForwardingOption> copied_options;
  };
  struct Hop {
    LinkId link;
    NodeId node;
  };
  // An Attach of ours: asked, then answered by `node`, then waiting for its link.
  struct PendingAttach {
    topology::AttachTo what;
    TransactionId transaction = 0;
    std::optional<NodeId> expected;
    std::optional<NodeId> answered_by;
    std::optional<MonoTime> link_deadline;
  };
  // A document that may follow the present one.
  struct Successor {
    config::ConfigurationPtr document;
    security::TrustPtr trust;
  };
  struct DocumentRefusal {
    wire::ErrorCode code = wire::ErrorCode::invalid_message;
    std::string reason;
    bool older = false;  // than ours
  };
  struct Attempt {
    std::optional<NodeId> node;  // whose Attach we answered; none: a bootstrap link
    bool send_update = false;
    std::optional<RingId> partition_point;
  };
  // What will be over soon: what this peer has asked for or is answering. In a ring at rest there is nothing
  // most of the time, and then it is not there.
  struct UnderWay {
    explicit UnderWay(const RoutingLimits& limits);
    bool over() const;

    InspectionQueue inspections;
    std::map<TransactionId, Transaction> transactions;
    std::set<std::pair<MonoTime, TransactionId>> timers;
    std::map<std::pair<Origin, std::uint64_t>, TransactionId> by_token;
    std::map<std::uint64_t, Served> served;
    std::map<std::uint64_t, PendingAttach> attaches;
    std::map<std::uint64_t, Attempt> attempts;
    std::vector<std::pair<Hop, SharedBytes>> deferred;
    std::vector<RemoteAddress> still_to_ask;  // of a look for the ring, the next one last
    // Nodes that have made us send them something, once at a time: others must not fill our transactions.
    boost::container::flat_set<NodeId> configuration_pushes, kind_pushes, solicited_updates;
    boost::container::flat_map<NodeId, TransactionId> updates;  // not answered yet: one a link at most
  };

  // ---- inputs (routing_component.cpp)
  void on(LinkMessage& input);
  void on(Inspected& input);
  void on(SendRequest& input);
  void on(CancelRequest& input);
  void on(SendAnswer& input);
  void on(HandOverReport& input);
  void on(Drained&);
  void on(UseSigner& input) { signer_ = std::move(input.signer); }
  void on(BootstrapFound& input);

  // ---- receive.cpp
  void receive(const Hop& from, const SharedBytes& bytes);
  bool acceptable(const Hop& from, const wire::ForwardingHeader& header, BytesView payload);
  void route(const Hop& from, wire::ForwardingHeader header, const SharedBytes& payload);
  bool expand_opaque(wire::DestinationList& list) const;
  void forward(const Hop& from, wire::ForwardingHeader header, const SharedBytes& payload,
               const wire::Destination& first);
  std::optional<NodeId> hop_towards(const wire::Destination& first);
  bool has_come_back(const wire::ForwardingHeader& header) const;
  void for_us(const Hop& from, const wire::ForwardingHeader& header, const SharedBytes& payload);
  void inspect(const Hop& from, const wire::ForwardingHeader& header, const SharedBytes& payload);
  void refuse(const Hop& from, const wire::ForwardingHeader& header, BytesView payload, wire::ErrorCode code,
              std::string_view reason);
  bool transmit(const NodeId& to, const wire::ForwardingHeader& header, const SharedBytes& payload);
  void transmit_on(LinkId link, const wire::ForwardingHeader& header, const SharedBytes& payload);
  void process(InspectionQueue::Ready& ready);

  // ---- originate.cpp
  // Signed by this peer when no signer is given.
  TransactionId originate(Transaction transaction, BytesView body,
                          const std::vector<SharedBytes>& certificates,
                          const security::Signer* signer = nullptr);
  // A request of routing's own.
  TransactionId ask(wire::DestinationList destination, wire::MessageCode code, BytesView body,
                    Completion completion, std::optional<LinkId> first_link = std::nullopt,
                    std::optional<Duration> deadline = std::nullopt);
  void send(TransactionId id, Transaction& transaction);
  const LinkTable::Link* link_of_way(Transaction& transaction);
  void finish(TransactionId id, Outcome outcome);
  void drop(TransactionId id);  // nobody waits for its outcome any more
  void answer_arrived(const Hop& from, const std::shared_ptr<const security::InspectedMessage>& message);
  bool answerer_plausible(const Transaction& transaction, const NodeId& signer);
  void resend_after_loss(const NodeId& node);
  void transactions_due();
  SharedBytes make_payload(TransactionId id, wire::MessageCode code, BytesView body,
                           const std::vector<SharedBytes>& certificates,
                           const security::Signer* signer = nullptr) const;

  // ---- serve.cpp
  void request_arrived(const Hop& from, const std::shared_ptr<const security::InspectedMessage>& message);
  bool request_acceptable(std::uint64_t request, const security::InspectedMessage& message);
  void serve(std::uint64_t request, const std::shared_ptr<const security::InspectedMessage>& message);
  void answer(std::uint64_t request, wire::MessageCode code, BytesView body,
              const std::vector<SharedBytes>& certificates = {});
  void answer_error(std::uint64_t request, wire::ErrorCode code, std::string_view reason);
  void transmit_answer(const Served& served, const SharedBytes& payload);
  void serve_ping(std::uint64_t request, const security::InspectedMessage& message);
  void serve_probe(std::uint64_t request, const security::InspectedMessage& message);
  void serve_route_query(std::uint64_t request, const security::InspectedMessage& message);
  void serve_join(std::uint64_t request, const security::InspectedMessage& message);
  void serve_leave(std::uint64_t request, const security::InspectedMessage& message);
  void serve_update(std::uint64_t request, const security::InspectedMessage& message);
  bool bound_to_link(std::uint64_t request, const NodeId& claimed);
  static wire::DestinationList way_back(const Served& served);

  // ---- configuration.cpp
  void refuse_update(std::uint64_t request, wire::ErrorCode code, std::string_view reason);
  void serve_config_update(std::uint64_t request, const security::InspectedMessage& message);
  const security::Trust& trust() const;
  Result<Successor, DocumentRefusal> successor(SharedBytes document) const;
  void follow(Successor next, const NodeId& source);
  void bring_up_to_date(const NodeId& node, wire::DestinationList to);
  void push_configuration(const NodeId& node, wire::DestinationList to);
  void serve_kind_update(std::uint64_t request, const NodeId& source, const wire::ConfigUpdateReq& update);
  void hand_on(const NodeId& source, const std::function<void(const NodeId&)>& send);
  struct Unfit {
    ExitCause cause;
    std::string reason;
  };
  std::optional<Unfit> why_unfit(const config::Configuration& next, const security::Trust& trust) const;
  void take_configuration(config::ConfigurationPtr next, security::TrustPtr trust);
  void relearn_kinds();
  void announce_configuration();
  void push_kinds(const NodeId& node, const std::vector<KindId>& kinds);
  std::vector<RemoteAddress> bootstrap_addresses(bool with_known);
  bool names(const config::Configuration& document, const LinkTable::Link& link) const;
  void part_from_revoked();
  void tell_why(const LinkId& link, const NodeId& bad_node);
  void cut_off_revoked();
  void drop_bad_nodes(std::vector<NodeId>& nodes) const;

  // ---- attach.cpp
  void attach(const topology::AttachTo& what);
  void attach_answered(std::uint64_t key, const Outcome& outcome);
  void attach_failed(std::uint64_t key);
  void serve_attach(std::uint64_t request, const security::InspectedMessage& message);
  wire::AttachBody attach_body(std::string role, bool send_update) const;
  void link_attached(LinkTable::Link& link, PendingAttach pending);
  bool complete_attach_with(LinkTable::Link& link);
  static bool offers_ice(const std::vector<wire::IceCandidate>& candidates);
  static constexpr std::uint16_t k_highest_preference = 65535;  // of one's candidates (RFC 8445 §5.1.2.1)
  static std::vector<wire::IceCandidate> candidates_at(
      const std::vector<RemoteAddress>& addresses,
      wire::OverlayLinkType link = wire::OverlayLinkType::tls_tcp_fh_no_ice,
      std::uint16_t preference = k_highest_preference);
  static std::vector<wire::IpAddressPort> reachable_addresses(
      const std::vector<wire::IceCandidate>& candidates,
      wire::OverlayLinkType link = wire::OverlayLinkType::tls_tcp_fh_no_ice);
  void open_access();
  void need_access(bool another);
  void ask_through_bootstrap(const RingId& point);
  void ask_next(const RingId& point);
  void note_known_peer(const RemoteAddress& address);
  void access_link_up(LinkTable::Link& link, const Attempt& attempt);
  void close_idle_access();

  // ---- links.cpp
  void on(LinkUp& input);
  void on(LinkDown& input);
  void on(LinkSuspected& input);
  bool room_for_link_to(const NodeId& node) const;
  bool is_spare_access(const LinkTable::Link& link);
  bool make_room_for_access(const NodeId& node);
  std::string_view refusal_of(const LinkTable::Link& link, const security::Certificate& certificate,
                              bool ours);
  void close_link(LinkTable::Link& link, std::string reason);
  void retire_spare_links(const NodeId& node);
  void close_silent_access();

  // ---- channels.cpp
  void on(OpenChannel& input);
  void on(SendOnChannel& input);
  void on(CloseChannel& input);
  wire::AppAttachBody app_attach_body(std::uint16_t application, std::string role,
                                      const std::vector<RemoteAddress>& addresses) const;
  std::string_view why_not_open(const ChannelTable::Key& key);
  void transmit_on_channel(ChannelTable::Channel& channel, SharedBytes message);
  void app_attach_answered(const ChannelTable::Key& key, const Outcome& outcome);
  void open_failed(const ChannelTable::Key& key, std::string reason);
  void serve_app_attach(std::uint64_t request, const security::InspectedMessage& message);
  bool may_have_channel(Application application);
  bool make_room_for_channel(Application application);
  std::optional<ChannelTable::Key> channel_of(const LinkUp& input);
  void channel_link_up(const LinkUp& input);
  void make_way_for_connection(ChannelTable::Channel& channel);
  void channel_message(const ChannelTable::Key& key, SharedBytes bytes);
  bool channel_link_down(const LinkDown& input);
  bool channel_link_suspected(const LinkSuspected& input);
  void drop_channel(const ChannelTable::Key& key, const std::string& reason);
  void cut_off_revoked_channels();
  void channels_due();

  // ---- app_attach.cpp
  void on(ServeApplication& input);
  void on(SendAppAttach& input);
  void on(DropAppAttach& input);
  void on(AppConnectEnded& input);
  std::string_view why_not_ask(const SendAppAttach& input);
  void app_answered(std::uint64_t token, const Outcome& outcome);
  void app_done(std::uint64_t token, std::variant<AppAttachAccepted, RequestFailure> outcome);
  void invite(std::uint64_t request, const NodeId& node, const wire::AppAttachBody& body);
  void drop_hopeless_app_attaches();
  void app_connects_due();

  // ---- topology's wishes (routing_component.cpp)
  void carry_out(topology::Actions& actions);
  void carry_out(topology::AttachTo& wish) { attach(wish); }
  void carry_out(topology::SendUpdate& wish);
  void carry_out(topology::SendJoin& wish);
  void carry_out(topology::SendLeave& wish);
  void carry_out(topology::AskForUpdate& wish);
  void carry_out(topology::Locate& wish);
  void carry_out(topology::StartHandOver& wish);
  void drop_update(const NodeId& to);
  void carry_out(topology::ViewChanged& wish);
  void carry_out(topology::NeedAccess& wish);
  void carry_out(topology::AskThroughBootstrap& wish);
  void carry_out(topology::LeftRing& wish);
  // Calls topology and carries out what it asks for.
  template <typename Call>
  void tell_topology(Call call) {
    topology::Actions actions;
    call(actions);
    carry_out(actions);
  }

  void leave_ring();

  const NodeId& self() const { return self_; }
  Hop here() const { return {LinkId{}, self_}; }

  ChannelTable& channels() {
    if (!channels_) channels_ = std::make_unique<ChannelTable>();
    return *channels_;
  }
  AppAttachTable& app_attaches() {
    if (!app_attaches_) app_attaches_ = std::make_unique<AppAttachTable>();
    return *app_attaches_;
  }
  wire::Reassembler& reassembler();
  UnderWay& under_way() {
    if (!under_way_) under_way_ = std::make_unique<UnderWay>(*limits_);
    return *under_way_;
  }
  const UnderWay& under_way() const;  // to look at: an empty one when there is none
  AnswerMemory& answers() {
    if (!answers_)
      answers_ = std::make_unique<AnswerMemory>(limits_->max_answers_remembered,
                                                limits_->max_answers_remembered_bytes);
    return *answers_;
  }
  void rest_if_over();  // at the end of what comes from outside

  std::shared_ptr<const RoutingLimits> limits_;
  std::vector<RemoteAddress> own_addresses_;
  std::vector<RemoteAddress> bootstrap_;        // the given ones, the document's, those found
  std::vector<RemoteAddress> given_bootstrap_;  // without the document's
  std::vector<RemoteAddress> found_bootstrap_;  // by discovery
  std::vector<RemoteAddress> known_peers_;      // that we had links to, newest first
  std::vector<Bytes> learnt_kinds_;             // to be learnt again at the start
  bool compress_via_lists_;
  bool datagram_links_ = false;
  config::ConfigurationPtr configuration_;
  mutable security::TrustPtr trust_;  // of document_; see trust()
  std::shared_ptr<const security::Signer> signer_;
  std::shared_ptr<Random> random_;
  NodeId self_;
  std::uint32_t overlay_hash_ = 0;
  std::unique_ptr<topology::Plugin> topology_;

  // Those that many peers never need are not there until they do: of simulated peers there are very many.
  LinkTable links_;
  std::unique_ptr<ChannelTable> channels_;
  std::unique_ptr<AppAttachTable> app_attaches_;
  OpaqueTable opaque_;
  std::unique_ptr<UnderWay> under_way_;
  std::unique_ptr<AnswerMemory> answers_;
  std::unique_ptr<wire::Reassembler> reassembler_;
  TransactionId join_ = 0;             // the last one
  config::ConfigurationPtr document_;  // as it came; configuration_ has the learnt Kinds besides
  config::KnownKinds known_kinds_;
  std::unique_ptr<const Unfit> unfit_;
  bool was_joined_ = false;
  bool over_access_ = false;  // how the latest Attach to the admitting peer went
  bool leaving_ = false;
  Deadline drain_deadline_;
  // Who was found at a bootstrap address the last time.
  std::vector<std::pair<RemoteAddress, NodeId>> bootstrap_nodes_;
  std::size_t next_bootstrap_ = 0;
  std::size_t bootstrap_tried_ = 0;
  std::size_t lonely_looks_ = 0;
  std::uint64_t next_request_ = 1;
  std::uint64_t next_attach_ = 1;
  std::uint64_t next_attempt_ = 1;
  Deadline reassembly_check_, access_check_, answers_check_;
  RoutingCounters counters_;

  // Of the call under way.
  Now now_;
  Outputs* out_ = nullptr;
};

}  // namespace ringway::routing

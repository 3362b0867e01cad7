// The way to a hop: a flow that is there, or one that is opened, with what waits for it (RFC 3261 §18.1.1).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/finder.hpp"
#include "sip-usage/element/flows.hpp"
#include "sip-usage/element/unreached.hpp"
#include "sip-usage/proxy/outputs.hpp"

namespace ringway::sip::element {

// A request that goes to `target` by way of another peer: who was asked for that, how many before, and who
// has shown that it is of no use.
struct Hiding {
  wire::DestinationList target, by;
  std::size_t tries = 0;
  std::vector<NodeId> bad{};
  std::optional<NodeId> sent_to{};
};
// A request with the branch that it is of; an ACK and what goes without a transaction has none. Or an answer
// whose connection is gone (RFC 3261 §18.2.2), of that server transaction.
struct Parcel {
  std::optional<proxy::BranchId> branch;
  Message request;
  // Of what has no branch: the servers that are left to try (RFC 3263 §4.3).
  std::vector<proxy::ServerHop> others{};
  std::optional<TransactionId> answered{};
  SharedBytes answer{};
  // Whose request it sends on.
  std::optional<TransactionId> server{};
  std::optional<Hiding> hiding{};
};
struct Ready {  // send it there
  FlowId flow{};
  Parcel parcel;
};
struct NoWay {
  Parcel parcel;
};
// The branch goes to the first of several servers; the others are tried when that one fails.
struct MoreServers {
  proxy::BranchId branch{};
  std::vector<proxy::Hop> others;
};
using WayOutput = std::variant<Ready, NoWay, MoreServers>;

bool is_ip_address(std::string_view host);

class Ways {
 public:
  Ways(const Settings& settings, Flows& flows, Finder& finder)
      : settings_(settings), flows_(flows), finder_(finder) {}

  void send(MonoTime now, const proxy::Hop& hop, Parcel parcel);
  void drop(proxy::BranchId branch);  // it need not be sent any more

  // Who has to be at the other end of what was opened (RFC 7904 §5.1).
  std::optional<NodeId> expected_node(OpenId open);
  void on_up(FlowId flow, std::optional<OpenId> opened);
  void on_down(FlowId flow);
  void on_open_failed(MonoTime now, OpenId open);
  // False: the question is none of these.
  bool on_servers(MonoTime now, QuestionId question, const std::vector<DnsTarget>& servers);
  bool on_question_failed(MonoTime now, QuestionId question);
  void on_timer(MonoTime now);
  Deadline next_wake() const { return deadlines_.empty() ? Deadline() : Deadline(deadlines_.begin()->first); }

  std::vector<WayOutput> take_ways() { return std::exchange(ways_, {}); }
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  TableSizes sizes() const {
    return {{"openings of the SIP element", openings_.size() - for_answers_, k_max_openings},
            {"openings of the SIP element for answers", for_answers_, k_max_openings_for_answers},
            unreached_.size()};
  }

 private:
  // What is waited for, under a name that says whereto; of a name that DNS is asked for, no OpenId.
  struct Opening {
    std::variant<OpenId, QuestionId> what;
    MonoTime deadline;
    std::vector<Parcel> parcels;
    std::optional<NodeId> node;
    std::string domain;  // that DNS is asked for
    bool is_peer = false;
    bool is_waited_for = true;  // a peer's may come when nobody waits any more
    std::string answered;       // to whom, of one that was begun for an answer
  };
  using Openings = std::map<std::string, Opening>;

  void to_flow(MonoTime now, const proxy::NetworkFlow& way, Parcel parcel);
  void to_peer(MonoTime now, const wire::DestinationList& destinations, Parcel parcel);
  void to_server(MonoTime now, const proxy::ServerHop& server, Parcel parcel, Endpoint local = {});
  void to_uri(MonoTime now, const Uri& uri, Parcel parcel);
  bool use_known(const std::string& key, Parcel& parcel);
  // The opening that it waits for now, if that is a new one.
  Opening* wait(MonoTime now, const std::string& key, const std::string& whom, Parcel parcel);
  bool is_full(const std::string& whom, bool is_for_answer) const;
  Opening& begin(const std::string& key, MonoTime deadline);
  void ask_again(MonoTime now, const std::string& key, const wire::DestinationList& destinations,
                 bool is_sips);
  void open_peer(Opening& opening, const wire::DestinationList& destinations, bool is_sips);
  void set_deadline(Openings::iterator opening, MonoTime deadline);
  Openings::iterator opening_of(std::variant<OpenId, QuestionId> what);
  std::vector<Parcel> end(Openings::iterator opening);
  void fail(MonoTime now, Openings::iterator opening);
  void fail(MonoTime now, std::vector<Parcel> parcels);
  void stop_waiting(MonoTime now, Openings::iterator opening);

  const Settings& settings_;
  Flows& flows_;
  Finder& finder_;
  Openings openings_;
  std::map<std::string, std::size_t> answered_;  // how many openings have been begun for answers to them
  std::size_t for_answers_ = 0;
  std::map<std::variant<OpenId, QuestionId>, std::string> key_of_;
  std::set<std::pair<MonoTime, std::string>> deadlines_;
  // Flows that have been opened, or that peers have opened, the oldest first. There are two of a peer where
  // both have opened one at once; when one is gone, the other is used.
  std::map<std::string, std::vector<FlowId>> known_;
  std::map<FlowId, std::set<std::string>> keys_of_flow_;
  Unreached unreached_;  // by the same names
  std::uint64_t last_open_ = 0;
  std::vector<WayOutput> ways_;
  std::vector<Output> outputs_;
};

}  // namespace ringway::sip::element

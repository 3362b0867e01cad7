// The stateful proxy of a peer (RFC 3261 §16 with RFC 5393, 5626 §5 and §7, 6026, 4320, 3327), without
// sockets, clocks or randomness of its own: what transactions and the location service say goes in, what they
// are to do comes out. It is the transaction user between one server transaction and the client transactions
// to those who are called.
//
// The driver owns the transactions (sip-usage/transaction) and the connections. It
//   - hands over each new request, but ACK and CANCEL, of a server transaction (on_request), a CANCEL with
//   the
//     INVITE that it matches (§9.2), an ACK that matches none;
//   - makes a client transaction for each StartBranch, reports its responses, and in the end one of
//   on_failure
//     (it ended without a final response) and on_branch_ended (it ended after one), unless EndBranch came;
//   - reports the end of each server transaction, whether the proxy has answered it or ended it (EndServer),
//     but not of those that were handed over to the peer (PassToPeer);
//   - takes the outputs after each call, and calls on_timer at next_wake().
// Responses that match no client transaction are discarded by the driver (RFC 6026 §8.2, RFC 4320 §4.2).
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/outputs.hpp"
#include "sip-usage/proxy/response_context.hpp"
#include "sip-usage/proxy/routing.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/proxy/shared.hpp"

namespace ringway::sip::proxy {

class Proxy {
 public:
  Proxy(Settings settings, std::shared_ptr<Random> random);

  void on_request(MonoTime now, ServerId server, Message request, const Source& source);
  // `cancel` is the CANCEL's own server transaction, `invite` the one that it matches, if any.
  void on_cancel(MonoTime now, ServerId cancel, std::optional<ServerId> invite, Message request,
                 const Source& source);
  void on_ack(Message request, const Source& source);  // of a 2xx: from end to end
  void on_server_ended(MonoTime now, ServerId server);
  // A request that is no INVITE is not to wait any longer: its branches end (EndBranch), and whoever says so
  // answers it: perhaps by the best of what has come.
  std::optional<Message> give_up(ServerId server);

  void on_found(MonoTime now, FindId find, Found found);
  // 404: nobody of that name; 480: nobody there now; 403: the sender may not call there; 504: no answer.
  void on_not_found(MonoTime now, FindId find, unsigned status);

  // `peer`: over the connection with that one.
  void on_response(MonoTime now, BranchId branch, Message response, std::optional<NetworkFlow> peer = {});
  void on_failure(MonoTime now, BranchId branch, BranchFailure failure);
  void on_branch_ended(MonoTime now, BranchId branch);

  void on_timer(MonoTime now);
  Deadline next_wake() const;

  // Since the last time.
  std::vector<Output> take_outputs();
  // Of which side is whoever sends that request in a dialog that is known to go over its flow?
  std::optional<Side> side_in_dialog(const Message& request, const Source& source) const {
    return shared_.dialogs.side_of(request, source);
  }
  // Nothing: that dialog is not known.
  std::optional<bool> is_hidden_dialog(const Message& request) const {
    return shared_.dialogs.is_hidden(request);
  }
  bool is_in_call(const NetworkFlow& flow) const { return shared_.dialogs.is_in_call(flow); }
  // Otherwise nothing of it need be sent any more.
  bool waits_for(BranchId branch) const { return shared_.server_of_branch.contains(branch); }
  // Servers that do as well as the branch's own, in the order of preference (RFC 3263 §4.3).
  void add_alternatives(BranchId branch, std::vector<Hop> servers);

  const Counters& counters() const { return shared_.counters; }
  std::size_t context_count() const { return contexts_.size(); }
  TableSizes sizes() const {
    return {{"requests of the SIP proxy", contexts_.size(), k_max_contexts},
            {"requests of peers and strangers in the SIP proxy", counts_.others, k_max_contexts_of_others},
            {"requests of strangers in the SIP proxy", counts_.strangers, k_max_contexts_of_strangers},
            shared_.dialogs.size()};
  }

 private:
  struct Entry {
    std::unique_ptr<ResponseContext> context;
    Deadline wake;       // as in wakes_
    std::string source;  // as in count_of_source_
    Side side = Side::phone;
  };

  std::optional<Message> refuse(const Message& request);
  bool is_full_for(Side side) const;
  bool has_room(ServerId server, const Message& request, const Source& source);
  void begin(MonoTime now, ServerId server, Routed routed, std::string asked, const Source& source);
  void respond(ServerId server, const Message& request, unsigned status);
  void forward_stateless(const Message& received, Message routed, const Hop& hop, const Source& source);
  // Runs `step` on the request's context, if it is there still, and cleans up behind it.
  template <typename Step>
  void with(ServerId server, Step step);
  void schedule(ServerId server, Entry& entry);
  void forget(ServerId server);

  Shared shared_;
  std::unordered_map<ServerId, Entry> contexts_;
  std::set<std::pair<MonoTime, ServerId>> wakes_;
  std::map<std::string, std::size_t> count_of_source_;
  struct {
    std::size_t others = 0, strangers = 0;
  } counts_;
};

}  // namespace ringway::sip::proxy

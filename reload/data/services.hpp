// ReDiR (RFC 7374): keeps up the registrations of services that this peer provides, and looks services up.
// redir/ has the walks; here their steps become calls of the Kind REDIR, which are as those of applications
// are: signed, retried, checked.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/client.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/service_messages.hpp"
#include "reload/redir/lookup.hpp"
#include "reload/redir/registration_walk.hpp"
#include "reload/table_size.hpp"

namespace ringway::data {

// Tokens of the calls made here; those of the watcher are smaller.
inline constexpr std::uint64_t k_first_service_call = k_first_own_number + (std::uint64_t{1} << 61U);

class Services {
 public:
  Services(PeerData& data, Client& client) : data_(data), client_(client) {}

  // Orders of nobody (k_nobody_waits) are those of this peer's relay, which wants its service whatever
  // applications say of theirs of the same name.
  void register_service(const Now& now, RegisterService order, StorageOutputs& out);
  void unregister(const Now& now, UnregisterService order, StorageOutputs& out);
  // Removes what is registered here, and registers nothing any more; idle() when that is done.
  void withdraw_all(const Now& now, StorageOutputs& out);
  bool idle() const { return registrations_.empty(); }
  void find(const Now& now, FindService order, StorageOutputs& out);
  // Of a call with a token from k_first_service_call.
  void call_done(const Now& now, CallsDone done, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

  // What orders with tokens from k_first_own_number have come to: those of other parts of this component.
  std::vector<ServiceDone> take_own() { return std::exchange(own_, {}); }

  std::size_t registered() const;
  TableSizes tables() const;

 private:
  // One walk through the tree (RFC 7374 §4.3), which stores or refreshes.
  struct Walk {
    redir::RegistrationWalk steps;
    std::uint32_t lifetime_s = 0;
    MonoTime began;
    std::size_t stored = 0;
    unsigned silent_in_a_row = 0;        // tree nodes for which nobody has answered
    std::optional<CallFailure> skipped;  // why one was, the last
  };
  struct Registration {
    std::uint32_t lifetime_s = 0;
    bool for_applications = false, for_relay = false;  // who wants it
    std::vector<std::uint64_t> waiting;                // for the first walk; tokens
    std::vector<std::uint64_t> removing_for;
    bool registered = false;  // once
    bool removing = false;
    std::optional<Walk> walk;  // under way
    std::uint64_t call = 0;    // under way
    std::optional<MonoTime> due;
    unsigned failures = 0;
    std::optional<unsigned> last_level;          // where the last walk has ended
    std::map<redir::TreeNode, MonoTime> places;  // that may have the record, and until when
    std::vector<redir::TreeNode> being_removed;  // by the call under way
  };
  struct Search {
    std::uint64_t token = 0;
    std::string service;
    redir::Lookup lookup;
    unsigned silent_in_a_row = 0;
    std::optional<CallFailure> skipped = std::nullopt;
  };

  std::optional<CallFailure> refusal(const std::string& service) const;
  std::optional<CallFailure> refusal(const RegisterService& order) const;
  bool waits_too_many(const std::string& service) const;
  redir::Tree tree() const;
  void start_walk(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out);
  void stop_walk(const Now& now, Registration& mine, StorageOutputs& out);
  void step(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out);
  void stepped(const Now& now, const std::string& service, Registration& mine, const CallResult& result,
               StorageOutputs& out);
  void walked(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out);
  void walk_failed(const Now& now, const std::string& service, Registration& mine, const CallFailure& why,
                   StorageOutputs& out);
  void try_again_later(const Now& now, Registration& mine);
  void begin_removal(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out);
  void remove_all(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out);
  void removed(const Now& now, const std::string& service, Registration& mine,
               const std::vector<CallResult>& results, StorageOutputs& out);
  void search_on(const Now& now, std::uint64_t number, StorageOutputs& out);
  void searched(const Now& now, std::uint64_t number, const CallResult& result, StorageOutputs& out);
  void call(const Now& now, std::vector<Call> calls, StorageOutputs& out);
  void answer(std::uint64_t token, decltype(ServiceDone::result) result, StorageOutputs& out);

  PeerData& data_;
  Client& client_;
  std::uint64_t last_call_ = k_first_service_call;
  std::uint64_t last_search_ = 0;
  std::map<std::string, Registration> registrations_;
  std::unordered_map<std::uint64_t, Search> searches_;
  std::unordered_map<std::uint64_t, std::string> calls_of_registrations_;
  std::unordered_map<std::uint64_t, std::uint64_t> calls_of_searches_;
  redir::StartLevels start_levels_;
  std::vector<ServiceDone> own_;
  bool withdrawing_ = false;  // for good: this peer leaves
};

}  // namespace ringway::data

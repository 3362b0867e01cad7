// The control path of a TURN server (RFC 8656 over RFC 8489): allocations, permissions, channels. Requests
// and time go in; answers, sockets to open, and what the threads that relay have to know come out. Binding
// requests are answered where the sockets are: they need nothing of this.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "relay/allocation.hpp"
#include "relay/authentication.hpp"
#include "relay/events.hpp"
#include "relay/reply_budget.hpp"
#include "relay/settings.hpp"
#include "reload/random.hpp"
#include "reload/stun/message.hpp"
#include "reload/time.hpp"

namespace ringway::relay {

struct Counters {
  std::uint64_t requests = 0, malformed = 0, unproved_dropped = 0;
  std::uint64_t allocated = 0, expired = 0;
  std::map<stun::ErrorCode, std::uint64_t> errors;  // bounded by the codes
};

class Server {
 public:
  // `credentials` outlive it.
  Server(Settings settings, const Credentials& credentials, Bytes nonce_key, Random& random);

  // A STUN message from a client. What is none is counted and dropped.
  void receive(Now now, const ClientPath& from, BytesView octets);
  void opened(MonoTime now, AllocationId id, std::vector<stun::Address> relayed);
  void failed(MonoTime now, AllocationId id);
  // A stream has ended: what was allocated over it goes (§7.2).
  void gone(const ClientPath& path);
  void wake(MonoTime now);
  std::optional<MonoTime> next_wake() const;

  // The operator's users are others now: who is none any more, or has another password, loses what he has.
  void users_changed(WallMs now_ms);
  // From now on nothing new is allocated; what is there stays until it ends.
  void drain() { is_draining_ = true; }
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }

  std::size_t allocations() const { return by_path_.size(); }
  std::size_t reservations() const { return reservations_.size(); }
  const Counters& counters() const { return counters_; }

 private:
  struct Request {
    Now now;
    const ClientPath& from;
    const stun::Message& message;
    Identity identity;
  };
  struct Reservation {
    MonoTime ends;
    stun::Family family = stun::Family::ipv4;
    std::string quota;  // whose it is
  };
  // Clients choose their addresses.
  struct PathHash {
    std::uint64_t seed;
    std::size_t operator()(const ClientPath& path) const noexcept {
      return stun::hash_of(path.client.ip, seed ^ path.end << 20U ^ std::uint64_t{path.client.port} << 2U ^
                                               static_cast<std::uint64_t>(path.transport));
    }
  };

  void authenticate(Now now, const ClientPath& from, const stun::Message& message);
  void dispatch(const Request& request);
  void allocate(const Request& request);
  void refresh(const Request& request, Allocation& allocation);
  void create_permission(const Request& request, Allocation& allocation);
  void bind_channel(const Request& request, Allocation& allocation);

  // What an Allocate asks for (§7.2), or why it cannot have it.
  struct Wanted {
    std::vector<stun::Family> families;
    std::optional<stun::Family> missing_family;
    bool even_port = false, reserve_next = false;
    std::optional<ReservationToken> take;
  };
  std::variant<Wanted, stun::ErrorCode> read_wanted(const Request& request) const;
  std::optional<stun::ErrorCode> read_families(const stun::Message& message, Wanted& wanted) const;
  bool supports(stun::Family family) const {
    return family == stun::Family::ipv4 ? settings_.has_ipv4 : settings_.has_ipv6;
  }
  // §9, §21.4: whether this allocation may have to do with that peer.
  std::optional<stun::ErrorCode> objection_to(const Allocation& allocation,
                                              const stun::IpAddress& peer) const;
  static Duration lifetime_of(const stun::Message& message);
  std::size_t held_by(const std::string& quota) const;
  void give_back(const std::string& quota, std::size_t count = 1);
  using Reservations = std::map<ReservationToken, Reservation>;
  Reservations::iterator forget(Reservations::iterator reservation);
  ReservationToken reserve(MonoTime now, stun::Family family, const std::string& quota);

  void succeed(const Request& request, stun::MessageWriter answer);
  void refuse(const Request& request, stun::ErrorCode code);
  void tell_allocated(MonoTime now, const Allocation& allocation);
  void tell_failed(const Allocation& allocation, stun::ErrorCode code);
  void send(const ClientPath& to, stun::MessageWriter answer, bool with_fingerprint);
  void end(Allocation& allocation);
  // What is left of it goes on; without any, it ends.
  void end_address(Allocation& allocation, stun::Family family);
  void set_expiry(Allocation& allocation, MonoTime at, std::optional<stun::Family> only);
  void await_expiry(Allocation& allocation);

  Settings settings_;
  Authentication authentication_;
  Random& random_;
  ReplyBudget budget_;
  std::unordered_map<ClientPath, std::unique_ptr<Allocation>, PathHash> by_path_;
  std::unordered_map<AllocationId, Allocation*> by_id_;
  std::set<std::pair<MonoTime, AllocationId>> by_expiry_;  // of those that are open
  std::map<std::string, std::size_t> held_;  // relayed addresses and reservations, by Identity::quota
  std::size_t relayed_ = 0;                  // addresses, or on their way to be
  Reservations reservations_;
  AllocationId last_allocation_ = 0;
  bool is_draining_ = false;
  Counters counters_;
  std::vector<Output> outputs_;
};

}  // namespace ringway::relay

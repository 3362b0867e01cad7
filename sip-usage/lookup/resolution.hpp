// From the address that somebody calls to the devices that can be rung (RFC 7904 §4): whom to ask, what to
// follow, when to stop. Without I/O: questions come out, answers and the time go in, the outcome is there
// once done() says so, and is the same in whatever order the answers come.
//
// An address that other registrations name is asked for in the next round, when all of this one have been
// answered; so the rounds are the depth of forwarding.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/destination.hpp"
#include "sip-usage/registration/address.hpp"
#include "sip-usage/registration/contact_preferences.hpp"

namespace ringway::sip {

// A caller takes part in every retargeting, so it can count (RFC 7904 §8.2.1).
inline constexpr std::size_t k_max_forwarding_depth = 8;     // rounds
inline constexpr std::size_t k_max_resolved_names = 32;      // addresses that are asked for
inline constexpr std::size_t k_max_read_registrations = 64;  // of one address
inline constexpr std::size_t k_max_forks = 32;               // devices and outside targets that come out
inline constexpr std::size_t k_max_dns_targets = 8;          // of one domain
inline constexpr Duration k_resolution_time{20'000};         // RELOAD gives a request 15 s

// For addresses that the overlay and DNS may both know, both are asked at once; this says whose answer counts
// when both have one. The overlay's own domain is never asked for in DNS, and a domain that the overlay's
// document excludes is never asked for in the overlay.
enum class LookupPolicy { overlay_first, dns_first, overlay_only, dns_only };

enum class Hosting {
  own,       // the overlay's name itself
  possible,  // users of it may register here, and have a domain of their own, too
  excluded,  // the document's domain-restriction refuses them
};

struct ResolutionSettings {
  std::string overlay_name;
  LookupPolicy policy = LookupPolicy::overlay_first;
  std::function<bool(std::string_view domain)> hosts = [](std::string_view) { return true; };
  bool is_sips = false;  // the call is to be secured all the way: DNS is asked for that (RFC 3261 §26.2.2)
};

// ---- out

// Fetch the Kind SIP-REGISTRATION at this Resource Name, without dictionary keys (RFC 7904 §4.2).
struct FetchRegistrations {
  std::uint64_t number = 0;
  Aor aor;
};
// Where a SIP server of that domain is (RFC 3263).
struct AskDns {
  std::uint64_t number = 0;
  Aor aor;
  bool sips = false;
};
// The answer does not matter any more.
struct DropQuestion {
  std::uint64_t number = 0;
};
using ResolutionOutput = std::variant<FetchRegistrations, AskDns, DropQuestion>;

// ---- in

// A value whose signature and writer have been checked.
struct FetchedRegistration {
  NodeId key;  // the dictionary key, which is its writer's Node-ID
  Bytes value;
  std::uint32_t lifetime_s = 0;  // remaining
};
enum class ServerTransport { udp, tcp, tls };
struct DnsTarget {
  std::string host;
  std::uint16_t port = 0;
  ServerTransport transport = ServerTransport::udp;
  bool operator==(const DnsTarget&) const = default;
};

// ---- the outcome

struct Device {
  Aor aor;     // of whom it is: not always the one who was called
  NodeId key;  // who has registered it; of a GRUU: all-zero
  wire::DestinationList route;
  ContactPreferences preferences;
  std::optional<std::uint32_t> expires_s;  // of a GRUU: nothing
  std::size_t depth = 0;                   // how often the call was forwarded
};
// A user of another SIP domain.
struct OutsideTarget {
  Aor aor;
  std::vector<DnsTarget> servers;  // in the order of preference
  std::size_t depth = 0;
};
enum class ResolutionError {
  bad_address,       // no address of a user, or a gr that is no way to a peer of this overlay
  not_registered,    // nobody is there, nor in DNS
  not_reachable,     // no answer, or only from those who know nothing
  domain_excluded,   // the overlay does not take such users and the policy does not ask DNS
  forwards_forever,  // only to addresses that were asked before, or too far
};
struct ResolutionFailure {
  ResolutionError error = ResolutionError::not_registered;
  std::string reason;
};
struct Resolved {
  // Nearest first, then by q, the address and the key; of each user each route once, each outside address
  // once.
  std::vector<Device> devices;
  std::vector<OutsideTarget> outside;
  // What was left out because of a bound, and values that made no sense.
  bool cut_short = false;
  std::uint32_t unreadable = 0;
};
using ResolutionResult = Result<Resolved, ResolutionFailure>;

class Resolution {
 public:
  Resolution(ResolutionSettings settings, MonoTime now, std::string_view uri);

  // Since the last time.
  std::vector<ResolutionOutput> take_outputs() { return std::exchange(outputs_, {}); }

  // Answers to questions; those that are not, or no more, waited for are ignored. Empty: nothing is there.
  void fetched(std::uint64_t number, std::vector<FetchedRegistration> found);
  void found_in_dns(std::uint64_t number, std::vector<DnsTarget> servers);
  void failed(std::uint64_t number, std::string reason);
  void on_timer(MonoTime now);
  std::optional<MonoTime> next_deadline() const;

  bool done() const { return result_.has_value(); }
  const ResolutionResult& result() const { return *result_; }

 private:
  enum class Leg { unused, waiting, found, nothing, failed };
  // One address that is asked for.
  struct Name {
    Aor aor;
    std::uint64_t fetch = 0;
    std::uint64_t dns = 0;
    Leg overlay_leg = Leg::unused;
    Leg dns_leg = Leg::unused;
    std::vector<FetchedRegistration> registrations;
    std::vector<DnsTarget> servers;
    std::string why;
    bool decided() const;
    bool prefers_dns = false;
    bool takes_dns() const;
  };

  Hosting hosting_of(std::string_view domain) const;
  void ask(const Aor& aor);
  void answered(std::map<std::uint64_t, std::size_t>::iterator question);
  void drop_questions(Name& name);
  void begin_round();
  void end_round_if_decided();
  void use_round();
  void use(const Name& name);
  void use_registration(const Name& name, const FetchedRegistration& registration);
  void follow(const Address& address, std::size_t depth);
  void finish();
  ResolutionFailure failure() const;

  ResolutionSettings settings_;
  MonoTime deadline_;
  std::vector<ResolutionOutput> outputs_;
  std::vector<Name> round_;
  std::map<std::uint64_t, std::size_t> questions_;  // by number: of which name of the round
  std::uint64_t last_number_ = 0;
  std::size_t depth_ = 0;  // of the names in round_
  std::set<Aor> seen_;
  std::set<Aor> next_;  // of the next round
  Resolved found_;
  bool circular_ = false;
  bool excluded_ = false;
  std::string unreachable_;  // why an answer is missing; empty: none is
  std::optional<ResolutionResult> result_;
};

}  // namespace ringway::sip

// From a domain to the addresses of its SIP servers (RFC 3263): which questions DNS is to be asked, and what
// follows from the answers. Without I/O, clocks or random sources of its own: questions come out, answers go
// in, the outcome is there once done() says so, and is the same in whatever order the answers come.
//
// What the RFC leaves open:
// - All records of the lowest NAPTR order with a usable transport are used, by their preference. Those of a
//   higher order only when the lower ones have led to no address at all (RFC 3403 §4.1 wants them left alone
//   once one has matched; a name that does not exist is no match).
// - Without NAPTR records, the SRV records of all transports are used, in the order of Settings::transports.
// - An SRV target of "." says that the service is not there, so the domain's own addresses are not asked for.
// - A question that fails (no answer, not: no such name) loses nothing else; but whether a domain has SRV
//   records must be known before its own addresses are taken instead. When nothing at all is found, and a
//   question has failed, the search has failed: something may be there.
// - Both address families are asked for at once, IPv6 goes first (RFC 7984, RFC 6724 §2.1), addresses to
//   which this machine has no way go last among those of their server (RFC 6724 §6, rule 1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reload/random.hpp"
#include "reload/result.hpp"
#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/servers/names.hpp"
#include "sip-usage/servers/naptr_services.hpp"

namespace ringway::sip::servers {

inline constexpr std::size_t k_max_services = 6;           // SRV names of one domain that are asked for
inline constexpr std::size_t k_max_hosts = 8;              // whose addresses are asked for
inline constexpr std::size_t k_max_addresses_of_host = 4;  // so that one host does not hide the next
inline constexpr std::size_t k_max_questions = 1 + k_max_services + 2 * k_max_hosts;

// What this machine can do with an address.
enum class Reach { usable, no_route, never };

struct Settings {
  // Those that this peer has, the preferred first.
  std::vector<ServerTransport> transports = {ServerTransport::tls, ServerTransport::tcp,
                                             ServerTransport::udp};
  std::function<Reach(const std::string& address)> reach = [](const std::string&) { return Reach::usable; };
};

// Of a URI (RFC 3263 §4): host or maddr, port, transport, and whether it is a sips one.
struct Wanted {
  std::string host;
  std::optional<std::uint16_t> port{};
  std::string transport{};
  bool sips = false;
};

using Found = Result<std::vector<DnsTarget>>;  // empty: there is no server

class ServerSearch {
 public:
  ServerSearch(Settings settings, Wanted wanted, Random& random);

  // Since the last time; each question once.
  std::vector<Question> take_questions() { return std::exchange(new_questions_, {}); }
  // Answers that are not, or no more, waited for are ignored.
  void answered(const Question& question, Answer answer);

  bool done() const { return found_.has_value(); }
  const Found& found() const { return *found_; }

 private:
  enum class Stage { naptr, srv, addresses };
  // A name whose addresses are wanted, and what is at each of them.
  struct Host {
    std::string name;
    std::uint16_t port = 0;
    ServerTransport transport = ServerTransport::udp;
  };

  void begin();
  std::optional<std::string> choose_transports();  // why there are none
  void ask_naptr();
  void ask_next_group();  // of services_; after the last one, the domain itself
  void ask_hosts(std::vector<Host> hosts);
  void ask(Question question);

  // What the answers of a stage lead to.
  void use_naptr();
  void use_srv();
  void use_addresses();
  void keep_useful(Addresses& addresses);
  std::vector<DnsTarget> targets_at(const Host& host) const;
  bool is_known(const Host& host) const;
  void end_with_nothing();

  // The records of an answer; none when it is a Failure, or not asked for because of a bound.
  template <typename List>
  List records_of(const Question& question) const;

  const Settings settings_;
  const Wanted wanted_;
  Random& random_;
  std::string domain_;
  std::vector<ServerTransport> transports_;  // that may be used for this URI, the preferred first
  ServerTransport usual_transport_ = ServerTransport::udp;  // when DNS does not say
  Stage stage_ = Stage::naptr;
  std::map<Question, std::optional<Answer>> questions_;
  std::vector<Question> new_questions_;
  std::size_t waiting_ = 0;
  std::vector<Service> services_;  // not asked for yet
  std::vector<Service> group_;     // of the stage srv
  std::vector<Host> hosts_;        // of the stage addresses
  std::set<std::string> without_route_;
  bool may_have_srv_ = false;  // an SRV name has records, or nobody knows
  bool asked_domain_itself_ = false;
  std::string failure_;  // of the first question that failed; empty: none has
  std::optional<Found> found_;
};

}  // namespace ringway::sip::servers

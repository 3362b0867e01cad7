// Requests of other peers under names that are not of their certificates. A peer may have further users, who
// have certificates of their own: for them it speaks when they have registered that they are reached at it
// (RFC 7904 §3.2; they have signed that). Names of other domains may be those of users of the overlay, too
// (§3.4); where they are not, a gateway may use them for its callers. So the overlay is asked who is
// registered there, and the request waits for that.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/ids.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/lookup/resolution.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/target.hpp"
#include "sip-usage/registration/address.hpp"
#include "sip-usage/transaction/transaction_table.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_claims = 512;          // requests that wait
inline constexpr std::size_t k_max_claims_of_peer = 128;  // of one peer
inline constexpr std::size_t k_max_known_names = 1024;    // that have been asked for; the oldest goes
inline constexpr std::size_t k_max_peers_of_name = 32;    // at which it is registered; more are not believed
inline constexpr Duration k_known_name_time{60'000};      // so long an answer holds
inline constexpr Duration k_claim_time{4'000};            // for the overlay

struct Claim {
  TransactionId transaction;
  Message request;
  proxy::Source source;
  Aor name;
  NodeId peer{};               // that has sent it
  bool is_of_overlay = false;  // the name: nobody's unless registered at that peer
};
// What the overlay says of a name.
struct NameFacts {
  bool is_user = false;
  std::vector<NodeId> peers{};  // at which that user is reached
  bool operator==(const NameFacts&) const = default;
  bool is_at(const NodeId& peer) const { return std::find(peers.begin(), peers.end(), peer) != peers.end(); }
};
NameFacts facts_of(const std::vector<FetchedRegistration>& found);
// Nothing: it has not said anything in time.
struct ClaimAnswer {
  Claim claim;
  std::optional<NameFacts> facts;
};

class Claims {
 public:
  // Nothing: it has to be asked.
  std::optional<NameFacts> known(MonoTime now, const Aor& name) const;
  // False: there is no room. `question` is one that the element has made for it.
  bool wait(MonoTime now, Claim claim, QuestionId question);
  // The request is not to wait any longer; nothing: it does not.
  std::optional<Claim> take(TransactionId transaction);

  // False: no such question is open here.
  bool fetched(MonoTime now, QuestionId question, const NameFacts& facts);
  bool failed(QuestionId question);
  void on_timer(MonoTime now);
  Deadline next_wake() const;

  std::vector<ClaimAnswer> take_answers() { return std::exchange(answers_, {}); }
  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  TableSizes sizes() const;

 private:
  struct Asked {
    Aor name;
    MonoTime deadline;
    std::vector<Claim> claims;
  };
  struct Known {
    NameFacts facts;
    MonoTime until;
  };
  bool end(QuestionId question, const std::optional<NameFacts>& facts);
  void remember(MonoTime now, const Aor& name, const NameFacts& facts);
  std::size_t count_of(const std::string& peer) const;

  std::map<QuestionId, Asked> asked_;  // questions count up: the first is due first
  std::map<Aor, Known> known_;
  std::set<std::pair<MonoTime, Aor>> ends_;  // of known_
  std::map<std::string, std::size_t> of_peer_;
  std::size_t waiting_ = 0;
  std::vector<ClaimAnswer> answers_;
  std::vector<Output> outputs_;
};

}  // namespace ringway::sip::element

#include "sip-usage/element/claims.hpp"

#include <algorithm>

#include "sip-usage/registration/sip_registration.hpp"

namespace ringway::sip::element {

// Where other peers stand before it, the last is the one that speaks for the user.
NameFacts facts_of(const std::vector<FetchedRegistration>& found) {
  NameFacts out;
  out.is_user = !found.empty();
  for (const auto& each : found) {
    if (out.peers.size() >= k_max_peers_of_name) break;
    const auto registration = wire::decode<SipRegistration>(SharedBytes(each.value));
    const auto* route = registration ? std::get_if<RouteRegistration>(&*registration) : nullptr;
    if (route == nullptr || route->destinations.empty()) continue;
    const auto* last = std::get_if<wire::NodeDestination>(&route->destinations.back());
    if (last != nullptr) out.peers.push_back(last->node);
  }
  return out;
}

std::optional<NameFacts> Claims::known(MonoTime now, const Aor& name) const {
  const auto found = known_.find(name);
  if (found == known_.end() || found->second.until <= now) return std::nullopt;
  return found->second.facts;
}

bool Claims::wait(MonoTime now, Claim claim, QuestionId question) {
  if (waiting_ >= k_max_claims || count_of(claim.source.flow.remote) >= k_max_claims_of_peer) return false;
  ++waiting_;
  ++of_peer_[claim.source.flow.remote];
  const auto open = std::find_if(asked_.begin(), asked_.end(),
                                 [&](const auto& each) { return each.second.name == claim.name; });
  if (open != asked_.end()) {
    open->second.claims.push_back(std::move(claim));
    return true;
  }
  outputs_.emplace_back(FetchFromOverlay{question, claim.name});
  Asked asked{claim.name, now + k_claim_time, {}};
  asked.claims.push_back(std::move(claim));
  asked_.emplace(question, std::move(asked));
  return true;
}

std::size_t Claims::count_of(const std::string& peer) const {
  const auto found = of_peer_.find(peer);
  return found == of_peer_.end() ? 0 : found->second;
}

std::optional<Claim> Claims::take(TransactionId transaction) {
  for (auto& [question, asked] : asked_) {
    const auto found = std::find_if(asked.claims.begin(), asked.claims.end(),
                                    [&](const Claim& claim) { return claim.transaction == transaction; });
    if (found == asked.claims.end()) continue;
    Claim claim = std::move(*found);
    asked.claims.erase(found);
    --waiting_;
    if (--of_peer_.at(claim.source.flow.remote) == 0) of_peer_.erase(claim.source.flow.remote);
    return claim;
  }
  return std::nullopt;
}

// ---- answers

bool Claims::fetched(MonoTime now, QuestionId question, const NameFacts& facts) {
  const auto found = asked_.find(question);
  if (found == asked_.end()) return false;
  remember(now, found->second.name, facts);
  return end(question, facts);
}

bool Claims::failed(QuestionId question) { return end(question, std::nullopt); }

bool Claims::end(QuestionId question, const std::optional<NameFacts>& facts) {
  auto asked = asked_.extract(question);
  if (asked.empty()) return false;
  for (auto& claim : asked.mapped().claims) {
    --waiting_;
    if (--of_peer_.at(claim.source.flow.remote) == 0) of_peer_.erase(claim.source.flow.remote);
    answers_.push_back({std::move(claim), facts});
  }
  return true;
}

void Claims::remember(MonoTime now, const Aor& name, const NameFacts& facts) {
  if (const auto before = known_.find(name); before != known_.end())
    ends_.erase({before->second.until, name});
  else if (known_.size() >= k_max_known_names) {
    known_.erase(ends_.begin()->second);
    ends_.erase(ends_.begin());
  }
  known_.insert_or_assign(name, Known{facts, now + k_known_name_time});
  ends_.emplace(now + k_known_name_time, name);
}

void Claims::on_timer(MonoTime now) {
  while (!asked_.empty() && asked_.begin()->second.deadline <= now) {
    const QuestionId question = asked_.begin()->first;
    outputs_.emplace_back(DropQuestion{question});
    end(question, std::nullopt);
  }
}

Deadline Claims::next_wake() const {
  return asked_.empty() ? Deadline() : Deadline(asked_.begin()->second.deadline);
}

TableSizes Claims::sizes() const {
  return {{"requests of peers whose names are being asked for", waiting_, k_max_claims},
          {"names of peers' requests that have been asked for", known_.size(), k_max_known_names}};
}

}  // namespace ringway::sip::element

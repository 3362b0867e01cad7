#include "sip-usage/registrar/bindings.hpp"

#include <algorithm>

namespace ringway::sip::registrar {
namespace {

MonoTime soonest(const BindingList& bindings) {
  const auto sooner_one = [](const Binding& a, const Binding& b) { return a.expires_at < b.expires_at; };
  return std::min_element(bindings.begin(), bindings.end(), sooner_one)->expires_at;
}

}  // namespace

const BindingList& Bindings::of(const Aor& aor) const {
  static const BindingList k_none;
  const auto found = users_.find(aor);
  return found == users_.end() ? k_none : found->second;
}

bool Bindings::set(const Aor& aor, BindingList bindings) {
  const auto found = users_.find(aor);
  if (found == users_.end() && !bindings.empty() && users_.size() == k_max_accounts) return false;
  // Those that are new first, so that a flow in both is never without.
  for (const Binding& each : bindings)
    if (each.flow) {
      if (flows_.count(*each.flow) == 0) changed_flows_.try_emplace(*each.flow, false);
      ++flows_[*each.flow][aor];
    }
  if (found != users_.end()) {
    expiries_.erase({soonest(found->second), aor});
    forget_flows(aor, found->second);
    count_ -= found->second.size();
    users_.erase(found);
  }
  if (bindings.empty()) return true;
  expiries_.emplace(soonest(bindings), aor);
  count_ += bindings.size();
  users_.emplace(aor, std::move(bindings));
  return true;
}

void Bindings::forget_flows(const Aor& aor, const BindingList& bindings) {
  for (const Binding& each : bindings) {
    if (!each.flow) continue;
    const auto flow = flows_.find(*each.flow);
    const auto user = flow->second.find(aor);
    if (--user->second == 0) flow->second.erase(user);
    if (!flow->second.empty()) continue;
    changed_flows_.try_emplace(*each.flow, true);
    flows_.erase(flow);
  }
}

std::vector<Aor> Bindings::users_of(FlowId flow) const {
  std::vector<Aor> out;
  const auto found = flows_.find(flow);
  if (found == flows_.end()) return out;
  for (const auto& [aor, count] : found->second) out.push_back(aor);
  return out;
}

std::vector<Aor> Bindings::on_flow_failed(FlowId flow) {
  std::vector<Aor> out = users_of(flow);
  for (const Aor& aor : out) {
    BindingList left = of(aor);
    drop_flow(left, flow);
    set(aor, std::move(left));
  }
  return out;
}

std::vector<Aor> Bindings::on_timer(MonoTime now) {
  std::vector<Aor> out;
  while (!expiries_.empty() && expiries_.begin()->first <= now) {
    const Aor aor = expiries_.begin()->second;
    BindingList left = of(aor);
    drop_expired(left, now);
    set(aor, std::move(left));
    out.push_back(aor);
  }
  return out;
}

Deadline Bindings::next_wake() const { return expiries_.empty() ? Deadline() : expiries_.begin()->first; }

std::vector<Bindings::FlowChange> Bindings::take_flow_changes() {
  std::vector<FlowChange> out;
  for (const auto& [flow, was_used] : changed_flows_) {
    const bool is_used = flows_.count(flow) != 0;
    if (is_used != was_used) out.push_back({flow, is_used});
  }
  changed_flows_.clear();
  return out;
}

TableSizes Bindings::sizes() const {
  return {{"users with phones", users_.size(), k_max_accounts},
          {"bindings of phones", count_, k_max_accounts * k_max_bindings_of_user}};
}

}  // namespace ringway::sip::registrar

// The location table: where the phones of this peer's users are (RFC 3261 §10). What a REGISTER makes of it
// is contact_update.hpp's.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/registrar/binding.hpp"
#include "sip-usage/registrar/settings.hpp"

namespace ringway::sip::registrar {

class Bindings {
 public:
  const BindingList& of(const Aor& aor) const;
  // False, and nothing has changed, at the bound of users: no more than accounts are told of here.
  bool set(const Aor& aor, BindingList bindings);

  std::vector<Aor> users_of(FlowId flow) const;

  // Both say whose bindings have changed.
  std::vector<Aor> on_flow_failed(FlowId flow);
  std::vector<Aor> on_timer(MonoTime now);
  Deadline next_wake() const;

  // Flows on which a binding has begun or ceased to depend since the last time, each once.
  struct FlowChange {
    FlowId flow{};
    bool is_used = false;
  };
  std::vector<FlowChange> take_flow_changes();

  TableSizes sizes() const;

 private:
  void forget_flows(const Aor& aor, const BindingList& bindings);

  std::map<Aor, BindingList> users_;             // those who have any
  std::set<std::pair<MonoTime, Aor>> expiries_;  // of each user, the soonest
  std::map<FlowId, std::map<Aor, std::size_t>> flows_;
  std::map<FlowId, bool> changed_flows_;  // with how it was before
  std::size_t count_ = 0;
};

}  // namespace ringway::sip::registrar

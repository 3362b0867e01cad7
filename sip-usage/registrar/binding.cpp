#include "sip-usage/registrar/binding.hpp"

#include <algorithm>

namespace ringway::sip::registrar {

std::size_t Binding::size_bytes() const {
  std::size_t size = contact.print().size() + call_id.size();
  for (const NameAddr& each : path) size += each.print().size();
  return size;
}

void drop_flow(BindingList& bindings, FlowId flow) {
  std::erase_if(bindings, [&](const Binding& each) { return each.flow == flow && !each.has_true_address; });
  for (Binding& each : bindings) {
    if (each.flow != flow) continue;
    each.flow.reset();
    each.ends.reset();
  }
}

void drop_expired(BindingList& bindings, MonoTime now) {
  std::erase_if(bindings, [&](const Binding& each) { return each.expires_at <= now; });
}

std::vector<Target> targets_of(const BindingList& bindings) {
  std::vector<const Binding*> order;
  order.reserve(bindings.size());
  for (const Binding& each : bindings) order.push_back(&each);
  std::stable_sort(order.begin(), order.end(), [](const Binding* a, const Binding* b) {
    const unsigned qa = a->contact.q_thousandths(), qb = b->contact.q_thousandths();
    return qa != qb ? qa > qb : a->updated_at > b->updated_at;
  });
  std::vector<Target> out;
  for (const Binding* each : order)
    out.push_back({each->contact.uri, each->flow, each->ends, each->contact.q_thousandths(), each->instance,
                   each->reg_id, each->path, each->listens_at_contact});
  return out;
}

}  // namespace ringway::sip::registrar

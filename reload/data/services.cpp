#include "reload/data/services.hpp"

#include <algorithm>

#include "reload/wire/service_bodies.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_first_retry{2'000};
constexpr Duration k_longest_retry{30'000};

// Of a lifetime, when 90 % of it have passed (RFC 7374 §4.4).
Duration until_refresh(std::uint32_t lifetime_s) { return Duration{std::int64_t{lifetime_s} * 900}; }

bool is_not_found(const CallResult& result) {
  const auto* failure = std::get_if<CallFailure>(&result);
  return failure != nullptr && failure->error == CallError::not_found;
}

// Nothing at the tree node is an answer as well; what could not be read is none.
std::optional<CallFailure> failure_to_read(const CallResult& result) {
  const auto* failure = std::get_if<CallFailure>(&result);
  // Somebody may have put worthless records there: others are elsewhere in the tree.
  if (failure == nullptr || failure->error == CallError::data_loss || is_not_found(result))
    return std::nullopt;
  return *failure;
}

// Each one was signed by its provider, and belongs into the tree node (NODE-ID-MATCH).
std::vector<redir::Provider> providers_in(const CallResult& result) {
  std::vector<redir::Provider> providers;
  const auto* got = std::get_if<GetResult>(&result);
  if (got == nullptr) return providers;
  for (const Entry& entry : got->entries) {
    auto record = wire::decode<wire::RedirServiceProvider>(SharedBytes{entry.value});
    if (!record || entry.lifetime_s == 0) continue;
    if (record->destinations.empty()) record->destinations = {wire::to_node(entry.writer_node)};
    providers.push_back({entry.writer_node, std::move(record->destinations)});
  }
  return providers;
}

GetCall get_of(const std::string& service, const redir::TreeNode& node) {
  GetCall get;
  get.kind = config::k_redir;
  get.key = redir::resource_name_of(service, node);
  return get;
}

}  // namespace

std::optional<CallFailure> Services::refusal(const std::string& service) const {
  if (service.empty() || service.size() > k_max_service_name_bytes)
    return CallFailure{CallError::invalid_argument,
                       "the service's name has 1 to " + std::to_string(k_max_service_name_bytes) + " bytes",
                       0};
  if (data_.configuration->kinds.find(config::k_redir) == nullptr)
    return CallFailure{CallError::failed_precondition,
                       "this overlay has no services: its document does not define REDIR", 0};
  return std::nullopt;
}

bool Services::waits_too_many(const std::string& service) const {
  const auto found = registrations_.find(service);
  return found != registrations_.end() &&
         found->second.waiting.size() + found->second.removing_for.size() >= k_max_service_waiters;
}

redir::Tree Services::tree() const {
  const auto* kind = data_.configuration->kinds.find(config::k_redir);
  return redir::Tree(kind == nullptr ? redir::k_default_branching_factor : kind->branching_factor);
}

void Services::call(const Now& now, Call one, StorageOutputs& out) {
  Calls calls;
  calls.token = ++last_call_;
  calls.calls.push_back(std::move(one));
  client_.calls(now, std::move(calls), out);
}

void Services::answer(std::uint64_t token, decltype(ServiceDone::result) result, StorageOutputs& out) {
  if (token == k_nobody_waits) return;
  if (token >= k_first_own_number) {
    own_.push_back({token, std::move(result)});
  } else {
    out.emplace_back(ServiceDone{token, std::move(result)});
  }
}

// ---- registering ------------------------------------------------------------------------------------------

void Services::register_service(const Now& now, RegisterService order, StorageOutputs& out) {
  auto refused = refusal(order.service);
  if (!refused &&
      (order.lifetime_s < k_least_service_lifetime_s || order.lifetime_s > k_most_service_lifetime_s))
    refused = CallFailure{CallError::invalid_argument,
                          "a service's lifetime is from " + std::to_string(k_least_service_lifetime_s) +
                              " to " + std::to_string(k_most_service_lifetime_s) + " seconds",
                          0};
  if (!refused && !registrations_.contains(order.service) && registrations_.size() >= k_max_services)
    refused = CallFailure{CallError::resource_exhausted,
                          "this peer provides as many services as it can: unregister one", 0};
  if (!refused && waits_too_many(order.service))
    refused = CallFailure{CallError::resource_exhausted, "too many wait for this service: try again", 0};
  if (refused) return answer(order.token, std::move(*refused), out);
  Registration& mine = registrations_[order.service];
  mine.lifetime_s = order.lifetime_s;
  mine.waiting.push_back(order.token);
  // A removal under way is over for those who have asked for it; what it has not removed is stored again.
  mine.removing = false;
  for (const std::uint64_t token : std::exchange(mine.removing_for, {}))
    answer(token, ServiceChanged{mine.places.size()}, out);
  if (mine.call == 0) start_walk(now, order.service, mine, out);
}

// Each time the whole of it (RFC 7374 §4.4).
void Services::start_walk(const Now& now, const std::string& service, Registration& mine,
                          StorageOutputs& out) {
  mine.due.reset();
  mine.began = now.mono;
  mine.walk.emplace(tree(), data_.signer->node_id(), mine.last_level.value_or(redir::k_usual_start_level));
  step(now, service, mine, out);
}

void Services::step(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out) {
  const auto todo = mine.walk->step();
  if (!todo) return walked(now, mine, out);
  Call one = get_of(service, todo->node);
  if (todo->what == redir::RegistrationWalk::Step::What::store) {
    wire::RedirServiceProvider record;
    record.destinations = {wire::to_node(data_.signer->node_id())};
    record.service = copy_of(view_of(service));
    record.level = todo->node.level;
    record.node = todo->node.number;
    PutCall put;
    put.kind = config::k_redir;
    put.key = redir::resource_name_of(service, todo->node);
    put.value = wire::encode(record);
    put.lifetime_s = mine.lifetime_s;
    mine.places[todo->node] = now.mono + Duration{std::int64_t{mine.lifetime_s} * 1000};
    one = std::move(put);
  }
  mine.call = last_call_ + 1;
  calls_of_registrations_[mine.call] = service;
  call(now, std::move(one), out);
}

void Services::stepped(const Now& now, const std::string& service, Registration& mine,
                       const CallResult& result, StorageOutputs& out) {
  mine.call = 0;
  if (mine.removing) return remove_next(now, service, mine, out);
  if (!mine.walk) return start_walk(now, service, mine, out);  // registered again while it was removed
  const auto todo = mine.walk->step();
  if (todo->what == redir::RegistrationWalk::Step::What::fetch) {
    if (const auto failure = failure_to_read(result)) return walk_failed(now, service, mine, *failure, out);
    std::vector<NodeId> there;
    for (const redir::Provider& provider : providers_in(result)) there.push_back(provider.node);
    mine.walk->fetched(there);
  } else {
    if (const auto* failure = std::get_if<CallFailure>(&result))
      return walk_failed(now, service, mine, *failure, out);
    mine.walk->stored();
  }
  step(now, service, mine, out);
}

void Services::walked(const Now& now, Registration& mine, StorageOutputs& out) {
  mine.last_level = mine.walk->last_level();
  mine.walk.reset();
  mine.registered = true;
  mine.failures = 0;
  mine.due = std::max(now.mono, mine.began + until_refresh(mine.lifetime_s));
  std::erase_if(mine.places, [&](const auto& place) { return place.second <= now.mono; });
  ++data_.statistics.service_registrations;
  for (const std::uint64_t token : std::exchange(mine.waiting, {}))
    answer(token, ServiceChanged{mine.places.size()}, out);
}

// Who waits for the first one is told, and nothing is kept up; later the overlay may heal.
void Services::walk_failed(const Now& now, const std::string& service, Registration& mine,
                           const CallFailure& why, StorageOutputs& out) {
  mine.walk.reset();
  for (const std::uint64_t token : std::exchange(mine.waiting, {})) {
    if (token == k_nobody_waits) mine.registered = true;  // is wanted in any case
    answer(token, why, out);
  }
  if (!mine.registered) {
    mine.removing = true;
    return remove_next(now, service, mine, out);
  }
  const Duration delay = std::min(k_longest_retry, k_first_retry * (1U << std::min(mine.failures++, 8U)));
  mine.due = now.mono + delay;
}

// ---- removing (RFC 7374 §4.6) -----------------------------------------------------------------------------

void Services::unregister(const Now& now, UnregisterService order, StorageOutputs& out) {
  const auto found = registrations_.find(order.service);
  if (found == registrations_.end())
    return answer(order.token, CallFailure{CallError::not_found, "this peer does not provide the service", 0},
                  out);
  if (waits_too_many(order.service))
    return answer(order.token,
                  CallFailure{CallError::resource_exhausted, "too many wait for this service: try again", 0},
                  out);
  Registration& mine = found->second;
  mine.removing_for.push_back(order.token);
  const bool under_way = std::exchange(mine.removing, true);
  mine.due.reset();
  mine.walk.reset();
  for (const std::uint64_t token : std::exchange(mine.waiting, {}))
    answer(token, CallFailure{CallError::aborted, "the service was unregistered meanwhile", 0}, out);
  if (!under_way && mine.call == 0) remove_next(now, found->first, mine, out);
}

void Services::withdraw_all(const Now& now, StorageOutputs& out) {
  std::vector<std::string> all;
  for (const auto& [service, mine] : registrations_) all.push_back(service);
  for (std::string& service : all) unregister(now, {k_nobody_waits, std::move(service)}, out);
}

// One after the other: a removal that fails leaves a record that ends by itself.
void Services::remove_next(const Now& now, const std::string& service, Registration& mine,
                           StorageOutputs& out) {
  std::erase_if(mine.places, [&](const auto& place) { return place.second <= now.mono; });
  if (!mine.places.empty()) {
    RemoveCall remove;
    remove.kind = config::k_redir;
    remove.key = redir::resource_name_of(service, mine.places.begin()->first);
    mine.places.erase(mine.places.begin());
    mine.call = last_call_ + 1;
    calls_of_registrations_[mine.call] = service;
    call(now, std::move(remove), out);
    return;
  }
  const auto waiting = std::exchange(mine.removing_for, {});
  registrations_.erase(std::string(service));
  for (const std::uint64_t token : waiting) answer(token, ServiceChanged{}, out);
}

// ---- looking up -------------------------------------------------------------------------------------------

void Services::find(const Now& now, FindService order, StorageOutputs& out) {
  auto refused = refusal(order.service);
  if (!refused && searches_.size() >= k_max_service_lookups)
    refused = CallFailure{CallError::resource_exhausted, "too many lookups are under way here: try again", 0};
  if (refused) return answer(order.token, std::move(*refused), out);
  const NodeId key = order.key.value_or(data_.signer->node_id());
  const std::uint64_t number = ++last_search_;
  searches_.emplace(number, Search{order.token, std::move(order.service),
                                   redir::Lookup(tree(), key, start_levels_.start(), order.random)});
  ++data_.statistics.service_lookups;
  search_on(now, number, out);
}

void Services::search_on(const Now& now, std::uint64_t number, StorageOutputs& out) {
  Search& search = searches_.at(number);
  if (const auto node = search.lookup.fetches()) {
    calls_of_searches_[last_call_ + 1] = number;
    call(now, get_of(search.service, *node), out);
    return;
  }
  const Search over = std::move(search);
  searches_.erase(number);
  start_levels_.ended_at(over.lookup.level());
  if (over.lookup.found().empty())
    return answer(over.token, CallFailure{CallError::not_found, "nobody provides the service", 0}, out);
  answer(over.token, ServiceFound{over.lookup.found(), over.lookup.fetches_made()}, out);
}

void Services::searched(const Now& now, std::uint64_t number, const CallResult& result, StorageOutputs& out) {
  Search& search = searches_.at(number);
  if (const auto failure = failure_to_read(result)) {
    const std::uint64_t token = search.token;
    searches_.erase(number);
    return answer(token, *failure, out);
  }
  search.lookup.fetched(providers_in(result));
  search_on(now, number, out);
}

// ---- both -------------------------------------------------------------------------------------------------

void Services::call_done(const Now& now, CallsDone done, StorageOutputs& out) {
  if (const auto search = calls_of_searches_.extract(done.token))
    return searched(now, search.mapped(), done.results.front(), out);
  const auto of = calls_of_registrations_.extract(done.token);
  if (!of) return;
  const auto mine = registrations_.find(of.mapped());
  if (mine != registrations_.end() && mine->second.call == done.token)
    stepped(now, mine->first, mine->second, done.results.front(), out);
}

void Services::on_timer(const Now& now, StorageOutputs& out) {
  std::vector<std::string> due;
  for (const auto& [service, mine] : registrations_)
    if (mine.due && *mine.due <= now.mono) due.push_back(service);
  for (const std::string& service : due) start_walk(now, service, registrations_.at(service), out);
}

std::optional<MonoTime> Services::next_deadline() const {
  std::optional<MonoTime> next;
  for (const auto& [service, mine] : registrations_)
    if (mine.due && (!next || *mine.due < *next)) next = mine.due;
  return next;
}

std::size_t Services::registered() const {
  return static_cast<std::size_t>(std::count_if(registrations_.begin(), registrations_.end(),
                                                [](const auto& one) { return one.second.registered; }));
}

TableSizes Services::tables() const {
  return {{"services provided", registrations_.size(), k_max_services},
          {"lookups of services", searches_.size(), k_max_service_lookups}};
}

}  // namespace ringway::data

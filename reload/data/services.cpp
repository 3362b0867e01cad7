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

// Tree nodes in a row for which nobody answers: then it is the overlay that cannot be reached.
constexpr unsigned k_most_silent_in_a_row = 2;
// Of a removal that somebody waits for; then it goes on by itself until the records have ended.
constexpr unsigned k_removal_tries = 3;

// Nobody has answered for the tree node, or it has too many providers to be read. That is about this one:
// what is wrong with the others as well is told at once.
bool is_silent(const CallFailure& why) {
  return why.error == CallError::unavailable || why.error == CallError::deadline_exceeded;
}
bool is_of_this_node(const CallFailure& why) {
  return is_silent(why) || why.error == CallError::resource_exhausted;
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

std::optional<CallFailure> Services::refusal(const RegisterService& order) const {
  if (auto refused = refusal(order.service)) return refused;
  if (withdrawing_)
    return CallFailure{CallError::failed_precondition, "this peer leaves the overlay: register at another",
                       0};
  if (order.lifetime_s < k_least_service_lifetime_s || order.lifetime_s > k_most_service_lifetime_s)
    return CallFailure{CallError::invalid_argument,
                       "a service's lifetime is from " + std::to_string(k_least_service_lifetime_s) + " to " +
                           std::to_string(k_most_service_lifetime_s) + " seconds",
                       0};
  if (order.token == k_nobody_waits) return std::nullopt;
  if (!registrations_.contains(order.service) && registrations_.size() >= k_max_services)
    return CallFailure{CallError::resource_exhausted,
                       "this peer provides as many services as it can: unregister one", 0};
  if (waits_too_many(order.service))
    return CallFailure{CallError::resource_exhausted, "too many wait for this service: try again", 0};
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

void Services::call(const Now& now, std::vector<Call> calls, StorageOutputs& out) {
  client_.calls(now, {++last_call_, std::move(calls)}, out);
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
  if (auto refused = refusal(order)) return answer(order.token, std::move(*refused), out);
  Registration& mine = registrations_[order.service];
  // The relay has no wish of its own about how long.
  if (order.token != k_nobody_waits || !mine.for_applications) mine.lifetime_s = order.lifetime_s;
  (order.token == k_nobody_waits ? mine.for_relay : mine.for_applications) = true;
  if (order.token != k_nobody_waits) mine.waiting.push_back(order.token);
  mine.removing = false;
  for (const std::uint64_t token : std::exchange(mine.removing_for, {}))
    answer(token, CallFailure{CallError::aborted, "the service was registered again meanwhile", 0}, out);
  // What the walk has stored has its lifetime.
  if (mine.walk && mine.walk->lifetime_s != mine.lifetime_s) stop_walk(now, mine, out);
  if (!mine.walk && mine.call == 0) start_walk(now, order.service, mine, out);
}

// Each time the whole of it (RFC 7374 §4.4).
void Services::start_walk(const Now& now, const std::string& service, Registration& mine,
                          StorageOutputs& out) {
  mine.due.reset();
  const unsigned level = mine.last_level.value_or(redir::k_usual_start_level);
  mine.walk = Walk{redir::RegistrationWalk(tree(), data_.signer->node_id(), level),
                   mine.lifetime_s,
                   now.mono,
                   0,
                   0,
                   std::nullopt};
  step(now, service, mine, out);
}

void Services::stop_walk(const Now& now, Registration& mine, StorageOutputs& out) {
  if (mine.call != 0) {
    calls_of_registrations_.erase(mine.call);
    client_.cancel(now, {std::exchange(mine.call, 0)}, out);
  }
  mine.walk.reset();
}

void Services::step(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out) {
  const auto todo = mine.walk->steps.step();
  if (!todo) return walked(now, service, mine, out);
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
    put.lifetime_s = mine.walk->lifetime_s;
    const MonoTime until = now.mono + Duration{std::int64_t{put.lifetime_s} * 1000};
    // An earlier record may be the one that stays.
    MonoTime& kept = mine.places[todo->node];
    kept = std::max(kept, until);
    one = std::move(put);
  }
  mine.call = last_call_ + 1;
  calls_of_registrations_[mine.call] = service;
  call(now, {std::move(one)}, out);
}

void Services::stepped(const Now& now, const std::string& service, Registration& mine,
                       const CallResult& result, StorageOutputs& out) {
  Walk& walk = *mine.walk;
  const bool is_fetch = walk.steps.step()->what == redir::RegistrationWalk::Step::What::fetch;
  const auto* refused = std::get_if<CallFailure>(&result);
  const auto failure = is_fetch             ? failure_to_read(result)
                       : refused != nullptr ? std::optional<CallFailure>(*refused)
                                            : std::nullopt;
  walk.silent_in_a_row = failure && is_silent(*failure) ? walk.silent_in_a_row + 1 : 0;
  if (failure) {
    if (!is_of_this_node(*failure) || walk.silent_in_a_row >= k_most_silent_in_a_row)
      return walk_failed(now, service, mine, *failure, out);
    walk.skipped = failure;
    is_fetch ? walk.steps.unreadable() : walk.steps.stored();
  } else if (is_fetch) {
    std::vector<NodeId> there;
    for (const redir::Provider& provider : providers_in(result)) there.push_back(provider.node);
    walk.steps.fetched(there);
  } else {
    ++walk.stored;
    walk.steps.stored();
  }
  step(now, service, mine, out);
}

void Services::walked(const Now& now, const std::string& service, Registration& mine, StorageOutputs& out) {
  if (mine.walk->stored == 0 && mine.walk->skipped)
    return walk_failed(now, service, mine, CallFailure(*mine.walk->skipped), out);
  const Walk walk = std::move(*mine.walk);
  mine.walk.reset();
  mine.last_level = walk.steps.last_level();
  mine.registered = true;
  std::erase_if(mine.places, [&](const auto& place) { return place.second <= now.mono; });
  if (walk.skipped) {
    try_again_later(now, mine);
  } else {
    mine.failures = 0;
    mine.due = std::max(now.mono, walk.began + until_refresh(walk.lifetime_s));
    ++data_.statistics.service_registrations;
  }
  for (const std::uint64_t token : std::exchange(mine.waiting, {}))
    answer(token, ServiceChanged{walk.stored}, out);
}

// Who waits for the first one is told, and nothing is kept up for applications; later the overlay may heal.
void Services::walk_failed(const Now& now, const std::string& service, Registration& mine,
                           const CallFailure& why, StorageOutputs& out) {
  mine.walk.reset();
  for (const std::uint64_t token : std::exchange(mine.waiting, {})) answer(token, why, out);
  if (mine.registered || mine.for_relay) return try_again_later(now, mine);
  begin_removal(now, service, mine, out);
}

void Services::try_again_later(const Now& now, Registration& mine) {
  mine.due = now.mono + std::min(k_longest_retry, k_first_retry * (1U << std::min(mine.failures++, 8U)));
}

// ---- removing (RFC 7374 §4.6) -----------------------------------------------------------------------------

void Services::unregister(const Now& now, UnregisterService order, StorageOutputs& out) {
  const auto found = registrations_.find(order.service);
  const bool is_relay = order.token == k_nobody_waits;
  // Who still waits for its removal to be told may be asked by another.
  const bool is_wanted =
      found != registrations_.end() &&
      (is_relay ? found->second.for_relay : found->second.for_applications || found->second.removing);
  if (!is_wanted)
    return answer(order.token, CallFailure{CallError::not_found, "this peer does not provide the service", 0},
                  out);
  if (!is_relay && waits_too_many(order.service))
    return answer(order.token,
                  CallFailure{CallError::resource_exhausted, "too many wait for this service: try again", 0},
                  out);
  Registration& mine = found->second;
  (is_relay ? mine.for_relay : mine.for_applications) = false;
  if (mine.for_relay || mine.for_applications)
    return answer(order.token, ServiceChanged{mine.places.size()}, out);
  if (!is_relay) mine.removing_for.push_back(order.token);
  begin_removal(now, found->first, mine, out);
}

void Services::withdraw_all(const Now& now, StorageOutputs& out) {
  withdrawing_ = true;
  std::vector<std::string> all;
  for (const auto& [service, mine] : registrations_) all.push_back(service);
  for (const std::string& service : all) {
    Registration& mine = registrations_.at(service);
    mine.for_relay = mine.for_applications = false;
    begin_removal(now, service, mine, out);
  }
}

void Services::begin_removal(const Now& now, const std::string& service, Registration& mine,
                             StorageOutputs& out) {
  for (const std::uint64_t token : std::exchange(mine.waiting, {}))
    answer(token, CallFailure{CallError::aborted, "the service was unregistered meanwhile", 0}, out);
  if (mine.walk) stop_walk(now, mine, out);
  mine.removing = true;
  mine.failures = 0;
  if (mine.call == 0) remove_all(now, service, mine, out);
}

// All at once: who leaves has little time. A place is forgotten when its record has gone.
void Services::remove_all(const Now& now, const std::string& service, Registration& mine,
                          StorageOutputs& out) {
  mine.due.reset();
  std::erase_if(mine.places, [&](const auto& place) { return place.second <= now.mono; });
  if (mine.places.empty()) {
    const auto waiting = std::exchange(mine.removing_for, {});
    registrations_.erase(std::string(service));
    for (const std::uint64_t token : waiting) answer(token, ServiceChanged{}, out);
    return;
  }
  std::vector<Call> removals;
  mine.being_removed.clear();
  for (const auto& [node, until] : mine.places) {
    RemoveCall remove;
    remove.kind = config::k_redir;
    remove.key = redir::resource_name_of(service, node);
    removals.emplace_back(std::move(remove));
    mine.being_removed.push_back(node);
  }
  mine.call = last_call_ + 1;
  calls_of_registrations_[mine.call] = service;
  call(now, std::move(removals), out);
}

void Services::removed(const Now& now, const std::string& service, Registration& mine,
                       const std::vector<CallResult>& results, StorageOutputs& out) {
  for (std::size_t i = 0; i < mine.being_removed.size() && i < results.size(); ++i)
    if (!std::holds_alternative<CallFailure>(results[i]) || is_not_found(results[i]))
      mine.places.erase(mine.being_removed[i]);
  mine.being_removed.clear();
  if (!mine.removing) return start_walk(now, service, mine, out);  // registered again meanwhile
  if (mine.places.empty()) return remove_all(now, service, mine, out);
  try_again_later(now, mine);
  if (mine.failures < k_removal_tries) return;
  for (const std::uint64_t token : std::exchange(mine.removing_for, {}))
    answer(token,
           CallFailure{
               CallError::unavailable,
               std::to_string(mine.places.size()) +
                   " records of the service could not be removed: this peer goes on trying until they end",
               0},
           out);
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
    call(now, {get_of(search.service, *node)}, out);
    return;
  }
  const Search over = std::move(search);
  searches_.erase(number);
  if (over.lookup.found().empty())
    return answer(over.token,
                  over.skipped.value_or(CallFailure{CallError::not_found, "nobody provides the service", 0}),
                  out);
  if (!over.skipped) start_levels_.ended_at(over.lookup.level());
  answer(over.token, ServiceFound{over.lookup.found(), over.lookup.fetches_made()}, out);
}

void Services::searched(const Now& now, std::uint64_t number, const CallResult& result, StorageOutputs& out) {
  Search& search = searches_.at(number);
  const auto failure = failure_to_read(result);
  if (failure && !is_of_this_node(*failure)) {
    const std::uint64_t token = search.token;
    searches_.erase(number);
    return answer(token, *failure, out);
  }
  search.silent_in_a_row = failure && is_silent(*failure) ? search.silent_in_a_row + 1 : 0;
  if (failure) search.skipped = failure;
  if (search.silent_in_a_row >= k_most_silent_in_a_row) {
    search.lookup.give_up();
  } else if (failure) {
    search.lookup.unreadable();
  } else {
    search.lookup.fetched(providers_in(result));
  }
  search_on(now, number, out);
}

// ---- both -------------------------------------------------------------------------------------------------

void Services::call_done(const Now& now, CallsDone done, StorageOutputs& out) {
  if (const auto search = calls_of_searches_.extract(done.token))
    return searched(now, search.mapped(), done.results.front(), out);
  const auto of = calls_of_registrations_.extract(done.token);
  if (!of) return;
  const auto mine = registrations_.find(of.mapped());
  if (mine == registrations_.end() || mine->second.call != done.token) return;
  mine->second.call = 0;
  if (mine->second.walk) return stepped(now, mine->first, mine->second, done.results.front(), out);
  removed(now, mine->first, mine->second, done.results, out);
}

void Services::on_timer(const Now& now, StorageOutputs& out) {
  std::vector<std::string> due;
  for (const auto& [service, mine] : registrations_)
    if (mine.due && *mine.due <= now.mono) due.push_back(service);
  for (const std::string& service : due) {
    Registration& mine = registrations_.at(service);
    mine.removing ? remove_all(now, service, mine, out) : start_walk(now, service, mine, out);
  }
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

#include "sip-usage/proxy/proxy.hpp"

#include <variant>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/proxy/forwarding.hpp"

namespace ringway::sip::proxy {
namespace {

bool is_other(const Source& source) { return source.side != Side::phone; }

std::string source_key(const Source& source) {
  if (is_other(source) && !source.sender.empty()) return "from " + source.sender;
  return source.flow.here.transport + ' ' + source.flow.here.host + ' ' +
         std::to_string(source.flow.here.port.value_or(0)) + ' ' + source.flow.remote;
}

template <typename Id>
std::optional<ServerId> find_in(const std::unordered_map<Id, ServerId>& map, Id id) {
  const auto found = map.find(id);
  return found == map.end() ? std::nullopt : std::optional<ServerId>(found->second);
}

}  // namespace

Proxy::Proxy(Settings settings, std::shared_ptr<Random> random)
    : shared_(std::move(settings), std::move(random)) {}

// ---- requests

// §16.3, steps 2 to 5 (the parser has done the first, the registrar does the last).
std::optional<Message> Proxy::refuse(const Message& request) {
  Abilities abilities;
  abilities.extensions.assign(shared_.settings.extensions.begin(), shared_.settings.extensions.end());
  if (auto refusal = refuse_early(request, abilities, shared_.new_tag())) return refusal;
  if (shared_.branches.is_looping(request)) {
    ++shared_.counters.loops;
    return make_response(request, 482, shared_.new_tag());
  }
  if (incoming_max_breadth(request) == 0) {  // RFC 5393 §5.3.3
    ++shared_.counters.too_narrow;
    return make_response(request, 440, shared_.new_tag());
  }
  return std::nullopt;
}

void Proxy::on_request(MonoTime now, ServerId server, Message request, const Source& source) {
  ++shared_.counters.requests;
  if (auto refusal = refuse(request)) {
    shared_.outputs.push_back(Respond{server, std::move(*refusal)});
    return;
  }
  auto asked = shared_.branches.asked_for(request);
  auto routed = route(std::move(request), source, shared_.settings, shared_.tokens, shared_.dialogs);
  if (const auto* refused = std::get_if<Refuse>(&routed.next)) {
    if (refused->status == 403) ++shared_.counters.not_allowed;
    respond(server, routed.request, refused->status);
  } else if (std::holds_alternative<ServeHere>(routed.next)) {
    shared_.outputs.push_back(PassToPeer{server, std::move(routed.request), source});
  } else if (has_room(server, routed.request, source)) {
    begin(now, server, std::move(routed), std::move(asked), source);
  }
}

bool Proxy::is_full_for(Side side) const {
  if (contexts_.size() >= k_max_contexts) return true;
  if (side != Side::phone && counts_.others >= k_max_contexts_of_others) return true;
  return side == Side::outside && counts_.strangers >= k_max_contexts_of_strangers;
}

bool Proxy::has_room(ServerId server, const Message& request, const Source& source) {
  const auto of_source = count_of_source_.find(source_key(source));
  const bool is_full = is_full_for(source.side);
  const std::size_t share = is_other(source) ? k_max_contexts_of_other : k_max_contexts_of_phone;
  if (!is_full && (of_source == count_of_source_.end() || of_source->second < share)) return true;
  ++(is_full ? shared_.counters.no_room : shared_.counters.no_room_for_source);
  auto response = make_response(request, 503, shared_.new_tag());
  response.set_field("Retry-After", std::to_string(k_retry_after_s));
  shared_.outputs.push_back(Respond{server, std::move(response)});
  return false;
}

void Proxy::begin(MonoTime now, ServerId server, Routed routed, std::string asked, const Source& source) {
  Entry entry;
  entry.context =
      std::make_unique<ResponseContext>(shared_, server, std::move(routed.request), std::move(asked), source);
  entry.source = source_key(source);
  entry.side = source.side;
  ++count_of_source_[entry.source];
  if (entry.side != Side::phone) ++counts_.others;
  if (entry.side == Side::outside) ++counts_.strangers;
  contexts_.emplace(server, std::move(entry));
  with(server, [&](ResponseContext& context) {
    if (auto* hop = std::get_if<OneHop>(&routed.next))
      context.begin(now, std::move(*hop));
    else
      context.begin(now, std::get<Locate>(routed.next).is_responsible);
  });
}

void Proxy::respond(ServerId server, const Message& request, unsigned status) {
  shared_.outputs.push_back(Respond{server, make_response(request, status, shared_.new_tag())});
}

// ---- ACK and CANCEL

void Proxy::on_cancel(MonoTime now, ServerId cancel, std::optional<ServerId> invite, Message request,
                      const Source& source) {
  if (invite && contexts_.count(*invite) != 0) {
    respond(cancel, request, 200);  // §16.10, at once
    with(*invite, [&](ResponseContext& context) { context.cancel(now); });
    return;
  }
  const Message received = request;
  auto routed = route(std::move(request), source, shared_.settings, shared_.tokens, shared_.dialogs);
  const auto* hop = std::get_if<OneHop>(&routed.next);
  // Where only the location service knows the way, the INVITE has had a context: it is over (§9.2).
  if (hop == nullptr || received.max_forwards == std::uint8_t{0}) {
    respond(cancel, received, 481);
    return;
  }
  forward_stateless(received, std::move(routed.request), hop->hop, source);  // §16.10
  shared_.outputs.push_back(EndServer{cancel});
}

void Proxy::on_ack(Message request, const Source& source) {
  const Message received = request;
  const bool may_go = received.max_forwards != std::uint8_t{0} && !shared_.branches.is_looping(received);
  auto routed = route(std::move(request), source, shared_.settings, shared_.tokens, shared_.dialogs);
  const auto* hop = std::get_if<OneHop>(&routed.next);
  const auto* locate = std::get_if<Locate>(&routed.next);
  // A GRUU of this overlay as the remote target leads to one device, whoever has to find it; the URI of a
  // user would be no remote target at all.
  const bool is_gruu = locate != nullptr && routed.request.request_uri().parameters.has("gr");
  if (!may_go || (hop == nullptr && !is_gruu)) {
    ++shared_.counters.stateless_dropped;  // an ACK has no answer (§8.1.1.7)
    return;
  }
  const Hop next = hop != nullptr ? hop->hop : Hop{UriHop{routed.request.request_uri()}};
  forward_stateless(received, std::move(routed.request), next, source);
}

void Proxy::forward_stateless(const Message& received, Message routed, const Hop& hop, const Source& source) {
  Target target;
  target.uri = routed.request_uri();
  target.hop = hop;
  Forwarding forwarding{shared_.branches.make_stateless(received), incoming_max_breadth(received)};
  shared_.outputs.push_back(SendStateless{
      hop, forwarded(routed, target, source, shared_.settings, shared_.tokens, std::move(forwarding))});
}

// ---- what happens to requests under way

template <typename Step>
void Proxy::with(ServerId server, Step step) {
  const auto found = contexts_.find(server);
  if (found == contexts_.end()) return;
  step(*found->second.context);
  if (found->second.context->is_done())
    forget(server);
  else
    schedule(server, found->second);
}

void Proxy::schedule(ServerId server, Entry& entry) {
  const auto wake = entry.context->next_wake();
  if (entry.wake) wakes_.erase({*entry.wake, server});
  if (wake) wakes_.emplace(*wake, server);
  entry.wake = wake;
}

void Proxy::forget(ServerId server) {
  const auto found = contexts_.find(server);
  if (found->second.wake) wakes_.erase({*found->second.wake, server});
  const auto count = count_of_source_.find(found->second.source);
  if (--count->second == 0) count_of_source_.erase(count);
  if (found->second.side != Side::phone) --counts_.others;
  if (found->second.side == Side::outside) --counts_.strangers;
  contexts_.erase(found);
}

void Proxy::on_server_ended(MonoTime now, ServerId server) {
  with(server, [&](ResponseContext& context) { context.on_server_ended(now); });
}

std::optional<Message> Proxy::give_up(ServerId server) {
  std::optional<Message> best;
  with(server, [&](ResponseContext& context) { best = context.give_up(); });
  return best;
}

void Proxy::on_found(MonoTime now, FindId find, Found found) {
  if (const auto server = find_in(shared_.server_of_find, find))
    with(*server, [&](ResponseContext& context) { context.on_found(now, find, std::move(found)); });
}

void Proxy::on_not_found(MonoTime now, FindId find, unsigned status) {
  if (const auto server = find_in(shared_.server_of_find, find))
    with(*server, [&](ResponseContext& context) { context.on_not_found(now, find, status); });
}

void Proxy::on_response(MonoTime now, BranchId branch, Message response, std::optional<NetworkFlow> peer) {
  if (const auto server = find_in(shared_.server_of_branch, branch))
    with(*server, [&](ResponseContext& context) {
      context.on_response(now, branch, std::move(response), std::move(peer));
    });
}

void Proxy::on_failure(MonoTime now, BranchId branch, BranchFailure failure) {
  if (const auto server = find_in(shared_.server_of_branch, branch))
    with(*server, [&](ResponseContext& context) { context.on_failure(now, branch, failure); });
}

void Proxy::on_branch_ended(MonoTime now, BranchId branch) {
  if (const auto server = find_in(shared_.server_of_branch, branch))
    with(*server, [&](ResponseContext& context) { context.on_branch_ended(now, branch); });
}

void Proxy::add_alternatives(BranchId branch, std::vector<Hop> servers) {
  if (const auto server = find_in(shared_.server_of_branch, branch))
    with(*server, [&](ResponseContext& context) { context.add_alternatives(branch, std::move(servers)); });
}

std::vector<Output> Proxy::take_outputs() {
  for (auto& hold : shared_.dialogs.take_holds()) shared_.outputs.emplace_back(std::move(hold));
  return std::exchange(shared_.outputs, {});
}

// ---- time

void Proxy::on_timer(MonoTime now) {
  shared_.dialogs.on_timer(now);
  while (!wakes_.empty() && wakes_.begin()->first <= now)
    with(wakes_.begin()->second, [&](ResponseContext& context) { context.on_timer(now); });
}

Deadline Proxy::next_wake() const {
  const Deadline of_requests = wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first);
  return sooner(of_requests, shared_.dialogs.next_wake());
}

}  // namespace ringway::sip::proxy

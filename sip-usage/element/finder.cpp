#include "sip-usage/element/finder.hpp"

#include <algorithm>

#include "sip-usage/element/gateway.hpp"
#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::element {
namespace {

// RFC 3261 §19.1.2.
std::uint16_t port_of(const Uri& uri, std::string_view transport) {
  return uri.port.value_or(transport == "TLS" ? 5061 : 5060);
}

unsigned status_of(ResolutionError error) {
  switch (error) {
    case ResolutionError::bad_address:
    case ResolutionError::not_registered:
      return 404;
    case ResolutionError::domain_excluded:
      return 403;
    case ResolutionError::not_reachable:
      return 504;
    case ResolutionError::forwards_forever:
      break;
  }
  return 480;
}

std::string transport_of(const Uri& uri) {
  if (uri.scheme == "sips") return "TLS";
  const auto transport = uri.parameters.value("transport");
  if (same_ignoring_case(transport, "tcp")) return "TCP";
  return same_ignoring_case(transport, "tls") ? "TLS" : "UDP";
}

// Whatever name the driver has for that flow by now.
proxy::NetworkFlow way_between(const registrar::DatagramEnds& ends) {
  return {0, {"UDP", ends.local_address, ends.local_port}, way_to({ends.remote_address, ends.remote_port})};
}

// As the device shall see it: the address at which it is registered.
Uri uri_of(const Aor& aor, const Uri& asked) {
  auto uri = Uri::parse((asked.scheme == "sips" ? "sips:" : "sip:") + escaped(aor));
  return uri ? std::move(*uri) : asked;
}

// RFC 7904 §5.1: as the callee prefers, but what is to be secured all the way stays so (RFC 3261 §26.2.2).
// Nothing: the device takes no such call.
std::optional<std::string_view> scheme_for(SchemePreference preference, bool is_sips) {
  switch (preference) {
    case SchemePreference::neither:
      return std::nullopt;
    case SchemePreference::sip:
      return is_sips ? std::nullopt : std::optional<std::string_view>("sip");
    case SchemePreference::sips:
      return "sips";
    case SchemePreference::either:
      break;
  }
  return is_sips ? "sips" : "sip";
}

}  // namespace

proxy::ServerHop hop_to(const DnsTarget& server, std::string_view domain) {
  switch (server.transport) {
    case ServerTransport::tcp:
      return {"TCP", server.host, server.port};
    case ServerTransport::tls:
      return {"TLS", server.host, server.port, std::string(domain)};
    case ServerTransport::udp:
      break;
  }
  return {"UDP", server.host, server.port};
}

void Finder::begin(MonoTime now, const proxy::FindTargets& find) {
  const auto here = registrar_.find(now, find.uri);
  const bool is_own_caller = find.source.side == proxy::Side::phone || find.redirected_by.has_value();
  if (searches_.size() >= k_max_finds) {
    answers_.push_back({find.find, 480U});
    return;
  }
  Search search;
  search.uri = find.uri;
  search.is_known = here.is_known;
  search.local = phones_of(here, find.uri);
  // A GRUU of this peer means a phone here, and what comes from another peer has been resolved there.
  const bool is_gruu_here = find.uri.parameters.value("gr") == settings_.proxy.overlay_gr;
  const bool is_for_here = is_gruu_here || find.source.side == proxy::Side::overlay;
  auto by_trunk = here.is_known || is_gruu_here ? std::nullopt : through_gateway(settings_, find);
  if ((is_for_here || !is_own_caller) && !here.is_known) {
    const bool is_of_peer = find.source.side == proxy::Side::overlay && by_trunk;
    answers_.push_back(is_of_peer ? std::move(*by_trunk) : FindAnswer{find.find, 404U});
    return;
  }
  search.otherwise =
      by_trunk || here.is_known || is_gruu_here ? std::move(by_trunk) : by_gateway_peers(settings_, find);
  if (is_for_here && !find.redirected_by) {
    answers_.push_back({find.find, proxy::Found{std::move(search.local), true}});
    return;
  }
  auto settings = settings_.lookup;
  settings.is_sips = find.uri.scheme == "sips";
  if (!settings_.lets_users_call_outside || !is_own_caller || find.is_overlay_only || search.otherwise)
    settings.policy = LookupPolicy::overlay_only;
  search.resolution = std::make_unique<Resolution>(std::move(settings), now, find.uri.print());
  if (!search.local.empty()) search.others_deadline = now + k_others_time;
  proceed(find.find, searches_.emplace(find.find, std::move(search)).first->second);
}

std::vector<proxy::Target> Finder::phones_of(const registrar::Lookup& user, const Uri& asked) const {
  std::vector<proxy::Target> out;
  for (const auto& binding : user.targets) {
    // Who is called by sips: is to be reached by TLS, and knows it (RFC 3261 §16.6 step 7, RFC 5630 §5.3).
    if (asked.scheme == "sips" && binding.uri.scheme != "sips") continue;
    if (auto target = target_of(user.aor, binding)) out.push_back(std::move(*target));
  }
  return out;
}

std::optional<proxy::Target> Finder::target_of(const Aor& aor, const registrar::Target& binding) const {
  proxy::Target target;
  target.user = aor.name();
  target.uri = binding.uri;
  target.q_thousandths = binding.q_thousandths;
  target.instance = binding.instance;
  target.path = binding.path;
  const FlowState* flow = binding.flow ? flows_.find(*binding.flow) : nullptr;
  if (binding.flow && flow == nullptr) return std::nullopt;  // its end is being told of
  if (flow == nullptr && !binding.ends) {
    const auto transport = transport_of(binding.uri);
    target.hop = proxy::ServerHop{transport, binding.uri.host, port_of(binding.uri, transport),
                                  transport == "TLS" ? binding.uri.host : std::string()};
    target.is_fixed = true;
    return target;
  }
  auto way = flow != nullptr ? flow->way : way_between(*binding.ends);
  if (binding.listens_at_contact) {
    const std::string& host = flow != nullptr ? flow->remote.host : binding.ends->remote_address;
    way = {0, way.here, way_to({host, port_of(binding.uri, "UDP")})};
  }
  target.hop = proxy::FlowHop{std::move(way)};
  return target;
}

// ---- answers

template <typename Step>
bool Finder::with_question(QuestionId question, Step step) {
  const auto asked = asked_.find(question);
  if (asked == asked_.end()) return false;
  const auto [find, number] = asked->second;
  asked_.erase(asked);
  Search& search = searches_.at(find);
  search.questions.erase(number);
  step(*search.resolution, number);
  proceed(find, search);
  return true;
}

bool Finder::fetched(QuestionId question, std::vector<FetchedRegistration> found) {
  return with_question(question, [&](Resolution& resolution, std::uint64_t number) {
    resolution.fetched(number, std::move(found));
  });
}

bool Finder::found_in_dns(QuestionId question, std::vector<DnsTarget> servers) {
  return with_question(question, [&](Resolution& resolution, std::uint64_t number) {
    resolution.found_in_dns(number, std::move(servers));
  });
}

bool Finder::failed(QuestionId question, std::string reason) {
  return with_question(question, [&](Resolution& resolution, std::uint64_t number) {
    resolution.failed(number, std::move(reason));
  });
}

void Finder::proceed(proxy::FindId find, Search& search) {
  put_out(find, search);
  if (search.resolution->done())
    end(find, search);
  else
    queue(find, search);
}

void Finder::put_out(proxy::FindId find, Search& search) {
  for (auto& output : search.resolution->take_outputs()) {
    if (const auto* drop = std::get_if<sip::DropQuestion>(&output)) {
      const auto question = search.questions.find(drop->number);
      if (question == search.questions.end()) continue;
      outputs_.emplace_back(DropQuestion{question->second});
      asked_.erase(question->second);
      search.questions.erase(question);
      continue;
    }
    const QuestionId question = new_question();
    std::uint64_t number = 0;
    if (auto* fetch = std::get_if<FetchRegistrations>(&output)) {
      number = fetch->number;
      outputs_.emplace_back(FetchFromOverlay{question, std::move(fetch->aor)});
    } else {
      const auto& ask = std::get<AskDns>(output);
      number = ask.number;
      outputs_.emplace_back(
          AskServers{question, std::string(ask.aor.domain()), search.uri.port, {}, ask.sips});
    }
    search.questions.emplace(number, question);
    asked_.emplace(question, Asked{find, number});
  }
}

proxy::Found Finder::found_by(const Search& search) const {
  proxy::Found found;
  found.targets = search.local;
  found.is_responsible = search.is_known;
  if (!search.resolution->done() || !search.resolution->result()) return found;
  const Resolved& resolved = *search.resolution->result();
  const auto asked = read_address(search.uri.print(), settings_.lookup.overlay_name);
  for (const auto& device : resolved.devices) {
    if (device.route == settings_.registrar.route) {  // this peer itself: a user who forwards to one of here
      if (!search.local.empty() && asked && device.aor == asked->aor) continue;  // these are there already
      for (auto& target : phones_of(registrar_.find({}, uri_of(device.aor, search.uri)), search.uri)) {
        target.depth = device.depth;
        found.targets.push_back(std::move(target));
      }
      found.is_responsible = true;
      continue;
    }
    found.is_responsible = true;  // though that device may not be what can be called
    const auto scheme = scheme_for(device.preferences.scheme(), search.uri.scheme == "sips");
    if (!scheme) continue;
    proxy::Target target;
    target.uri = search.uri.parameters.has("gr") ? search.uri : uri_of(device.aor, search.uri);
    target.uri.scheme = *scheme;
    target.hop = proxy::PeerHop{device.route};
    target.q_thousandths = device.preferences.q_thousandths();
    target.depth = device.depth;
    found.targets.push_back(std::move(target));
  }
  for (const auto& outside : resolved.outside) {
    if (outside.servers.empty()) continue;
    proxy::Target target;
    target.uri = outside.depth == 0 ? search.uri : uri_of(outside.aor, search.uri);
    target.depth = outside.depth;
    target.hop = hop_to(outside.servers.front(), outside.aor.domain());
    for (auto server = outside.servers.begin() + 1; server != outside.servers.end(); ++server)
      target.alternatives.emplace_back(hop_to(*server, outside.aor.domain()));
    found.targets.push_back(std::move(target));
  }
  return found;
}

void Finder::end(proxy::FindId find, const Search& search) {
  auto found = found_by(search);
  const auto& resolution = *search.resolution;
  if (found.targets.empty() && search.otherwise)
    answers_.push_back(*search.otherwise);
  else if (found.targets.empty() && !search.is_known && resolution.done() && !resolution.result())
    answers_.push_back({find, status_of(resolution.result().error().error)});
  else
    answers_.push_back({find, std::move(found)});
  forget(find);
}

// ---- time and ends

void Finder::drop(proxy::FindId find) {
  if (searches_.count(find) != 0) forget(find);
}

void Finder::forget(proxy::FindId find) {
  const auto found = searches_.find(find);
  Search& search = found->second;
  for (const auto& [number, question] : search.questions) {
    outputs_.emplace_back(DropQuestion{question});
    asked_.erase(question);
  }
  if (search.queued_at) wakes_.erase({*search.queued_at, find});
  searches_.erase(found);
}

void Finder::queue(proxy::FindId find, Search& search) {
  if (search.queued_at) wakes_.erase({*search.queued_at, find});
  search.queued_at = sooner(search.others_deadline, Deadline(search.resolution->next_deadline()));
  if (search.queued_at) wakes_.emplace(*search.queued_at, find);
}

void Finder::on_timer(MonoTime now) {
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const auto find = wakes_.begin()->second;
    Search& search = searches_.at(find);
    if (search.others_deadline && *search.others_deadline <= now) {
      end(find, search);
      continue;
    }
    search.resolution->on_timer(now);
    proceed(find, search);
  }
}

}  // namespace ringway::sip::element

#include "sip-usage/servers/server_search.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/servers/srv_order.hpp"

namespace ringway::sip::servers {
namespace {

// RFC 3261 §19.1.2.
std::uint16_t usual_port(ServerTransport transport) {
  return transport == ServerTransport::tls ? 5061 : 5060;
}

std::optional<ServerTransport> transport_named(std::string_view name) {
  if (same_ignoring_case(name, "udp")) return ServerTransport::udp;
  if (same_ignoring_case(name, "tcp")) return ServerTransport::tcp;
  if (same_ignoring_case(name, "tls")) return ServerTransport::tls;
  return std::nullopt;
}

bool is_among(ServerTransport transport, const std::vector<ServerTransport>& transports) {
  return std::find(transports.begin(), transports.end(), transport) != transports.end();
}

// Each family keeps its share when one of them has more addresses than are taken.
void limit(Addresses& first, Addresses& second) {
  const std::size_t share =
      std::max(k_max_addresses_of_host / 2,
               k_max_addresses_of_host - std::min(k_max_addresses_of_host, second.size()));
  if (first.size() > share) first.resize(share);
  const std::size_t rest = k_max_addresses_of_host - first.size();
  if (second.size() > rest) second.resize(rest);
}

}  // namespace

ServerSearch::ServerSearch(Settings settings, Wanted wanted, Random& random)
    : settings_(std::move(settings)), wanted_(std::move(wanted)), random_(random) {
  begin();
}

void ServerSearch::begin() {
  if (const auto why = choose_transports()) {
    found_ = Failure{*why};
    return;
  }
  if (is_numeric(wanted_.host)) {
    const auto transport = usual_transport_;
    found_ = std::vector<DnsTarget>{{wanted_.host, wanted_.port.value_or(usual_port(transport)), transport}};
    return;
  }
  auto name = to_name(wanted_.host);
  if (!name) {
    found_ = std::vector<DnsTarget>();
    return;
  }
  domain_ = std::move(*name);
  if (wanted_.port) {
    asked_domain_itself_ = true;
    return ask_hosts({{domain_, *wanted_.port, usual_transport_}});
  }
  if (wanted_.transport.empty()) return ask_naptr();
  services_ = {{usual_transport_, name_of_service(usual_transport_, domain_)}};
  ask_next_group();
}

std::optional<std::string> ServerSearch::choose_transports() {
  transports_ = settings_.transports;
  if (wanted_.sips) {
    // With "sips", "tcp" is TLS over TCP (RFC 3261 §26.2.2); TLS over UDP is none.
    const auto given = transport_named(wanted_.transport);
    const bool is_secure = wanted_.transport.empty() || (given && *given != ServerTransport::udp);
    if (!is_secure) return "no TLS over the transport " + wanted_.transport;
    std::erase_if(transports_, [](ServerTransport one) { return one != ServerTransport::tls; });
  } else if (!wanted_.transport.empty()) {
    const auto given = transport_named(wanted_.transport);
    std::erase_if(transports_, [&](ServerTransport one) { return one != given; });
  }
  if (transports_.empty())
    return "no transport " + (wanted_.transport.empty() ? std::string("for it") : wanted_.transport);
  // RFC 3263 §4.1: UDP for sip when nothing else is said.
  usual_transport_ = is_among(ServerTransport::udp, transports_) ? ServerTransport::udp : transports_.front();
  return std::nullopt;
}

// ---- questions

void ServerSearch::ask(Question question) {
  if (questions_.size() >= k_max_questions || questions_.count(question) != 0) return;
  questions_.emplace(question, std::nullopt);
  new_questions_.push_back(std::move(question));
  ++waiting_;
}

void ServerSearch::ask_naptr() {
  stage_ = Stage::naptr;
  ask({domain_, RecordType::naptr});
}

void ServerSearch::ask_next_group() {
  if (services_.empty()) {
    // Once, and only if the domain has no SRV records (RFC 3263 §4.2).
    if (may_have_srv_ || std::exchange(asked_domain_itself_, true)) return end_with_nothing();
    return ask_hosts({{domain_, usual_port(usual_transport_), usual_transport_}});
  }
  stage_ = Stage::srv;
  const auto order = services_.front().order;
  const auto end = std::find_if(services_.begin(), services_.end(),
                                [&](const Service& one) { return one.order != order; });
  group_.assign(services_.begin(), end);
  services_.erase(services_.begin(), end);
  for (const Service& one : group_) ask({one.name, RecordType::srv});
  if (waiting_ == 0) use_srv();
}

void ServerSearch::ask_hosts(std::vector<Host> hosts) {
  stage_ = Stage::addresses;
  hosts_ = std::move(hosts);
  for (const Host& host : hosts_) {
    ask({host.name, RecordType::aaaa});
    ask({host.name, RecordType::a});
  }
  if (waiting_ == 0) use_addresses();
}

void ServerSearch::end_with_nothing() {
  if (failure_.empty())
    found_ = std::vector<DnsTarget>();
  else
    found_ = Failure{failure_};
}

// ---- answers

void ServerSearch::answered(const Question& question, Answer answer) {
  const auto asked = questions_.find(question);
  if (done() || asked == questions_.end() || asked->second) return;
  if (!answer && failure_.empty()) failure_ = question.name + ": " + answer.error().reason;
  asked->second = std::move(answer);
  if (asked->second->ok())
    if (auto* addresses = std::get_if<Addresses>(&**asked->second)) keep_useful(*addresses);
  --waiting_;
  if (stage_ == Stage::addresses) return use_addresses();
  if (waiting_ != 0) return;
  if (stage_ == Stage::naptr)
    use_naptr();
  else
    use_srv();
}

void ServerSearch::keep_useful(Addresses& addresses) {
  Addresses useful;
  for (auto& address : addresses) {
    if (useful.size() >= k_max_addresses_of_host) break;
    const Reach reach = settings_.reach(address);
    if (reach == Reach::never) continue;
    if (reach == Reach::no_route) without_route_.insert(address);
    useful.push_back(std::move(address));
  }
  addresses = std::move(useful);
}

template <typename List>
List ServerSearch::records_of(const Question& question) const {
  const auto asked = questions_.find(question);
  if (asked == questions_.end() || !asked->second || !*asked->second) return {};
  const auto* records = std::get_if<List>(&**asked->second);
  return records == nullptr ? List{} : *records;
}

void ServerSearch::use_naptr() {
  services_ = services_of(records_of<std::vector<Naptr>>({domain_, RecordType::naptr}), transports_);
  if (services_.size() > k_max_services) services_.resize(k_max_services);
  if (services_.empty()) {
    for (const auto transport : transports_)
      services_.push_back({transport, name_of_service(transport, domain_)});
  } else {
    usual_transport_ = services_.front().transport;
  }
  ask_next_group();
}

void ServerSearch::use_srv() {
  std::vector<Host> hosts;
  for (const Service& service : group_) {
    const Question question{service.name, RecordType::srv};
    const auto records = in_order(records_of<std::vector<Srv>>(question), random_);
    const auto asked = questions_.find(question);
    const bool is_none = asked != questions_.end() && asked->second->ok() && records.empty();
    may_have_srv_ = may_have_srv_ || !is_none;
    for (const Srv& record : records) {
      if (hosts.size() >= k_max_hosts) break;
      auto name = says_not_here(record) ? std::nullopt : to_name(record.target);
      if (name) hosts.push_back({std::move(*name), record.port, service.transport});
    }
  }
  if (hosts.empty()) return ask_next_group();
  ask_hosts(std::move(hosts));
}

bool ServerSearch::is_known(const Host& host) const {
  const auto is_waiting = [&](RecordType type) {
    const auto asked = questions_.find({host.name, type});
    return asked != questions_.end() && !asked->second;
  };
  return !is_waiting(RecordType::aaaa) && !is_waiting(RecordType::a);
}

void ServerSearch::use_addresses() {
  std::vector<DnsTarget> targets;
  for (const Host& host : hosts_) {
    if (targets.size() >= k_max_dns_targets) break;
    if (!is_known(host)) return;
    for (auto& target : targets_at(host))
      if (std::find(targets.begin(), targets.end(), target) == targets.end())
        targets.push_back(std::move(target));
  }
  if (targets.empty()) return ask_next_group();
  if (targets.size() > k_max_dns_targets) targets.resize(k_max_dns_targets);
  found_ = std::move(targets);
}

std::vector<DnsTarget> ServerSearch::targets_at(const Host& host) const {
  auto v6 = records_of<Addresses>({host.name, RecordType::aaaa});
  auto v4 = records_of<Addresses>({host.name, RecordType::a});
  limit(v6, v4);
  Addresses all = std::move(v6);
  all.insert(all.end(), v4.begin(), v4.end());
  std::stable_partition(all.begin(), all.end(),
                        [&](const std::string& address) { return without_route_.count(address) == 0; });
  std::vector<DnsTarget> targets;
  for (auto& address : all) targets.push_back({std::move(address), host.port, host.transport});
  return targets;
}

}  // namespace ringway::sip::servers

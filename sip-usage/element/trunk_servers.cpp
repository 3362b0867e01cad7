#include "sip-usage/element/trunk_servers.hpp"

#include <algorithm>

#include "sip-usage/servers/names.hpp"

namespace ringway::sip::element {
namespace {

constexpr unsigned k_not_reachable = 504;

}  // namespace

bool TrunkServers::take(FindAnswer& answer) {
  auto* found = std::get_if<proxy::Found>(&answer.found);
  if (!answer.is_by_trunk || found == nullptr) return false;
  Search search;
  search.target = std::move(found->targets.front());
  std::vector<proxy::Hop> hops = std::exchange(search.target.alternatives, {});
  hops.insert(hops.begin(), search.target.hop);
  for (auto& hop : hops) search.servers.push_back({std::get<proxy::ServerHop>(std::move(hop))});
  if (searches_.size() >= k_max_finds) {
    answers_.push_back({answer.find, 480U});
    return true;
  }
  for (Server& server : search.servers) {
    if (servers::is_numeric(server.hop.host)) {
      server.found.emplace_back(server.hop);
      continue;
    }
    ask(answer.find, server);
    ++search.waiting;
  }
  if (search.waiting == 0)
    end(answer.find, std::move(search));
  else
    searches_.emplace(answer.find, std::move(search));
  return true;
}

void TrunkServers::ask(proxy::FindId find, Server& server) {
  const QuestionId question = finder_.new_question();
  server.question = question;
  asked_.emplace(question, find);
  const auto& [transport, host, port, name] = server.hop;
  outputs_.emplace_back(
      AskServers{question, host, port == 0 ? std::nullopt : std::optional(port), transport});
}

void TrunkServers::drop(proxy::FindId find) {
  const auto search = searches_.find(find);
  if (search == searches_.end()) return;
  for (const Server& server : search->second.servers)
    if (server.question && asked_.erase(*server.question) != 0)
      outputs_.emplace_back(DropQuestion{*server.question});
  searches_.erase(search);
}

bool TrunkServers::on_servers(QuestionId question, const std::vector<DnsTarget>& servers) {
  return answered(question, servers);
}
bool TrunkServers::on_question_failed(QuestionId question) { return answered(question, {}); }

bool TrunkServers::answered(QuestionId question, const std::vector<DnsTarget>& servers) {
  const auto asked = asked_.extract(question);
  if (!asked) return false;
  const auto search = searches_.find(asked.mapped());
  auto& of_trunk = search->second.servers;
  const auto server = std::find_if(of_trunk.begin(), of_trunk.end(),
                                   [&](const Server& each) { return each.question == question; });
  // By the transport that was configured, to whom the certificate of the trunk's domain is expected from.
  for (const DnsTarget& target : servers) {
    auto hop = hop_to(target, server->hop.server_name);
    if (hop.transport == server->hop.transport) server->found.emplace_back(std::move(hop));
  }
  if (--search->second.waiting == 0) {
    auto done = searches_.extract(search);
    end(done.key(), std::move(done.mapped()));
  }
  return true;
}

// In the order of the settings, and of DNS within each.
void TrunkServers::end(proxy::FindId find, Search search) {
  std::vector<proxy::Hop> hops;
  for (Server& server : search.servers)
    hops.insert(hops.end(), std::make_move_iterator(server.found.begin()),
                std::make_move_iterator(server.found.end()));
  if (hops.empty()) {
    outputs_.emplace_back(Log{"DNS knows no server of the trunk"});
    answers_.push_back({find, k_not_reachable});
    return;
  }
  search.target.hop = std::move(hops.front());
  search.target.alternatives.assign(std::make_move_iterator(hops.begin() + 1),
                                    std::make_move_iterator(hops.end()));
  answers_.push_back({find, proxy::Found{{std::move(search.target)}, true}});
}

}  // namespace ringway::sip::element

#include "actors/sip_servers.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "net/dns/routes.hpp"

namespace ringway::actors {

namespace {

namespace dns = net::dns;
namespace element = sip::element;
namespace servers = sip::servers;

dns::RecordType type_of(servers::RecordType type) {
  switch (type) {
    case servers::RecordType::a:
      return dns::RecordType::a;
    case servers::RecordType::aaaa:
      return dns::RecordType::aaaa;
    case servers::RecordType::srv:
      return dns::RecordType::srv;
    case servers::RecordType::naptr:
      break;
  }
  return dns::RecordType::naptr;
}

servers::Records as_asked(dns::Addresses& addresses) { return std::move(addresses); }
servers::Records as_asked(std::vector<dns::Srv>& records) {
  std::vector<servers::Srv> out;
  out.reserve(records.size());
  for (auto& one : records) out.push_back({one.priority, one.weight, one.port, std::move(one.target)});
  return out;
}
servers::Records as_asked(std::vector<dns::Naptr>& records) {
  std::vector<servers::Naptr> out;
  out.reserve(records.size());
  for (auto& one : records)
    out.push_back({one.order, one.preference, std::move(one.flags), std::move(one.services),
                   std::move(one.regexp), std::move(one.replacement)});
  return out;
}
servers::Answer as_asked(dns::Answer answer) {
  if (!answer) return Failure{answer.error().reason};
  return std::visit([](auto& records) { return as_asked(records); }, *answer);
}

element::Input answer_of(element::QuestionId question, const servers::Found& found) {
  if (!found) return element::QuestionFailed{question, found.error().reason};
  return element::ServersFound{question, *found};
}

}  // namespace

servers::Reach reach_of(const std::string& address) {
  if (dns::is_of_no_host(address)) return servers::Reach::never;
  return dns::has_route_to(address) ? servers::Reach::usable : servers::Reach::no_route;
}

// Questions come from one thread, answers from others; whoever has the lock takes a search one step further.
class SipServers::Searches : public std::enable_shared_from_this<Searches> {
 public:
  Searches(std::shared_ptr<dns::Resolver> resolver, std::unique_ptr<Random> random, Tell tell,
           servers::Settings settings)
      : resolver_(std::move(resolver)),
        random_(std::move(random)),
        tell_(std::move(tell)),
        settings_(std::move(settings)) {}

  void ask(const element::AskServers& ask) { tell(begin(ask)); }

  void drop(element::QuestionId question) {
    const std::lock_guard lock(mutex_);
    if (const auto search = searches_.find(question); search != searches_.end()) forget(search);
  }

  void drop_all() {
    const std::lock_guard lock(mutex_);
    while (!searches_.empty()) forget(searches_.begin());
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return searches_.size();
  }

 private:
  struct Search {
    servers::ServerSearch search;
    std::map<servers::Question, dns::QueryId> queries{};  // under way
  };
  using Table = std::map<element::QuestionId, Search>;
  using Answered = std::optional<element::Input>;

  void tell(Answered answered) const {
    if (answered) tell_(std::move(*answered));
  }

  Answered begin(const element::AskServers& ask) {
    const std::lock_guard lock(mutex_);
    if (searches_.size() >= k_max_server_searches)
      return element::QuestionFailed{ask.question, "too many searches for servers are under way"};
    servers::ServerSearch search(settings_, {ask.domain, ask.port, ask.transport, ask.sips}, *random_);
    const auto [at, is_new] = searches_.emplace(ask.question, Search{std::move(search)});
    return is_new ? proceed(at) : std::nullopt;
  }

  void answered(element::QuestionId question, const servers::Question& asked, dns::Answer answer) {
    tell(take(question, asked, std::move(answer)));
  }

  Answered take(element::QuestionId question, const servers::Question& asked, dns::Answer answer) {
    const std::lock_guard lock(mutex_);
    const auto at = searches_.find(question);
    if (at == searches_.end()) return std::nullopt;
    at->second.queries.erase(asked);
    at->second.search.answered(asked, as_asked(std::move(answer)));
    return proceed(at);
  }

  Answered proceed(Table::iterator at) {
    auto& search = at->second.search;
    for (auto questions = search.take_questions(); !questions.empty(); questions = search.take_questions())
      for (const auto& question : questions) query(at, question);
    if (!search.done()) return std::nullopt;
    auto answer = answer_of(at->first, search.found());
    forget(at);
    return answer;
  }

  void query(Table::iterator at, const servers::Question& asked) {
    const auto query =
        resolver_->query(asked.name, type_of(asked.type),
                         [weak = weak_from_this(), question = at->first, asked](dns::Answer answer) {
                           if (const auto self = weak.lock())
                             self->answered(question, asked, std::move(answer));
                         });
    if (query)
      at->second.queries.emplace(asked, *query);
    else
      at->second.search.answered(asked, Failure{query.error().reason});
  }

  void forget(Table::iterator at) {
    for (const auto& [asked, query] : at->second.queries) resolver_->cancel(query);
    searches_.erase(at);
  }

  const std::shared_ptr<dns::Resolver> resolver_;
  const std::unique_ptr<Random> random_;
  const Tell tell_;
  const servers::Settings settings_;
  mutable std::mutex mutex_;
  Table searches_;
};

SipServers::SipServers(std::shared_ptr<dns::Resolver> resolver, std::unique_ptr<Random> random, Tell tell,
                       servers::Settings settings)
    : searches_(std::make_shared<Searches>(std::move(resolver), std::move(random), std::move(tell),
                                           std::move(settings))) {}

SipServers::~SipServers() { searches_->drop_all(); }

void SipServers::ask(const element::AskServers& ask) { searches_->ask(ask); }

void SipServers::drop(element::QuestionId question) { searches_->drop(question); }

TableSizes SipServers::tables() const {
  return {{"searches for SIP servers", searches_->size(), k_max_server_searches}};
}

}  // namespace ringway::actors

// Where the SIP servers of other domains are: takes what the SIP element asks (AskServers), plays a search of
// RFC 3263 for each question (sip-usage/servers), has the resolver (net/dns) ask DNS, and says ServersFound
// or QuestionFailed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "net/dns/resolver.hpp"
#include "reload/random.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/servers/server_search.hpp"

namespace ringway::actors {

inline constexpr std::size_t k_max_server_searches = 1024;

// What the machine can do with an address (net/dns/routes.hpp).
sip::servers::Reach reach_of(const std::string& address);

class SipServers {
 public:
  // Gets the answer to each question that is not dropped, once: within ask(), or on an I/O thread.
  using Tell = std::function<void(sip::element::Input)>;

  // `random` is for this object alone.
  SipServers(std::shared_ptr<net::dns::Resolver> resolver, std::unique_ptr<Random> random, Tell tell,
             sip::servers::Settings settings = {.reach = &reach_of});
  ~SipServers();  // drops all questions; an answer may be on its way just then
  SipServers(const SipServers&) = delete;
  SipServers& operator=(const SipServers&) = delete;

  void ask(const sip::element::AskServers& ask);
  // Of others than those under way it may be told, too: it does nothing.
  void drop(sip::element::QuestionId question);
  TableSizes tables() const;

 private:
  class Searches;
  std::shared_ptr<Searches> searches_;  // the resolver's callbacks find it as long as it is there
};

}  // namespace ringway::actors

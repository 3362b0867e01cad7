// Servers of a trunk that the settings name by names: DNS is asked for them (RFC 3263 §4.2) when a call is to
// go there, so that the trunk may move while the peer runs.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "reload/table_size.hpp"
#include "sip-usage/element/finder.hpp"

namespace ringway::sip::element {

class TrunkServers {
 public:
  explicit TrunkServers(Finder& finder) : finder_(finder) {}

  // True: the answer has names in it. It comes out of take_answers() with addresses in their places, or as a
  // refusal when there are none.
  bool take(FindAnswer& answer);
  void drop(proxy::FindId find);
  // False: the question is none of these.
  bool on_servers(QuestionId question, const std::vector<DnsTarget>& servers);
  bool on_question_failed(QuestionId question);

  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  std::vector<FindAnswer> take_answers() { return std::exchange(answers_, {}); }
  TableSize size() const { return {"searches for servers of the trunk", searches_.size(), k_max_finds}; }

 private:
  struct Server {
    proxy::ServerHop hop;                  // as it was configured
    std::optional<QuestionId> question{};  // about its name
    std::vector<proxy::Hop> found{};
  };
  struct Search {
    proxy::Target target;
    std::vector<Server> servers;
    std::size_t waiting = 0;
  };
  void ask(proxy::FindId find, Server& server);
  bool answered(QuestionId question, const std::vector<DnsTarget>& servers);
  void end(proxy::FindId find, Search search);

  Finder& finder_;
  std::map<proxy::FindId, Search> searches_;
  std::map<QuestionId, proxy::FindId> asked_;
  std::vector<Output> outputs_;
  std::vector<FindAnswer> answers_;
};

}  // namespace ringway::sip::element

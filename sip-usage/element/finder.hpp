// The location service of the proxy (RFC 3261 §16.5): own users' phones as the registrar knows them, and with
// them what the overlay and DNS say, by Resolution.
//
// Peers and strangers reach this peer's own users only: whoever calls somebody else asks the overlay itself.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/element/events.hpp"
#include "sip-usage/element/flows.hpp"
#include "sip-usage/element/settings.hpp"
#include "sip-usage/proxy/outputs.hpp"
#include "sip-usage/registrar/registrar.hpp"

namespace ringway::sip::element {

struct FindAnswer {
  proxy::FindId find{};
  std::variant<proxy::Found, unsigned> found;  // or the status of Proxy::on_not_found
  bool is_by_trunk = false;                    // the one target's servers may have names for addresses
};

class Finder {
 public:
  // All outlive it.
  Finder(const Settings& settings, const registrar::Registrar& registrar, Flows& flows)
      : settings_(settings), registrar_(registrar), flows_(flows) {}

  void begin(MonoTime now, const proxy::FindTargets& find);
  void drop(proxy::FindId find);
  // False: no such question is open here.
  bool fetched(QuestionId question, std::vector<FetchedRegistration> found);
  bool found_in_dns(QuestionId question, std::vector<DnsTarget> servers);
  bool failed(QuestionId question, std::string reason);
  void on_timer(MonoTime now);
  Deadline next_wake() const { return wakes_.empty() ? Deadline() : Deadline(wakes_.begin()->first); }

  std::vector<Output> take_outputs() { return std::exchange(outputs_, {}); }
  std::vector<FindAnswer> take_answers() { return std::exchange(answers_, {}); }
  TableSize size() const { return {"searches of the SIP element", searches_.size(), k_max_finds}; }
  // Of questions of the element that are not the finder's, too.
  QuestionId new_question() { return QuestionId{++last_question_}; }

 private:
  struct Search {
    Uri uri;
    bool is_known = false;  // a user of this peer
    // Where it goes if no user of the overlay has that address: the trunk, or a refusal of it.
    std::optional<FindAnswer> otherwise;
    std::vector<proxy::Target> local;
    std::unique_ptr<Resolution> resolution;
    Deadline others_deadline;
    std::map<std::uint64_t, QuestionId> questions;  // by the Resolution's number
    Deadline queued_at;
  };
  struct Asked {
    proxy::FindId find{};
    std::uint64_t number = 0;
  };

  template <typename Step>
  bool with_question(QuestionId question, Step step);
  void proceed(proxy::FindId find, Search& search);
  void put_out(proxy::FindId find, Search& search);
  void queue(proxy::FindId find, Search& search);
  void end(proxy::FindId find, const Search& search);
  void forget(proxy::FindId find);
  std::vector<proxy::Target> phones_of(const registrar::Lookup& user, const Uri& asked) const;
  std::optional<proxy::Target> target_of(const Aor& aor, const registrar::Target& binding) const;
  proxy::Found found_by(const Search& search) const;

  const Settings& settings_;
  const registrar::Registrar& registrar_;
  Flows& flows_;
  std::map<proxy::FindId, Search> searches_;
  std::map<QuestionId, Asked> asked_;
  std::set<std::pair<MonoTime, proxy::FindId>> wakes_;
  std::uint64_t last_question_ = 0;
  std::vector<Output> outputs_;
  std::vector<FindAnswer> answers_;
};

// The server that RFC 3263 has found for that domain, as a hop of the proxy.
proxy::ServerHop hop_to(const DnsTarget& server, std::string_view domain);

}  // namespace ringway::sip::element

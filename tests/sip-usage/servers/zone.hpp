// A zone that answers the questions of a search for servers, forwards or backwards, and keeps what was asked.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/seeded_random.hpp"
#include "sip-usage/servers/server_search.hpp"

namespace ringway::sip::servers::test {

// "TCP 192.0.2.1:5060"
inline std::string text_of(const DnsTarget& target) {
  const char* transport = target.transport == ServerTransport::udp   ? "UDP "
                          : target.transport == ServerTransport::tcp ? "TCP "
                                                                     : "TLS ";
  return transport + target.host + ':' + std::to_string(target.port);
}
// "SRV _sip._udp.example.com"
inline std::string text_of(const Question& question) {
  constexpr const char* types[] = {"A ", "AAAA ", "SRV ", "NAPTR "};
  return types[static_cast<std::size_t>(question.type)] + question.name;
}

class Zone {
 public:
  Zone& naptr(const std::string& name, std::uint16_t order, std::uint16_t preference,
              const std::string& services, const std::string& replacement, const std::string& flags = "s",
              const std::string& regexp = "") {
    add<Naptr>({name, RecordType::naptr}, {order, preference, flags, services, regexp, replacement});
    return *this;
  }
  Zone& srv(const std::string& name, std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
            const std::string& target) {
    add<Srv>({name, RecordType::srv}, {priority, weight, port, target});
    return *this;
  }
  Zone& a(const std::string& name, const std::string& address) {
    add<std::string>({name, RecordType::a}, address);
    return *this;
  }
  Zone& aaaa(const std::string& name, const std::string& address) {
    add<std::string>({name, RecordType::aaaa}, address);
    return *this;
  }
  Zone& fail(const std::string& name, RecordType type) {
    answers_.insert_or_assign({name, type}, Answer(Failure{"no answer"}));
    return *this;
  }

  Answer answer(const Question& question) const {
    const auto found = answers_.find(question);
    if (found != answers_.end()) return found->second;
    if (question.type == RecordType::srv) return Records(std::vector<Srv>());
    if (question.type == RecordType::naptr) return Records(std::vector<Naptr>());
    return Records(Addresses());
  }

  // The targets, or "failed: why".
  std::vector<std::string> search(const Wanted& wanted, const Settings& settings = {}, bool backwards = false,
                                  std::uint64_t seed = 1) {
    sim::SeededRandom random(seed);
    ServerSearch search(settings, wanted, random);
    asked.clear();
    for (auto questions = search.take_questions(); !questions.empty(); questions = search.take_questions()) {
      if (backwards) std::reverse(questions.begin(), questions.end());
      for (const auto& question : questions) {
        EXPECT_FALSE(search.done());
        asked.push_back(text_of(question));
        search.answered(question, answer(question));
      }
    }
    EXPECT_TRUE(search.done());
    if (!search.done()) return {};
    if (!search.found()) return {"failed: " + search.found().error().reason};
    std::vector<std::string> out;
    for (const auto& target : *search.found()) out.push_back(text_of(target));
    return out;
  }

  std::vector<std::string> asked;  // by the last search

 private:
  template <typename Record>
  void add(const Question& question, const Record& record) {
    const auto [at, is_new] = answers_.emplace(question, Records(std::vector<Record>()));
    std::get<std::vector<Record>>(*at->second).push_back(record);
  }
  std::map<Question, Answer> answers_;
};

}  // namespace ringway::sip::servers::test

// A ring for careful reads without messages: what is asked is answered as the peers of the test would.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "reload/data/careful_read.hpp"

namespace ringway::data::careful {

inline NodeId node_at(unsigned first, unsigned last = 1) {
  NodeId node;
  node.bytes[0] = static_cast<std::uint8_t>(first);
  node.bytes[15] = static_cast<std::uint8_t>(last);
  return node;
}
inline constexpr std::size_t k_peers = 32;

// A ring of 32 peers, 8 apart; some ways and some peers do not play by the rules.
class Ring {
 public:
  // Who answers when that point is asked for along a way: the responsible peer.
  NodeId owner_of(const RingId& point) const {
    for (unsigned i = 0; i < k_peers; ++i)
      if (static_cast<RingId>(node_at(8 * i)) >= point) return node_at(8 * i);
    return node_at(0);
  }
  using Question = CarefulRead::Question;
  std::function<std::optional<NodeId>(const Question&)> ping = [this](const Question& question) {
    return std::optional<NodeId>(owner_of(question.search->point));
  };
  std::function<std::optional<HeldItems>(const Question&)> fetch = [](const Question&) {
    return std::optional<HeldItems>(HeldItems{});
  };
  // A witness knows who comes before a peer.
  std::function<std::optional<NodeId>(const HolderSearch::Question&)> tell =
      [](const HolderSearch::Question& question) {
        if (question.what == HolderSearch::What::presence) return std::optional(question.node);
        // The last one before the point; of its own points it says itself.
        for (unsigned first = question.point.bytes[0] / 8 * 8;; first = (first + 256U - 8U) % 256U) {
          const NodeId before = node_at(first);
          if (static_cast<RingId>(before) >= question.point && first > 0) continue;
          const NodeId next = node_at((first + 8U) % 256U);
          return std::optional(next == question.node ? next : before);
        }
      };
  std::uint32_t ways = k_max_ways;
  std::optional<NodeId> slow;  // what this holder says comes last
  std::set<NodeId> newcomers;  // hold nothing, and say why
  // Who says that a Fetch of so many keys (0: of all) is too large an answer.
  std::function<bool(const Question&)> is_too_large = [](const Question&) { return false; };

  // Plays until the read is done; each round of questions is answered together, after its deadline when
  // somebody is silent.
  void play(CarefulRead& read) {
    for (;;) {
      const auto questions = read.next(now);
      asked.insert(asked.end(), questions.begin(), questions.end());
      if (read.done()) return;
      ASSERT_LT(rounds, 1000) << "no end";
      ++rounds;
      pending.insert(pending.end(), questions.begin(), questions.end());
      ASSERT_FALSE(pending.empty()) << "waits for nothing";
      auto next = std::find_if(pending.begin(), pending.end(), [this](const Question& question) {
        return question.search || question.holder != slow;
      });
      if (next == pending.end()) next = pending.begin();
      const Question one = *next;
      pending.erase(next);
      answer(read, one);
    }
  }
  void answer(CarefulRead& read, const Question& question) {
    using Failure = CarefulRead::Failure;
    if (question.route && question.route->rank >= ways) return read.failed(question.number, Failure::no_way);
    if (!question.search && newcomers.contains(question.holder))
      return read.failed(question.number, Failure::lacks);
    if (question.search) {
      const auto owner =
          question.search->what == HolderSearch::What::owner ? ping(question) : tell(*question.search);
      if (owner) return read.found(question.number, *owner);
    } else if (is_too_large(question)) {
      return read.failed(question.number, Failure::too_large);
    } else if (auto items = fetch(question)) {
      if (question.wanted == CarefulRead::Wanted::list)
        return read.listed(question.number, std::move(*items));
      return read.fetched(question.number, std::move(*items));
    }
    read.failed(question.number, Failure::no_answer);
  }
  std::set<NodeId> read_from() const {
    std::set<NodeId> nodes;
    for (const auto& question : asked)
      if (!question.search) nodes.insert(question.holder);
    return nodes;
  }
  std::size_t pings() const {
    return static_cast<std::size_t>(
        std::count_if(asked.begin(), asked.end(), [](const auto& one) { return one.search.has_value(); }));
  }

  Now now{MonoTime{1000}, 0};
  std::vector<Question> asked, pending;
  int rounds = 0;
};

inline HeldItems holding(std::uint64_t storage_time_ms, bool exists = true) {
  wire::StoredDataValue key;
  key.model = wire::DataModel::dictionary;
  key.key = SharedBytes{copy_of(view_of("item"))};
  HeldItem item;
  item.exists = exists;
  item.entry.value = copy_of(view_of(std::to_string(storage_time_ms)));
  item.entry.storage_time_ms = storage_time_ms;
  HeldItems held;
  held.items.emplace(item_key_of(key), item);
  return held;
}

class CarefulReads : public ::testing::Test {
 protected:
  CarefulRead read(Consistency consistency, std::size_t wanted = 3) {
    return CarefulRead(ring.now, consistency, resource, wanted, k_peers, cache);
  }
  static std::uint64_t time_of(const CallResult& result) {
    const auto* got = std::get_if<GetResult>(&result);
    return got == nullptr || got->entries.size() != 1 ? 0 : got->entries[0].storage_time_ms;
  }
  static CallError error_of(const CallResult& result) { return std::get<CallFailure>(result).error; }

  const RingId resource = node_at(0x42);
  const std::set<NodeId> holders{node_at(0x48), node_at(0x50), node_at(0x58)};
  Ring ring;
  HolderCache cache;
};

}  // namespace ringway::data::careful

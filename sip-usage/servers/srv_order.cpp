#include "sip-usage/servers/srv_order.hpp"

#include <algorithm>
#include <cstdint>

namespace ringway::sip::servers {
namespace {

using Iterator = std::vector<Srv>::iterator;

// Those of one priority, the ones of weight 0 first, as the RFC has it: a number from 0 to the sum of the
// weights, both included, falls to the first whose running sum reaches it.
Iterator choose(Iterator first, Iterator last, Random& random) {
  std::uint64_t sum = 0;
  for (auto one = first; one != last; ++one) sum += one->weight;
  const std::uint64_t chosen = random.below(sum + 1);
  std::uint64_t running = 0;
  return std::find_if(first, last, [&](const Srv& one) { return (running += one.weight) >= chosen; });
}

void order_equals(Iterator first, Iterator last, Random& random) {
  std::stable_partition(first, last, [](const Srv& one) { return one.weight == 0; });
  for (; first != last; ++first) {
    const auto chosen = choose(first, last, random);
    std::rotate(first, chosen, chosen + 1);  // the others keep their order
  }
}

}  // namespace

bool says_not_here(const Srv& record) { return record.target.empty() || record.target == "."; }

std::vector<Srv> in_order(std::vector<Srv> records, Random& random) {
  std::stable_sort(records.begin(), records.end(),
                   [](const Srv& a, const Srv& b) { return a.priority < b.priority; });
  for (auto first = records.begin(); first != records.end();) {
    const auto last =
        std::find_if(first, records.end(), [&](const Srv& one) { return one.priority != first->priority; });
    order_equals(first, last, random);
    first = last;
  }
  return records;
}

}  // namespace ringway::sip::servers

#include "tests/sim/overlay.hpp"

#include <algorithm>
#include <memory>

#include "reload/config/kinds.hpp"

namespace ringway::sim {

namespace {

Bytes bytes_of(const std::string& text) { return copy_of(view_of(text)); }

}  // namespace

::testing::AssertionResult Values::put(std::size_t count, Duration limit) {
  const auto ring = simulation_.living();
  auto open = std::make_shared<std::size_t>(count);
  auto failure = std::make_shared<std::string>();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = name_of_value(next_++);
    const Bytes value = bytes_of("content of " + name);
    data::PutCall call;
    call.key = name;
    call.value = value;
    simulation_.peer(ring[i % ring.size()])
        .submit({call}, [this, open, failure, name, value](const std::vector<data::CallResult>& results) {
          --*open;
          if (std::holds_alternative<data::PutResult>(results.at(0)))
            values_[name] = value;
          else
            *failure = name + ": " + describe(results.at(0));
        });
  }
  if (!simulation_.run_until([&] { return *open == 0; }, limit))
    return ::testing::AssertionFailure() << *open << " puts have no answer";
  if (!failure->empty()) return ::testing::AssertionFailure() << *failure;
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult Values::all_found_from(PeerNumber peer, Duration limit) {
  auto open = std::make_shared<std::size_t>(values_.size());
  auto failure = std::make_shared<std::string>();
  for (const auto& [name, value] : values_) {
    simulation_.peer(peer).submit(
        {data::GetCall{name, std::nullopt}},
        [open, failure, name = name, value = value](const std::vector<data::CallResult>& results) {
          --*open;
          const auto* got = std::get_if<data::GetResult>(&results.at(0));
          if (got == nullptr)
            *failure = name + ": " + describe(results.at(0));
          else if (got->entries.size() != 1 || got->entries[0].value != value)
            *failure = name + ": another content, " + std::to_string(got->entries.size()) + " entries";
        });
  }
  if (!simulation_.run_until([&] { return *open == 0; }, limit))
    return ::testing::AssertionFailure() << *open << " gets through peer " << peer << " have no answer";
  if (!failure->empty()) return ::testing::AssertionFailure() << "through peer " << peer << ", " << *failure;
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult Values::all_found_from_everywhere() {
  for (const PeerNumber peer : simulation_.living()) {
    auto found = all_found_from(peer);
    if (!found) return found;
  }
  return ::testing::AssertionSuccess();
}

::testing::AssertionResult Values::placed_at(std::size_t replicas) const {
  const auto ring = simulation_.living();
  for (const auto& [name, value] : values_) {
    const ResourceId resource = resource_id_of(name);
    const auto owner =
        std::find(ring.begin(), ring.end(), simulation_.responsible_for(resource)) - ring.begin();
    std::vector<PeerNumber> wanted;
    for (std::size_t i = 0; i < std::min<std::size_t>(replicas + 1, ring.size()); ++i)
      wanted.push_back(ring[(static_cast<std::size_t>(owner) + i) % ring.size()]);
    std::sort(wanted.begin(), wanted.end());
    const auto holders = simulation_.holders_of({resource, config::k_shared_value});
    if (holders == wanted) continue;
    auto failure = ::testing::AssertionFailure() << name << " is held by";
    for (const PeerNumber holder : holders) failure << " " << holder;
    failure << ", not by";
    for (const PeerNumber holder : wanted) failure << " " << holder;
    return failure;
  }
  return ::testing::AssertionSuccess();
}

}  // namespace ringway::sim

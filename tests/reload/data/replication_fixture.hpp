// Peers at chosen points of the ring, and what the tests of replication ask of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "reload/data/resource_names.hpp"
#include "tests/reload/data/overlay.hpp"

namespace ringway::data::test {

inline constexpr Duration k_hold_down{30'000};
// Until what a peer should not hold any more is gone.
inline constexpr Duration k_until_dropped = k_hold_down + k_until_set_has_copies + Duration{5'000};

class Replication : public ::testing::Test {
 protected:
  // Adds peers at these points of the ring, all at once.
  void make(const std::vector<std::uint8_t>& list) {
    for (const std::uint8_t point : list) {
      points.insert(point);
      overlay.add("p" + std::to_string(point) + "@example.org", node_at(point));
    }
    overlay.update_views();
    overlay.advance(Duration{0});
  }
  Peer& at(std::uint8_t point) { return overlay.peer(node_at(point)); }
  // A shared key in that peer's range.
  std::string key_of(Peer& owner) {
    for (;; ++last_key) {
      const std::string key = "shared/k" + std::to_string(last_key);
      if (owner.view->responsible_for(resource_id_of(std::string_view(key)))) {
        ++last_key;
        return key;
      }
    }
  }
  PutResult put(Peer& by, const std::string& key, const std::string& value = "value") {
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    const auto result = overlay.call(by, call);
    if (const auto* failure = std::get_if<CallFailure>(&result)) {
      ADD_FAILURE() << failure->message;
      return {};
    }
    return std::get<PutResult>(result);
  }
  std::string get(Peer& by, const std::string& key) {
    const auto result = overlay.call(by, GetCall{key, {}});
    const auto* got = std::get_if<GetResult>(&result);
    return got == nullptr ? "" : std::string(text_of(got->entries.at(0).value));
  }
  // What that peer has on its disk under the key.
  KindState stored(Peer& peer, const std::string& key) {
    return *peer.store->load({resource_id_of(std::string_view(key)), config::k_shared_value});
  }
  std::size_t copies(const std::string& key) {
    std::size_t count = 0;
    for (const std::uint8_t point : points) {
      if (at(point).alive && !stored(at(point), key).records.empty()) ++count;
    }
    return count;
  }
  std::size_t stores_to(const NodeId& node) const {
    return static_cast<std::size_t>(std::count_if(
        overlay.sent.begin(), overlay.sent.end(),
        [&](const Sent& one) { return one.to == node && one.code == wire::MessageCode::store_req; }));
  }

  Overlay overlay;
  std::set<std::uint8_t> points;
  int last_key = 0;
};

}  // namespace ringway::data::test

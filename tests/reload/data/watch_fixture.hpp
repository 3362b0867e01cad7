// Peers that watch keys, and what their applications are told.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/newly_held.hpp"
#include "reload/data/watch_notifier.hpp"
#include "reload/data/watcher.hpp"
#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {

// "value" for one entry, "a+b" for two; "*" before it when it is compacted, "!" and the reason for a failure.
inline std::string text_of_event(const WatchResult& result) {
  if (const auto* failure = std::get_if<CallFailure>(&result)) return "!" + failure->message;
  const auto& update = std::get<WatchUpdate>(result);
  std::string out = update.compacted ? "*" : "";
  for (const Entry& entry : update.state.entries) {
    if (out.size() > (update.compacted ? 1U : 0U)) out += "+";
    out += text_of(entry.value);
  }
  return out;
}

class Watches : public Replication {
 protected:
  Watches() {
    make({10, 60, 110, 160, 210});
    overlay.advance(Duration{60'000});  // before that a read of nothing is several
  }

  std::uint64_t watch(Peer& by, const std::string& key, std::optional<std::string> entry = std::nullopt,
                      std::string token = {}) {
    const auto watch = overlay.watch(by, {key, std::move(entry), std::move(token)});
    overlay.advance(Duration{1000});
    return watch;
  }
  std::vector<std::string> events(Peer& by, std::uint64_t watch) {
    std::vector<std::string> out;
    for (const auto& one : by.events[watch]) out.push_back(text_of_event(one));
    return out;
  }
  std::string last_token(Peer& by, std::uint64_t watch) {
    return std::get<WatchUpdate>(by.events[watch].back()).resume_token;
  }
  std::string last(Peer& by, std::uint64_t watch) {
    return by.events[watch].empty() ? "nothing" : text_of_event(by.events[watch].back());
  }
  static PutCall call_of(const std::string& key, const std::string& value) {
    PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    return call;
  }
  void remove(Peer& by, const std::string& key) {
    ASSERT_TRUE(std::holds_alternative<PutResult>(overlay.call(by, RemoveCall{key, "", {}})));
  }
  void put_at_once(Peer& by, const std::string& key, int count) {
    for (int i = 1; i <= count; ++i) put(by, key, "v" + std::to_string(i));
  }
  bool subscribed(Peer& holder, const std::string& key) {
    const auto state = holder.store->load({resource_id_of(std::string_view(key)), config::k_subscription});
    return std::any_of(state->records.begin(), state->records.end(),
                       [](const RecordPtr& one) { return one->stored.value.data.exists; });
  }
  std::uint64_t requests_of(const NodeId& node, wire::MessageCode code) const {
    return static_cast<std::uint64_t>(
        std::count_if(overlay.sent.begin(), overlay.sent.end(),
                      [&](const Sent& one) { return one.from == node && one.code == code; }));
  }
  std::uint64_t reads_of(const NodeId& node) const { return requests_of(node, wire::MessageCode::fetch_req); }
  // Of a value that at(10) writes there now.
  ValueSpec spec_of(const std::string& key) {
    ValueSpec spec;
    spec.kind = config::k_shared_value;
    spec.resource = resource_id_of(std::string_view(key));
    spec.storage_time_ms = overlay.now().wall_ms + 1;
    spec.key = dictionary_key_of(*parse_resource_name(key), at(10).node.view());
    return spec;
  }
  // Says that something has changed there.
  void hint(Peer& to, const NodeId& from, const std::string& key, std::uint64_t number = 1) {
    const Notice notice{resource_id_of(std::string_view(key)), LookAgain{}};
    overlay.to_storage(
        to, routing::ChannelMessage{
                routing::Application::watch, from, {encode_numbered(1, number, encode_notice(notice))}});
  }
  // Further from every key than who is responsible for it.
  static NodeId stranger(std::size_t n) {
    NodeId node = as_node(resource_id_of("stranger" + std::to_string(n)));
    node.bytes[0] = 0xFF;
    return node;
  }
};

}  // namespace ringway::data::test

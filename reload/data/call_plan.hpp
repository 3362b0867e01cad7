// Reading an application's call: its key and entry become a resource, a Kind and a dictionary key; what is
// not acceptable is told at once, with what to do.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "reload/data/api.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/records.hpp"

namespace ringway::data {

struct CallPlan {
  KindAt at;
  Bytes prefix;                    // of every dictionary key under that name
  Bytes item;                      // the one dictionary key; of Put, Remove, and Get with an entry
  bool one = false;                // `item` is set
  bool by_node = false;            // what follows the prefix is the writer's Node-ID
  UserSigners::SignerPtr as_user;  // of Put and Remove: signs instead of the peer's own; null: the peer's own
};

// A plan, or why the call cannot be made.
std::variant<CallPlan, CallFailure> plan_call(const PeerData& data, WallMs now_ms, const Call& call);

// The entry that a dictionary key names: what follows the resource name, for owner names; nothing for shared
// ones. Nothing at all when the key belongs to another name.
std::optional<std::string> entry_of(const CallPlan& plan, BytesView dictionary_key);

// The records of the plan's name (and entry, if it has one) in a state, in order of their keys.
struct RecordRange {
  Records::const_iterator begin;
  Records::const_iterator end;
};
RecordRange records_of(const CallPlan& plan, const Records& records);

}  // namespace ringway::data

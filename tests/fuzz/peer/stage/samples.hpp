// What a neighbour may say: a well-formed body of each sort, about this ring and about values of its own.
#pragma once

#include <optional>
#include <vector>

#include "reload/config/configuration.hpp"
#include "tests/fuzz/peer/stage/cast.hpp"

namespace ringway::fuzz {

// Their order is the corpus' vocabulary: new ones go to the end.
enum class Sample : std::uint8_t {
  ping,
  probe,
  attach,
  attach_nowhere,
  join,
  leave_as_successor,
  leave_as_predecessor,
  update_ready,
  update_neighbors,
  update_full,
  update_admits,
  update_strangers,
  route_query,
  route_query_resource,
  store_owner,
  store_shared,
  store_registration,
  store_certificate,
  store_turn,
  store_replica,
  store_removal,
  store_two_kinds,
  store_unknown_kind,
  fetch_owner,
  fetch_all,
  stat_all,
  find,
  config_update,
  config_update_kind,
  app_attach,
  path_track,
  ping_ans,
  probe_ans,
  attach_ans,
  join_ans,
  leave_ans,
  update_ans,
  route_query_ans,
  store_ans,
  fetch_ans,
  fetch_ans_empty,
  stat_ans,
  find_ans,
  config_update_ans,
  error,
  error_in_progress,
  error_config_too_new,
  error_generation,
  count,
};

struct Words {
  wire::MessageCode code = wire::MessageCode::invalid;
  Bytes body;
  std::optional<ResourceId> resource;         // that it is about
  std::vector<SharedBytes> certificates_der;  // that its values need besides the sender's
};
// As neighbour number `speaker` says it.
const Words& words(std::size_t speaker, Sample sample);
// The first sample that is such an answer.
Sample answer_sample(wire::MessageCode code);

// The application keys that samples and calls are about.
std::string key_of(std::size_t number);

}  // namespace ringway::fuzz

// What all requests under way share: settings, tokens, names, what comes out, and what is counted.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "reload/random.hpp"
#include "sip-usage/proxy/branches.hpp"
#include "sip-usage/proxy/dialogs.hpp"
#include "sip-usage/proxy/outputs.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/proxy/tokens.hpp"

namespace ringway::sip::proxy {

struct Counters {
  std::uint64_t requests = 0;            // that were looked at
  std::uint64_t branches = 0;            // that were started
  std::uint64_t no_room = 0;             // 503: k_max_contexts, or what is left to others
  std::uint64_t no_room_for_source = 0;  // 503: k_max_contexts_of_phone, k_max_contexts_of_other
  std::uint64_t too_narrow = 0;          // 440: Max-Breadth, k_max_fork_breadth
  std::uint64_t loops = 0;               // 482
  std::uint64_t not_allowed = 0;         // 403: false tokens, and those who may not be sent on
  std::uint64_t targets_cut = 0;         // k_max_branches
  std::uint64_t redirections = 0;        // that were followed
  std::uint64_t redirected = 0;          // 302 of this peer's own
  std::uint64_t redirections_cut = 0;    // k_max_redirections
  std::uint64_t challenges_cut = 0;      // k_max_challenges
  std::uint64_t timer_c = 0;             // that ran out
  std::uint64_t find_timeouts = 0;       // the location service was silent for find_time
  std::uint64_t left_unanswered = 0;     // requests other than INVITE whose time was over (RFC 4320)
  std::uint64_t late_responses = 0;      // discarded: their server transaction was gone (RFC 6026 §8.3)
  std::uint64_t stateless_dropped = 0;   // ACKs that lead nowhere
};

struct Shared {
  Shared(Settings given, std::shared_ptr<Random> source)
      : settings(std::move(given)), tokens(settings.key), branches(settings.key), random(std::move(source)) {}

  std::string new_tag();

  Settings settings;
  Tokens tokens;
  Branches branches;
  DialogTable dialogs;
  std::shared_ptr<Random> random;
  Counters counters;
  std::vector<Output> outputs;
  std::uint64_t last_branch = 0;
  std::uint64_t last_find = 0;
  std::unordered_map<BranchId, ServerId> server_of_branch;
  std::unordered_map<FindId, ServerId> server_of_find;
};

}  // namespace ringway::sip::proxy

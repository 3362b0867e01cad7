#include "reload/data/call_failures.hpp"

#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

namespace {

using wire::ErrorCode;

std::uint64_t present_generation(const Refusal& refusal) {
  if (refusal.generation_counter != 0) return refusal.generation_counter;
  const auto answer = wire::decode<wire::StoreAns>(SharedBytes{refusal.info});
  if (!answer || answer->kind_responses.empty()) return 0;
  return answer->kind_responses.front().generation_counter;
}

// What the error_info says, if it is text for people.
std::string reason_of(const Refusal& refusal) {
  const std::string_view text = text_of(refusal.info);
  return text.empty() ? "" : ": " + std::string(text);
}

}  // namespace

bool is_transient(ErrorCode code, bool found_here) {
  switch (code) {
    case ErrorCode::request_timeout:
      return !found_here;  // here it means that all the time a request may take has passed
    case ErrorCode::not_found:
    case ErrorCode::underlay_destination_unreachable:
    case ErrorCode::in_progress:
    case ErrorCode::config_too_old:
    case ErrorCode::config_too_new:
    case ErrorCode::upstream_misrouting:
    case ErrorCode::loop_detected:
    case ErrorCode::ttl_exceeded:
    case ErrorCode::ttl_hops_exceeded:
      return true;
    default:
      return false;
  }
}

CallFailure failure_of(const Refusal& refusal, bool found_here) {
  switch (refusal.code) {
    case ErrorCode::forbidden:
      return {CallError::permission_denied, "the responsible peer refuses this writer" + reason_of(refusal),
              0};
    case ErrorCode::generation_counter_too_low: {
      const std::uint64_t generation = present_generation(refusal);
      return {
          CallError::aborted,
          "the generation is " + std::to_string(generation) + " by now: get the value again and decide anew",
          generation};
    }
    case ErrorCode::data_too_large:
      return {CallError::resource_exhausted,
              "over this overlay's limits for the key: store less, or remove something" + reason_of(refusal),
              0};
    case ErrorCode::message_too_large:
    case ErrorCode::response_too_large:
      return {CallError::resource_exhausted,
              "too large for one message of this overlay: use smaller values, or ask for one entry", 0};
    case ErrorCode::data_too_old:
      return {CallError::failed_precondition,
              "somebody else has written a newer value in the meantime: get it and decide anew", 0};
    case ErrorCode::unknown_kind:
      return {CallError::failed_precondition,
              "the responsible peer does not know the Kind: its configuration document is older", 0};
    case ErrorCode::config_too_old:
    case ErrorCode::config_too_new:
      return {CallError::failed_precondition,
              "the peers' configuration documents differ: try again when the newer one has spread", 0};
    case ErrorCode::request_timeout:
      if (!found_here) {
        return {CallError::unavailable,
                "the responsible peer could not do it: try again" + reason_of(refusal), 0};
      }
      return {CallError::deadline_exceeded,
              "no answer in time; a write may have happened: get the value, or try again", 0};
    case ErrorCode::in_progress:
      return {CallError::unavailable,
              "the responsible peer has not got all that is stored there yet: try again" + reason_of(refusal),
              0};
    case ErrorCode::not_found:
    case ErrorCode::underlay_destination_unreachable:
    case ErrorCode::ttl_exceeded:
    case ErrorCode::ttl_hops_exceeded:
    case ErrorCode::upstream_misrouting:
    case ErrorCode::loop_detected:
      return {CallError::unavailable, "the responsible peer cannot be reached now: try again", 0};
    default:
      return {CallError::internal,
              "unexpected " + std::string(wire::name_of(refusal.code)) + reason_of(refusal), 0};
  }
}

}  // namespace ringway::data

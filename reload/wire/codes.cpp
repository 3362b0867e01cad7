#include "reload/wire/codes.hpp"

namespace ringway::wire {

std::string_view name_of(MessageCode code) {
  switch (code) {
    case MessageCode::invalid:
      return "invalid";
    case MessageCode::probe_req:
      return "probe_req";
    case MessageCode::probe_ans:
      return "probe_ans";
    case MessageCode::attach_req:
      return "attach_req";
    case MessageCode::attach_ans:
      return "attach_ans";
    case MessageCode::store_req:
      return "store_req";
    case MessageCode::store_ans:
      return "store_ans";
    case MessageCode::fetch_req:
      return "fetch_req";
    case MessageCode::fetch_ans:
      return "fetch_ans";
    case MessageCode::find_req:
      return "find_req";
    case MessageCode::find_ans:
      return "find_ans";
    case MessageCode::join_req:
      return "join_req";
    case MessageCode::join_ans:
      return "join_ans";
    case MessageCode::leave_req:
      return "leave_req";
    case MessageCode::leave_ans:
      return "leave_ans";
    case MessageCode::update_req:
      return "update_req";
    case MessageCode::update_ans:
      return "update_ans";
    case MessageCode::route_query_req:
      return "route_query_req";
    case MessageCode::route_query_ans:
      return "route_query_ans";
    case MessageCode::ping_req:
      return "ping_req";
    case MessageCode::ping_ans:
      return "ping_ans";
    case MessageCode::stat_req:
      return "stat_req";
    case MessageCode::stat_ans:
      return "stat_ans";
    case MessageCode::app_attach_req:
      return "app_attach_req";
    case MessageCode::app_attach_ans:
      return "app_attach_ans";
    case MessageCode::config_update_req:
      return "config_update_req";
    case MessageCode::config_update_ans:
      return "config_update_ans";
    case MessageCode::path_track_req:
      return "path_track_req";
    case MessageCode::path_track_ans:
      return "path_track_ans";
    case MessageCode::error:
      return "error";
  }
  return "unknown";
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid:
      return "invalid";
    case ErrorCode::forbidden:
      return "Error_Forbidden";
    case ErrorCode::not_found:
      return "Error_Not_Found";
    case ErrorCode::request_timeout:
      return "Error_Request_Timeout";
    case ErrorCode::generation_counter_too_low:
      return "Error_Generation_Counter_Too_Low";
    case ErrorCode::incompatible_with_overlay:
      return "Error_Incompatible_with_Overlay";
    case ErrorCode::unsupported_forwarding_option:
      return "Error_Unsupported_Forwarding_Option";
    case ErrorCode::data_too_large:
      return "Error_Data_Too_Large";
    case ErrorCode::data_too_old:
      return "Error_Data_Too_Old";
    case ErrorCode::ttl_exceeded:
      return "Error_TTL_Exceeded";
    case ErrorCode::message_too_large:
      return "Error_Message_Too_Large";
    case ErrorCode::unknown_kind:
      return "Error_Unknown_Kind";
    case ErrorCode::unknown_extension:
      return "Error_Unknown_Extension";
    case ErrorCode::response_too_large:
      return "Error_Response_Too_Large";
    case ErrorCode::config_too_old:
      return "Error_Config_Too_Old";
    case ErrorCode::config_too_new:
      return "Error_Config_Too_New";
    case ErrorCode::in_progress:
      return "Error_In_Progress";
    case ErrorCode::exp_a:
      return "Error_Exp_A";
    case ErrorCode::exp_b:
      return "Error_Exp_B";
    case ErrorCode::invalid_message:
      return "Error_Invalid_Message";
    case ErrorCode::underlay_destination_unreachable:
      return "Error_Underlay_Destination_Unreachable";
    case ErrorCode::underlay_time_exceeded:
      return "Error_Underlay_Time_Exceeded";
    case ErrorCode::message_expired:
      return "Error_Message_Expired";
    case ErrorCode::upstream_misrouting:
      return "Error_Upstream_Misrouting";
    case ErrorCode::loop_detected:
      return "Error_Loop_Detected";
    case ErrorCode::ttl_hops_exceeded:
      return "Error_TTL_Hops_Exceeded";
  }
  return "unknown";
}

}  // namespace ringway::wire

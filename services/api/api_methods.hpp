// What can be asked of the API, by the names that a policy uses, and which of them each rpc of the contract
// is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace ringway::services {

enum class ApiMethod : std::uint8_t {
  put,
  get,
  remove,
  stat,
  status,
  ring,
  ping,
  leave,
  register_user,
  resolve,
  call_log,
  presence,
  send_message,
  mailbox,
  register_service,
  find_service
};

struct ApiMethodTraits {
  ApiMethod method;
  std::string_view name;
  bool has_key;  // a policy says under which keys
  bool writes;   // and as which user
};
inline constexpr std::array k_api_methods{
    ApiMethodTraits{ApiMethod::put, "put", true, true},
    ApiMethodTraits{ApiMethod::get, "get", true, false},
    ApiMethodTraits{ApiMethod::remove, "remove", true, true},
    ApiMethodTraits{ApiMethod::stat, "stat", true, false},
    ApiMethodTraits{ApiMethod::status, "status", false, false},
    ApiMethodTraits{ApiMethod::ring, "ring", false, false},
    ApiMethodTraits{ApiMethod::ping, "ping", false, false},
    ApiMethodTraits{ApiMethod::leave, "leave", false, false},
    ApiMethodTraits{ApiMethod::register_user, "register", false, true},
    ApiMethodTraits{ApiMethod::resolve, "resolve", false, false},
    ApiMethodTraits{ApiMethod::call_log, "call-log", false, true},
    ApiMethodTraits{ApiMethod::presence, "presence", false, true},
    ApiMethodTraits{ApiMethod::send_message, "message", false, true},
    ApiMethodTraits{ApiMethod::mailbox, "mailbox", false, true},
    ApiMethodTraits{ApiMethod::register_service, "register-service", false, true},
    ApiMethodTraits{ApiMethod::find_service, "find-service", false, false},
};
constexpr const ApiMethodTraits& traits_of(ApiMethod method) {
  return k_api_methods[static_cast<std::size_t>(method)];
}

struct RpcOfContract {
  std::string_view name;
  std::optional<ApiMethod> method;  // nothing: each operation inside is a call of its own
};
// Every rpc of the services of ringway.v1 that a peer serves.
inline constexpr std::array k_api_rpcs{
    RpcOfContract{"ringway.v1.Overlay.Put", ApiMethod::put},
    RpcOfContract{"ringway.v1.Overlay.Get", ApiMethod::get},
    RpcOfContract{"ringway.v1.Overlay.Remove", ApiMethod::remove},
    RpcOfContract{"ringway.v1.Overlay.Stat", ApiMethod::stat},
    RpcOfContract{"ringway.v1.Overlay.Batch", std::nullopt},
    RpcOfContract{"ringway.v1.Overlay.Watch", ApiMethod::get},
    RpcOfContract{"ringway.v1.Peer.Status", ApiMethod::status},
    RpcOfContract{"ringway.v1.Peer.Ring", ApiMethod::ring},
    RpcOfContract{"ringway.v1.Peer.Ping", ApiMethod::ping},
    RpcOfContract{"ringway.v1.Peer.Leave", ApiMethod::leave},
    RpcOfContract{"ringway.v1.Directory.Register", ApiMethod::register_user},
    RpcOfContract{"ringway.v1.Directory.Unregister", ApiMethod::register_user},
    RpcOfContract{"ringway.v1.Directory.Resolve", ApiMethod::resolve},
    RpcOfContract{"ringway.v1.Directory.CallLog", ApiMethod::call_log},
    RpcOfContract{"ringway.v1.Directory.WatchPresence", ApiMethod::presence},
    RpcOfContract{"ringway.v1.Directory.SendMessage", ApiMethod::send_message},
    RpcOfContract{"ringway.v1.Directory.Mailbox", ApiMethod::mailbox},
    RpcOfContract{"ringway.v1.Services.Register", ApiMethod::register_service},
    RpcOfContract{"ringway.v1.Services.Unregister", ApiMethod::register_service},
    RpcOfContract{"ringway.v1.Services.Find", ApiMethod::find_service},
};

// One call, as far as a policy looks at it.
struct ApiCall {
  ApiMethod method = ApiMethod::put;
  std::string_view as_user = {};  // empty: the peer's own
  std::string_view key = {};
};

}  // namespace ringway::services

#include "services/ringwayd/presence_permissions.hpp"

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace ringway::services {
namespace {

using Json = nlohmann::json;
using sip::presence::Permission;

Result<sip::Aor> user_of(const std::string& name, const std::string& overlay) {
  auto user = sip::Aor::of_user_name(name.find('@') == std::string::npos ? name + '@' + overlay : name);
  if (!user) return Failure{"'" + name + "' is no name of a user"};
  return *std::move(user);
}

Result<Permission> permission_of(const Json& value, const std::string& overlay) {
  if (value == "everyone") return Permission();
  if (value == "world") return Permission{Permission::Who::everyone, {}, true};
  if (value == "nobody") return Permission{Permission::Who::nobody, {}};
  if (!value.is_array()) return Failure{"neither \"everyone\", \"world\", \"nobody\" nor a list of users"};
  Permission out{Permission::Who::listed, {}};
  for (const Json& each : value) {
    if (!each.is_string()) return Failure{"a list of something else than users"};
    auto reader = user_of(each.get<std::string>(), overlay);
    if (!reader) return reader.error();
    out.readers.insert(*std::move(reader));
  }
  if (auto good = sip::presence::check(out); !good) return good.error();
  return out;
}

// A user who is there twice might be shown to whom the other line leaves out.
Result<Json> parse(std::string_view text) {
  std::set<std::string> names;
  std::string twice;
  const auto watch = [&](int depth, Json::parse_event_t event, const Json& part) {
    if (event == Json::parse_event_t::key && depth == 1 && !names.insert(part.get<std::string>()).second)
      twice = part.get<std::string>();
    return true;
  };
  try {
    Json out = Json::parse(text, watch, true, true);
    if (!twice.empty()) return Failure{"'" + twice + "' is there twice"};
    if (!out.is_object()) return Failure{"no JSON object of users"};
    return out;
  } catch (const Json::exception& wrong) {
    return Failure{wrong.what()};
  }
}

}  // namespace

Result<PresencePermissions> parse_presence_permissions(std::string_view text, const std::string& overlay) {
  const auto document = parse(text);
  if (!document) return document.error();
  PresencePermissions out;
  for (const auto& [name, value] : document->items()) {
    auto permission = permission_of(value, overlay);
    if (!permission) return Failure{name + ": " + permission.error().reason};
    if (name == "*") {
      out.of_others = *std::move(permission);
      continue;
    }
    auto user = user_of(name, overlay);
    if (!user) return user.error();
    const std::string address = user->name();
    if (!out.of_users.emplace(*std::move(user), *std::move(permission)).second)
      return Failure{address + " is there twice"};
  }
  return out;
}

}  // namespace ringway::services

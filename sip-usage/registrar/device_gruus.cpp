#include "sip-usage/registrar/device_gruus.hpp"

#include <set>

#include "reload/security/hmac.hpp"

namespace ringway::sip::registrar {
namespace {

constexpr std::size_t k_token_bytes = 12;

std::string with_device(const std::string& gruu, const std::string& token) {
  return gruu + ";" + std::string(k_device_parameter) + "=" + token;
}

// The Call-ID under which each flow of an instance was registered last.
std::map<std::uint32_t, std::string> call_ids_of(const std::string& instance, const BindingList& bindings) {
  std::map<std::uint32_t, const Binding*> newest;
  for (const Binding& each : bindings) {
    if (name_of_device(each) != instance) continue;
    const Binding*& present = newest[each.reg_id];
    if (present == nullptr || present->updated_at <= each.updated_at) present = &each;
  }
  std::map<std::uint32_t, std::string> out;
  for (const auto& [reg_id, binding] : newest) out[reg_id] = binding->call_id;
  return out;
}

}  // namespace

std::string name_of_device(const Binding& binding) {
  return binding.instance.empty() ? binding.contact.uri.print() : binding.instance;
}

DeviceGruus::DeviceGruus(const Settings& settings, Random& random) : settings_(settings), sealed_(random) {}

void DeviceGruus::begin_epoch(const Device& device, Epoch& epoch) {
  devices_.erase(epoch.number);
  epoch.number = ++last_epoch_;
  epoch.newest.clear();
  devices_[epoch.number] = device;
}

void DeviceGruus::set_bindings(const Aor& aor, const BindingList& bindings) {
  std::set<std::string> instances;
  for (const Binding& each : bindings) instances.insert(name_of_device(each));
  for (auto each = epochs_.lower_bound({aor, ""}); each != epochs_.end() && each->first.aor == aor;) {
    if (instances.count(each->first.instance) != 0) {
      ++each;
      continue;
    }
    devices_.erase(each->second.number);
    each = epochs_.erase(each);
  }
  for (const std::string& instance : instances) {
    const Device device{aor, instance};
    Epoch& epoch = epochs_[device];
    if (epoch.number == 0) begin_epoch(device, epoch);
    auto call_ids = call_ids_of(instance, bindings);
    for (const auto& [reg_id, call_id] : call_ids) {
      const auto before = epoch.call_ids.find(reg_id);
      if (before == epoch.call_ids.end() || before->second == call_id) continue;
      begin_epoch(device, epoch);
      break;
    }
    epoch.call_ids = std::move(call_ids);
  }
}

std::string DeviceGruus::public_token(const Device& device) const {
  // Neither an address nor an instance has a NUL in it.
  const std::string text = device.aor.name() + '\0' + device.instance;
  return to_hex(BytesView(security::hmac_sha256(settings_.gruu_key, view_of(text))).first(k_token_bytes));
}

std::optional<std::string> DeviceGruus::public_gruu(const Device& device, std::string_view scheme) const {
  const auto gruu = make_gruu(device.aor, settings_.route);
  if (!gruu) return std::nullopt;
  return std::string(scheme) + ":" + with_device(*gruu, public_token(device));
}

std::optional<std::string> DeviceGruus::temporary_gruu(const Device& device, std::string_view scheme,
                                                       bool is_new) {
  const auto found = epochs_.find(device);
  if (found == epochs_.end() || !settings_.compress) return std::nullopt;
  Epoch& epoch = found->second;
  if (is_new || epoch.newest.empty()) {
    const auto gruu = make_anonymous_gruu(settings_.overlay_name, settings_.route, settings_.compress);
    epoch.newest = gruu ? with_device(*gruu, sealed_.seal(epoch.number)) : "";
  }
  if (epoch.newest.empty()) return std::nullopt;
  return std::string(scheme) + ":" + epoch.newest;
}

std::optional<std::string> DeviceGruus::hidden_gruu(const Device& device) {
  const auto found = epochs_.find(device);
  const auto aor = Aor::of_uri_parts(k_anonymous_user, settings_.overlay_name);
  if (found == epochs_.end() || !aor) return std::nullopt;
  const auto gruu = make_gruu(*aor, settings_.route);
  if (!gruu) return std::nullopt;
  return "sip:" + with_device(*gruu, sealed_.seal(found->second.number));
}

std::optional<Device> DeviceGruus::device_of(std::string_view temporary_token) const {
  const auto number = sealed_.open(temporary_token);
  if (!number) return std::nullopt;
  const auto found = devices_.find(*number);
  return found == devices_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace ringway::sip::registrar

// GRUUs of the phones here (RFC 5627 §5 as RFC 7904 §6 has it): "gr" leads through the overlay to this peer,
// and says the same for all phones at it. Which one is meant is in a parameter of the URI that only this peer
// reads: two such URIs with different values are different addresses (RFC 3261 §19.1.4).
//
//   public     alice@example.org;gr=…;rw-device=…      a keyed hash of user and instance
//   temporary  anonymous@overlay;gr=…;rw-device=…      sealed, a new one each time
//   hidden     anonymous@example.org;gr=…;rw-device=…  the same, but "gr" shows this peer: for an
//   intermediate
//                                                      peer only, which hides it in turn
//
// A temporary one lives until its instance has no binding, or registers with another Call-ID (§5.1). So what
// is sealed is a number that stands for that time, and any number of them take no room.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "reload/bytes.hpp"
#include "reload/random.hpp"
#include "reload/security/sealed_number.hpp"
#include "sip-usage/message/uri.hpp"
#include "sip-usage/registrar/binding.hpp"
#include "sip-usage/registrar/settings.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::registrar {

inline constexpr std::string_view k_device_parameter = "rw-device";

struct Device {
  Aor aor;
  std::string instance;  // of a phone that has none: its Contact (name_of_device)
  auto operator<=>(const Device&) const = default;
};

std::string name_of_device(const Binding& binding);

class DeviceGruus {
 public:
  DeviceGruus(const Settings& settings, Random& random);

  // What a user has bound now: ends the temporary GRUUs of those that are gone or have begun anew.
  void set_bindings(const Aor& aor, const BindingList& bindings);

  // Nothing when it cannot be made: the route is too long, or nobody can hide it.
  std::optional<std::string> public_gruu(const Device& device, std::string_view scheme) const;
  // The newest one, or a newer one: each REGISTER of the instance gets one of its own (§5.1).
  std::optional<std::string> temporary_gruu(const Device& device, std::string_view scheme, bool is_new);

  std::optional<std::string> hidden_gruu(const Device& device);

  std::string public_token(const Device& device) const;
  // Whose temporary GRUU that is, while it is valid.
  std::optional<Device> device_of(std::string_view temporary_token) const;

 private:
  struct Epoch {
    std::uint64_t number = 0;
    std::map<std::uint32_t, std::string> call_ids;  // by reg-id
    std::string newest;                             // without a scheme; empty when there is none
  };
  void begin_epoch(const Device& device, Epoch& epoch);

  const Settings& settings_;
  security::SealedNumbers sealed_;
  std::uint64_t last_epoch_ = 0;
  std::map<Device, Epoch> epochs_;  // of those that are bound
  std::map<std::uint64_t, Device> devices_;
};

}  // namespace ringway::sip::registrar

// What ringwayd's settings say of phones, made into what actors::Peer takes: where to listen, and which
// users' phones may register by which password.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actors/sip_settings.hpp"
#include "reload/result.hpp"
#include "services/api/phone_address.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

// Passwords of phones, as a file of lines `name:realm:hash`, as the program htdigest writes them: the realm
// is the overlay's name and the hash that of "name:realm:password", by MD5 (32 hexadecimal digits) or by
// SHA-256 (64). A name without @ is one of the overlay's own domain. Lines that begin with # are comments.
struct PhonePassword {
  sip::Aor user;
  std::string name;  // as the phone gives it
  sip::registrar::Ha1 hash;
};
Result<std::vector<PhonePassword>> parse_phone_passwords(std::string_view text, const std::string& overlay);

struct PhonesOfPeer {
  std::shared_ptr<actors::SipSettings> settings;  // null: none are served
  std::vector<std::string> warnings;
};
// Of peer `index` of the process; `users`: those that it has credentials of, its own first.
Result<PhonesOfPeer> load_phones(const Settings& settings, std::size_t index, const std::string& overlay,
                                 const std::vector<std::string>& users);

}  // namespace ringway::services

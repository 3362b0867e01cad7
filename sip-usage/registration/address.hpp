// Addresses of users: the AOR under which registrations are kept, without a scheme and with its escapes
// decoded (RFC 7904 §2, §7), and the URIs in which people and stored values write it.
#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "reload/ids.hpp"
#include "reload/result.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_address_bytes = 2048;
inline constexpr std::size_t k_max_aor_bytes = 254;  // as the rfc822Name of a certificate
inline constexpr std::size_t k_max_tel_digits = 15;  // E.164
inline constexpr std::size_t k_max_gr_bytes = 1024;  // the value of a GRUU's parameter

// user@domain. The domain is lower-case (AMB-30), so that one user has one place in the overlay; the user
// part is as it is, since case counts there (RFC 3261 §19.1.4).
class Aor {
 public:
  // `user` as it stands in a URI, with %-escapes, or of a certificate's rfc822Name, which has none.
  static Result<Aor> of_uri_parts(std::string_view user, std::string_view domain);
  static Result<Aor> of_user_name(std::string_view rfc822_name);

  std::string_view user() const { return std::string_view(name_).substr(0, at_); }
  std::string_view domain() const { return std::string_view(name_).substr(at_ + 1); }
  const std::string& name() const { return name_; }  // the Resource Name
  ResourceId resource() const { return resource_id_of(std::string_view(name_)); }
  auto operator<=>(const Aor& other) const { return name_ <=> other.name_; }
  bool operator==(const Aor& other) const { return name_ == other.name_; }

 private:
  static Result<Aor> make(std::string_view user, std::string_view domain);

  std::string name_;
  std::size_t at_ = 0;
};

enum class Scheme { none, sip, sips, tel };

// A URI, or an AOR alone, with what of it matters here.
struct Address {
  Scheme scheme = Scheme::none;
  Aor aor;
  std::optional<std::string> gr;  // of a GRUU (RFC 5627 §5): escapes decoded; may be empty
};

// "sip:", "sips:", "tel:" with a global number, or none. A number is a user of the overlay: tel:+43-1 is +431
// at the overlay's name, as certificates have it. Ports, other parameters and headers say nothing about whose
// address it is, and are left out.
Result<Address> read_address(std::string_view uri, std::string_view overlay_name);

// As it stands in a URI behind the scheme: what RFC 3261 §25.1 does not allow in a user part is escaped.
std::string escaped(const Aor& aor);

}  // namespace ringway::sip

// The hashes of Digest authentication (RFC 7616, RFC 8760), and the secret that a registrar has of a user.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "reload/result.hpp"
#include "sip-usage/message/credentials.hpp"

namespace ringway::sip::registrar {

// Many phones know MD5 only.
enum class Algorithm { md5, sha256 };
std::string_view name_of(Algorithm algorithm);
std::optional<Algorithm> algorithm_of(std::string_view name);  // none is MD5 (RFC 7616 §3.4)

// H(user name ":" realm ":" password): as good as the password in this realm, so it is zeroed when it goes,
// is not copied, and has no way into a log.
class Ha1 {
 public:
  static Result<Ha1> of_hex(Algorithm algorithm, std::string_view hex);
  static Ha1 of_password(Algorithm algorithm, std::string_view user_name, std::string_view realm,
                         std::string_view password);
  Ha1(Ha1&& other) noexcept;
  Ha1& operator=(Ha1&& other) noexcept;
  Ha1(const Ha1&) = delete;
  Ha1& operator=(const Ha1&) = delete;
  ~Ha1() { wipe(); }

  Algorithm algorithm() const { return algorithm_; }
  std::string_view reveal() const { return {hex_.data(), size_}; }  // in lower case

 private:
  static constexpr std::size_t k_max_hex_digits = 64;
  Ha1(Algorithm algorithm, std::string_view hex);
  void wipe() noexcept;

  Algorithm algorithm_;
  std::array<char, k_max_hex_digits> hex_{};
  std::size_t size_ = 0;
};

// The `response` that these credentials must have with qop=auth (RFC 7616 §3.4.1).
std::string digest_response(const Ha1& ha1, const Credentials& credentials, std::string_view method);

}  // namespace ringway::sip::registrar

// Passwords: hashed with Argon2id by libsodium, as strings that carry their own salt and cost. A name nobody
// has costs as much time as one that somebody has, so that time does not tell which names exist.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reload/result.hpp"
#include "services/enrolld/secret/secret.hpp"

namespace ringway::enrolld {

inline constexpr std::size_t k_min_password_bytes = 8;
inline constexpr std::size_t k_max_password_bytes = 1024;

struct PasswordCost {
  std::uint64_t passes = 2;
  std::size_t memory_bytes = std::size_t{64} << 20U;  // of each check; about 0.1 s
};

struct PasswordSettings {
  PasswordCost cost;
  std::ptrdiff_t most_at_once = 4;  // checks at one time: the bound of their memory
  unsigned longest_wait_ms = 2000;  // for one's turn; then the answer is `busy`
};

struct PasswordCheck {
  enum class Verdict { right, wrong, busy, failed };
  Verdict verdict = Verdict::failed;
  std::string upgraded;  // when right and the stored hash has another cost than today's: the one to keep
  std::string reason;    // when failed: no memory, or a stored hash that is none
};

// Its functions block for as long as a hash takes; from any thread.
class Passwords {
 public:
  static Result<Passwords> make(const PasswordSettings& settings = {});
  Passwords(Passwords&&) noexcept;
  Passwords& operator=(Passwords&&) = delete;
  ~Passwords();

  // Bytes are taken as they are: what the user types is compared bytewise (RFC 6940 §11.3, ENROLL-07).
  Result<std::string> hash(const Secret& password);
  // `stored` is none for a user who is not known or has no password.
  PasswordCheck check(const Secret& password, const std::optional<std::string>& stored);

 private:
  struct State;
  explicit Passwords(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ringway::enrolld

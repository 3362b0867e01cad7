#include "services/enrolld/proofs/passwords.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <semaphore>

#include "services/enrolld/proofs/sodium.hpp"

namespace ringway::enrolld {

namespace {

constexpr const char* k_no_memory = "a password hash found no memory";

Result<std::string> argon2id(const Secret& password, const PasswordCost& cost) {
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const auto bytes = password.reveal();
  if (crypto_pwhash_str_alg(text.data(), bytes.data(), bytes.size(), cost.passes, cost.memory_bytes,
                            crypto_pwhash_ALG_ARGON2ID13) != 0)
    return Failure{k_no_memory};
  return std::string(text.data());
}

enum class Match { yes, no, no_memory };

Match matches(const Secret& password, const std::string& stored) {
  const auto bytes = password.reveal();
  // An empty one has no memory, and libsodium takes no null pointer.
  const char* const text = bytes.empty() ? "" : bytes.data();
  errno = 0;
  if (crypto_pwhash_str_verify(stored.c_str(), text, bytes.size()) == 0) return Match::yes;
  return errno == EINVAL ? Match::no : Match::no_memory;  // EINVAL is libsodium's word for another password
}

}  // namespace

struct Passwords::State {
  explicit State(const PasswordSettings& given) : settings(given), turns(given.most_at_once) {}

  bool wait_for_turn() { return turns.try_acquire_for(std::chrono::milliseconds(settings.longest_wait_ms)); }

  PasswordSettings settings;
  std::string nobodys_hash;  // of a random password, at today's cost
  std::counting_semaphore<> turns;
};

namespace {

class Turn {  // given back at the end, whatever happens meanwhile
 public:
  explicit Turn(std::counting_semaphore<>& turns) : turns_(turns) {}
  ~Turn() { turns_.release(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::counting_semaphore<>& turns_;
};

}  // namespace

Passwords::Passwords(std::unique_ptr<State> state) : state_(std::move(state)) {}
Passwords::Passwords(Passwords&&) noexcept = default;
Passwords::~Passwords() = default;

Result<Passwords> Passwords::make(const PasswordSettings& settings) {
  require_sodium();
  const auto& cost = settings.cost;
  if (cost.passes < crypto_pwhash_OPSLIMIT_MIN || cost.passes > crypto_pwhash_OPSLIMIT_MAX ||
      cost.memory_bytes < crypto_pwhash_MEMLIMIT_MIN || cost.memory_bytes > crypto_pwhash_MEMLIMIT_MAX)
    return Failure{"the cost of password hashes is outside what Argon2id allows"};
  if (settings.most_at_once < 1) return Failure{"at least one password check at a time must be allowed"};

  auto state = std::make_unique<State>(settings);
  std::string random(32, '\0');
  randombytes_buf(random.data(), random.size());
  auto hash = argon2id(Secret::take(random), cost);
  if (!hash) return hash.error();
  state->nobodys_hash = std::move(*hash);
  return Passwords(std::move(state));
}

Result<std::string> Passwords::hash(const Secret& password) {
  const auto size = password.reveal().size();
  if (size < k_min_password_bytes || size > k_max_password_bytes)
    return Failure{fmt::format("a password has {} to {} bytes", k_min_password_bytes, k_max_password_bytes)};
  if (!state_->wait_for_turn()) return Failure{"too many password checks are under way"};
  const Turn turn(state_->turns);
  return argon2id(password, state_->settings.cost);
}

PasswordCheck Passwords::check(const Secret& password, const std::optional<std::string>& stored) {
  using Verdict = PasswordCheck::Verdict;
  // Whoever sends a megabyte learns only what this header says.
  if (password.reveal().size() > k_max_password_bytes) return {Verdict::wrong, {}, {}};
  if (!state_->wait_for_turn()) return {Verdict::busy, {}, {}};
  const Turn turn(state_->turns);

  const auto& cost = state_->settings.cost;
  // 0: today's cost; 1: another; -1: no such hash.
  const int other_cost =
      stored ? crypto_pwhash_str_needs_rehash(stored->c_str(), cost.passes, cost.memory_bytes) : 0;
  const bool readable = stored && other_cost >= 0;
  const Match match = matches(password, readable ? *stored : state_->nobodys_hash);
  if (match == Match::no_memory) return {Verdict::failed, {}, k_no_memory};
  if (stored && !readable) return {Verdict::failed, {}, "the stored password hash is none"};
  if (match == Match::no || !stored) return {Verdict::wrong, {}, {}};
  if (other_cost == 0) return {Verdict::right, {}, {}};
  auto upgraded = argon2id(password, cost);
  // The password was right; without memory now the upgrade comes with a later login.
  return {Verdict::right, upgraded ? std::move(*upgraded) : std::string(), {}};
}

}  // namespace ringway::enrolld

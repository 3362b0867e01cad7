#include "sip-usage/registrar/nonces.hpp"

#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::sip::registrar {
namespace {

constexpr std::size_t k_content_bytes = 16;
constexpr std::size_t k_seal_bytes = 16;

}  // namespace

std::string Nonces::seal(BytesView content) const {
  return to_hex(BytesView(security::hmac_sha256(key_, content)).first(k_seal_bytes));
}

std::string Nonces::make(MonoTime now) {
  wire::Writer content;
  content.u64(static_cast<std::uint64_t>(now.ms));
  content.u64(++last_number_);
  return to_hex(content.bytes()) + seal(content.bytes());
}

std::optional<IssuedNonce> Nonces::read(std::string_view nonce) const {
  Bytes content;
  if (nonce.size() != 2 * (k_content_bytes + k_seal_bytes) ||
      !from_hex(nonce.substr(0, 2 * k_content_bytes), content))
    return std::nullopt;
  const std::string expected = to_hex(content) + seal(content);  // one text for each nonce, in lower case
  if (!security::equal_in_constant_time(view_of(expected), view_of(nonce))) return std::nullopt;
  wire::Reader in(SharedBytes::borrow(content));
  IssuedNonce out;
  out.at.ms = static_cast<std::int64_t>(in.u64());
  out.number = in.u64();
  return out;
}

bool UsedNonces::note(const IssuedNonce& nonce, std::uint32_t count) {
  if (forgotten_ && nonce <= *forgotten_) return false;
  Window& window = windows_[nonce];
  if (count > window.highest) {
    const auto ahead = count - window.highest;
    window.seen = ahead < k_nonce_count_window ? window.seen << ahead | 1U : 1U;
    window.highest = count;
  } else {
    const auto behind = window.highest - count;
    if (behind >= k_nonce_count_window) return false;
    const std::uint64_t bit = std::uint64_t{1} << behind;
    if ((window.seen & bit) != 0) return false;
    window.seen |= bit;
  }
  if (windows_.size() > k_max_used_nonces) {
    forgotten_ = windows_.begin()->first;
    windows_.erase(windows_.begin());
  }
  return true;
}

}  // namespace ringway::sip::registrar

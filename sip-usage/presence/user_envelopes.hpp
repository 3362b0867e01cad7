// The envelopes of presence: closed by security/envelope.hpp (CMS), opened with the keys of this peer's
// users.
#pragma once

#include <map>
#include <vector>

#include "reload/security/envelope.hpp"
#include "sip-usage/presence/envelope.hpp"
#include "sip-usage/presence/settings.hpp"

namespace ringway::sip::presence {

static_assert(k_max_recipients <= security::k_max_envelope_recipients);

class UserEnvelopes : public Envelope {
 public:
  // Several of a user whose certificate was renewed: what was sealed before is for the one before.
  using Keys = std::map<Aor, std::vector<security::EnvelopeKeyPtr>>;

  explicit UserEnvelopes(Keys keys) : keys_(std::move(keys)) {}
  void set_keys(Keys keys) { keys_ = std::move(keys); }

  Result<Bytes> seal(BytesView text, const std::vector<security::CertificatePtr>& recipients) override {
    return security::close_envelope(text, recipients);
  }
  Result<Bytes> open(const Aor& user, BytesView sealed) override {
    const auto found = keys_.find(user);
    if (found == keys_.end()) return Failure{"no key of that user here"};
    for (const auto& key : found->second)
      if (auto out = key->open(sealed)) return std::move(*out);
    return Failure{"an envelope for others"};
  }

 private:
  Keys keys_;
};

}  // namespace ringway::sip::presence

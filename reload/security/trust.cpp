#include "reload/security/trust.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "reload/security/asn1_time.hpp"
#include "reload/security/read_x509.hpp"

namespace ringway::security {
namespace {

// Refuses chains signed with MD5 or SHA-1, and keys of less than 80 bits of strength.
constexpr int k_openssl_security_level = 1;

constexpr std::string_view k_revoked = " is revoked (bad-node)";

Failure refused(std::string reason) { return {"certificate: " + std::move(reason), 0}; }

// Overlay names are DNS names: letters of either case are the same (RFC 4343).
bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

// A stack that does not own what it holds.
using Stack = std::unique_ptr<STACK_OF(X509), void (*)(STACK_OF(X509)*)>;
Stack new_stack() {
  return {sk_X509_new_null(), [](STACK_OF(X509) * stack) { sk_X509_free(stack); }};
}

// RFC 6940 §11.3.1: signed with its own key, and every Node-ID derived from that key.
Outcome<> check_self_signed(const Certificate& certificate, SelfSignedDigest digest) {
  if (X509_verify(certificate.x509(), certificate.public_key()) != 1)
    return refused("not signed with its own key");
  const Bytes key = certificate.public_key_info_der();
  const auto& nodes = certificate.node_ids();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (nodes[i] != self_signed_node_id(key, digest, static_cast<std::uint32_t>(i + 1), nodes.size()))
      return refused("a Node-ID is not derived from its key");
  }
  return Done{};
}

// PKIX wants BasicConstraints in each certificate between the node's and the root (RFC 5280 §6.1.4 (k));
// OpenSSL alone would also take an old sort of CA that says so in its key usage only.
bool intermediates_are_authorities(STACK_OF(X509) * chain) {
  for (int i = 1; i + 1 < sk_X509_num(chain); ++i) {
    if (X509_check_ca(sk_X509_value(chain, i)) != 1) return false;
  }
  return true;
}

WallMs chain_ends_ms(STACK_OF(X509) * chain, WallMs ends_ms) {
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    ends_ms = std::min(ends_ms, wall_ms_of(X509_get0_notAfter(sk_X509_value(chain, i))).value_or(0));
  }
  return ends_ms;
}

// What is between the first certificate of the chain and its last, the root. Null when that is nothing.
ChainPtr intermediates_of(STACK_OF(X509) * chain) {
  std::vector<SharedBytes> ders;
  for (int i = 1; i + 1 < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int size_bytes = i2d_X509(sk_X509_value(chain, i), &der);
    if (size_bytes <= 0) continue;
    ders.emplace_back(Bytes(der, der + size_bytes));
    OPENSSL_free(der);
  }
  if (ders.empty()) return nullptr;
  return std::make_shared<const std::vector<SharedBytes>>(std::move(ders));
}

void set_rules(X509_STORE_CTX* context, WallMs now_ms) {
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(rules, static_cast<time_t>(now_ms / 1000));
  X509_VERIFY_PARAM_set_depth(rules, k_max_chain_depth);
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_auth_level(rules, k_openssl_security_level);
  // A root-cert is a trust anchor even if another authority has signed it.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
}

}  // namespace

bool is_revocation(const Failure& failure) { return failure.reason.ends_with(k_revoked); }

bool chain_within_bounds(const std::vector<SharedBytes>& intermediates_der) {
  std::size_t size_bytes = 0;
  for (const SharedBytes& der : intermediates_der) size_bytes += der.size();
  return intermediates_der.size() <= std::size_t{k_max_chain_depth} && size_bytes <= k_max_chain_size_bytes;
}

Result<std::shared_ptr<const Trust>> Trust::make(TrustSettings settings) {
  std::shared_ptr<Trust> trust(new Trust(std::move(settings)));
  for (const auto& der : trust->settings_.root_certificates_der) {
    auto root = read_x509(der);
    if (!root) return Failure{"a root-cert is not an X.509 certificate in DER"};
    trust->roots_.push_back(std::move(root));
  }
  return std::shared_ptr<const Trust>(trust);
}

Outcome<> Trust::check(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                       WallMs now_ms) const {
  const auto chain = trusted_chain(certificate, others_der, now_ms);
  if (!chain) return chain.error();
  return Done{};
}

Result<TrustedChain> Trust::trusted_chain(const Certificate& certificate,
                                          const std::vector<SharedBytes>& others_der, WallMs now_ms) const {
  if (!same_name(certificate.overlay_name(), settings_.overlay_name))
    return refused("of another overlay (" + certificate.overlay_name() + ")");
  if (!certificate.valid_at(now_ms))
    return refused(now_ms < certificate.not_before_ms() ? "not valid yet" : "expired");
  for (const NodeId& node : certificate.node_ids()) {
    if (is_bad_node(node)) return refused("Node-ID " + node.hex() + std::string(k_revoked));
  }
  if (settings_.scheme) {
    const auto vouched = settings_.scheme->vouched_for(certificate);
    if (!vouched) return vouched.error();
    return TrustedChain{certificate.not_after_ms(), nullptr};
  }
  if (certificate.x509() == nullptr) return refused("not an X.509 certificate");
  if (settings_.self_signed_permitted) {
    const auto own = check_self_signed(certificate, *settings_.self_signed_permitted);
    if (own) return TrustedChain{certificate.not_after_ms(), nullptr};
    if (roots_.empty()) return own.error();
  }
  if (roots_.empty()) return refused("this overlay has no root");
  return check_chain(certificate, others_der, now_ms);
}

Result<TrustedChain> Trust::check_chain(const Certificate& certificate,
                                        const std::vector<SharedBytes>& others_der, WallMs now_ms) const {
  const Stack roots = new_stack();
  for (const auto& root : roots_) sk_X509_push(roots.get(), root.get());
  const Stack others = new_stack();
  std::vector<std::shared_ptr<X509>> kept;
  for (const auto& der : others_der) {
    if (der.size() > k_max_certificate_size_bytes || equal(der, certificate.der())) continue;
    if (auto other = read_x509(der)) {
      sk_X509_push(others.get(), other.get());
      kept.push_back(std::move(other));
    }
  }
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
  if (!store || !context ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.x509(), others.get()) != 1)
    return refused("OpenSSL cannot check it");
  X509_STORE_CTX_set0_trusted_stack(context.get(), roots.get());
  set_rules(context.get(), now_ms);
  if (X509_verify_cert(context.get()) != 1)
    return refused(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(context.get());
  if (!intermediates_are_authorities(chain)) return refused("an intermediate is not an authority");
  TrustedChain out{chain_ends_ms(chain, certificate.not_after_ms()), intermediates_of(chain)};
  if (out.intermediates && !chain_within_bounds(*out.intermediates)) return refused("its chain is too large");
  return out;
}

}  // namespace ringway::security

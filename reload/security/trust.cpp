#include "reload/security/trust.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cctype>
#include <ctime>

namespace ringway::security {
namespace {

std::shared_ptr<X509> read_x509(BytesView der) {
  const unsigned char* at = der.data();
  return {d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free};
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

struct StackDeleter {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), StackDeleter>;

Outcome<> check_self_signed(const Certificate& certificate, SelfSignedDigest digest) {
  if (X509_verify(certificate.x509(), certificate.public_key()) != 1)
    return Failure{"certificate: not signed with its own key"};
  const Bytes key = certificate.public_key_info_der();
  const auto& nodes = certificate.node_ids();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (nodes[i] != self_signed_node_id(key, digest, static_cast<std::uint32_t>(i + 1), nodes.size()))
      return Failure{"certificate: Node-ID is not derived from the key"};
  return Done{};
}

}  // namespace

Result<std::shared_ptr<const Trust>> Trust::make(TrustSettings settings) {
  std::shared_ptr<Trust> trust(new Trust(std::move(settings)));
  for (const auto& der : trust->settings_.root_certificates_der) {
    auto root = read_x509(der);
    if (!root) return Failure{"root-cert is not an X.509 certificate in DER"};
    trust->roots_.push_back(std::move(root));
  }
  return std::shared_ptr<const Trust>(trust);
}

Outcome<> Trust::check(const Certificate& certificate, const std::vector<SharedBytes>& others_der,
                       WallMs now_ms) const {
  if (!same_name(certificate.overlay_name(), settings_.overlay_name))
    return Failure{"certificate: of another overlay (" + certificate.overlay_name() + ")"};
  if (!certificate.valid_at(now_ms))
    return Failure{now_ms < certificate.not_before_ms() ? "certificate: not valid yet"
                                                        : "certificate: expired"};
  for (const NodeId& node : certificate.node_ids())
    if (is_bad_node(node)) return Failure{"certificate: Node-ID " + node.hex() + " is revoked (bad-node)"};

  if (settings_.self_signed_permitted &&
      check_self_signed(certificate, *settings_.self_signed_permitted).ok())
    return Done{};
  if (roots_.empty())
    return Failure{"certificate: neither self-signed as this overlay permits nor is there a root"};

  const Stack roots(sk_X509_new_null());
  const Stack others(sk_X509_new_null());
  for (const auto& root : roots_) sk_X509_push(roots.get(), root.get());
  std::vector<std::shared_ptr<X509>> kept;
  for (const auto& der : others_der) {
    if (equal(der, certificate.der()) || der.size() > k_max_certificate_size_bytes) continue;
    if (auto other = read_x509(der)) {
      sk_X509_push(others.get(), other.get());
      kept.push_back(std::move(other));
    }
  }
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> context(X509_STORE_CTX_new(),
                                                                                X509_STORE_CTX_free);
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store(X509_STORE_new(), X509_STORE_free);
  if (!context || !store ||
      X509_STORE_CTX_init(context.get(), store.get(), certificate.x509(), others.get()) != 1)
    return Failure{"certificate: cannot be checked"};
  X509_STORE_CTX_set0_trusted_stack(context.get(), roots.get());
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(rules, static_cast<std::time_t>(now_ms / 1000));
  X509_VERIFY_PARAM_set_depth(rules, k_max_chain_depth);
  X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_ANY);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT);
  if (X509_verify_cert(context.get()) == 1) return Done{};
  return Failure{std::string("certificate: ") +
                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))};
}

}  // namespace ringway::security

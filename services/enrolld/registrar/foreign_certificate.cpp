#include "services/enrolld/registrar/foreign_certificate.hpp"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>

namespace ringway::enrolld {
namespace {

constexpr std::size_t k_max_certificates = 8;
constexpr std::size_t k_max_certificate_size_bytes = 16384;
constexpr int k_max_depth = 5;

using X509Own = std::unique_ptr<X509, decltype(&X509_free)>;
using Store = std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)>;
using Context = std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using Stack = std::unique_ptr<STACK_OF(X509), decltype(&free_stack)>;

X509Own parse(BytesView der) {
  const unsigned char* at = der.data();
  X509Own out(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (at != der.data() + der.size()) out.reset();
  return out;
}

std::vector<std::string> mail_names(X509* certificate) {
  std::vector<std::string> out;
  const GeneralNames names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_EMAIL) continue;
    const ASN1_IA5STRING* text = name->d.rfc822Name;
    // As it came, with a NUL if there is one: it is compared whole.
    out.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                     static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  return out;
}

Outcome<> verify(X509* leaf, STACK_OF(X509) * others, const std::vector<SharedBytes>& roots, WallMs now_ms) {
  const Store store(X509_STORE_new(), X509_STORE_free);
  const Context context(X509_STORE_CTX_new(), X509_STORE_CTX_free);
  if (!store || !context) return Failure{"no memory"};
  for (const SharedBytes& der : roots) {
    const auto root = parse(der);
    if (!root || X509_STORE_add_cert(store.get(), root.get()) != 1)
      return Failure{"a trusted authority's certificate cannot be read"};
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf, others) != 1) return Failure{"no memory"};
  X509_VERIFY_PARAM* how = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(how, static_cast<std::time_t>(now_ms / 1000));
  X509_VERIFY_PARAM_set_depth(how, k_max_depth);
  if (X509_VERIFY_PARAM_set_purpose(how, X509_PURPOSE_SSL_CLIENT) != 1) return Failure{"no purpose"};
  if (X509_verify_cert(context.get()) == 1) return Done{};
  return Failure{X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))};
}

}  // namespace

Result<std::vector<std::string>> names_vouched_for(const std::vector<SharedBytes>& chain,
                                                   const std::vector<SharedBytes>& roots, WallMs now_ms) {
  if (chain.empty()) return Failure{"the client showed no certificate"};
  if (chain.size() > k_max_certificates) return Failure{"the client showed too many certificates"};
  const Stack others(sk_X509_new_null(), free_stack);
  X509Own leaf(nullptr, X509_free);
  for (const SharedBytes& der : chain) {
    auto one = der.size() <= k_max_certificate_size_bytes ? parse(der) : X509Own(nullptr, X509_free);
    if (!one) return Failure{"the client showed what is no certificate"};
    if (!leaf)
      leaf = std::move(one);
    else if (sk_X509_push(others.get(), one.get()) > 0)
      (void)one.release();  // the stack owns it now
  }
  if (auto good = verify(leaf.get(), others.get(), roots, now_ms); !good) return good.error();
  return mail_names(leaf.get());
}

}  // namespace ringway::enrolld

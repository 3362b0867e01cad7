#include "services/api/policy.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>

#include "reload/bytes.hpp"

namespace ringway::services {
namespace {

using BioPtr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using X509Ptr = std::unique_ptr<::X509, decltype(&X509_free)>;

X509Ptr first_certificate(const std::string& pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  return {bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free};
}

std::string subject_of(const ::X509* certificate) {
  const BioPtr out(BIO_new(BIO_s_mem()), &BIO_free);
  if (!out || X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) < 0)
    return "";
  const char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::vector<const PolicyRule*> rules_for(const ApiPolicy& policy, const std::vector<ClientId>& names) {
  std::vector<const PolicyRule*> out;
  for (const PolicyRule& rule : policy.rules()) {
    if (std::find(names.begin(), names.end(), rule.client) != names.end()) out.push_back(&rule);
  }
  return out;
}

}  // namespace

bool PolicyRule::allows(const ApiCall& call) const {
  const ApiMethodTraits& traits = traits_of(call.method);
  if (!methods.test(static_cast<std::size_t>(call.method))) return false;
  if (traits.writes && !as_anybody && !(call.as_user.empty() ? as_own_user : as_users.contains(call.as_user)))
    return false;
  return !traits.has_key ||
         std::any_of(key_prefixes.begin(), key_prefixes.end(),
                     [&](const std::string& prefix) { return call.key.starts_with(prefix); });
}

std::set<::uid_t> ApiPolicy::socket_users() const {
  std::set<::uid_t> out;
  for (const PolicyRule& rule : rules_) {
    if (const auto* user = std::get_if<SocketUser>(&rule.client)) out.insert(user->uid);
  }
  return out;
}

bool ApiClient::may(const ApiCall& call) const {
  return std::any_of(rules.begin(), rules.end(), [&](const PolicyRule* rule) { return rule->allows(call); });
}

ApiClient client_of_socket(const ApiPolicy& policy, ::uid_t uid) {
  return {"uid " + std::to_string(uid), rules_for(policy, {SocketUser{uid}})};
}

ApiClient client_of_certificate(const ApiPolicy& policy, const std::string& pem) {
  const auto certificate = first_certificate(pem);
  if (!certificate) return unknown_client();
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.get(), &der);
  if (size <= 0) return unknown_client();
  CertificateSha256 sha256;
  SHA256(der, static_cast<std::size_t>(size), sha256.digest.data());
  OPENSSL_free(der);
  std::vector<ClientId> names{sha256};
  // One without a name is nobody's namesake.
  const std::string subject = subject_of(certificate.get());
  if (!subject.empty()) names.emplace_back(CertificateSubject{subject});
  return {"certificate " + to_hex(BytesView{sha256.digest}) + " (" + subject + ")", rules_for(policy, names)};
}

ApiClient unknown_client() { return {"unknown", {}}; }

}  // namespace ringway::services

#include "services/ringwayd/credentials.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"

namespace ringway::services {
namespace {

constexpr std::uintmax_t k_max_file_bytes = 4U << 20;
constexpr WallMs k_before_expiration_ms = 1000;  // certificates end with a whole second

Result<config::ConfigurationPtr> load_document(const std::string& path, WallMs now_ms) {
  auto text = read_small_file(path);
  if (!text) return text.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "");
  if (!configuration) return Failure{path + ": " + configuration.error().reason};
  const auto& content = **configuration;
  if (!content.signatures.empty()) {
    // Of an expired one: was it right when the document was? Its signer often ends with it.
    if (content.expired_at(now_ms)) now_ms = *content.expiration_ms - k_before_expiration_ms;
    const auto trust = security::Trust::make(content.trust_settings());
    if (!trust) return Failure{path + ": " + trust.error().reason};
    const auto checked = config::check_signature(content, content.configuration_signers, **trust, now_ms);
    if (!checked) return Failure{path + ": the signature is wrong: " + checked.error().reason};
  }
  return configuration;
}

bool readable_by_others(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 077U) != 0;
}

}  // namespace

Result<std::string> read_small_file(const std::string& path) {
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(path, unreadable);
  if (unreadable) return Failure{"cannot read " + path + ": " + unreadable.message()};
  if (size > k_max_file_bytes) return Failure{path + " is too large to be what it should be"};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in) return Failure{"cannot read " + path + ": " + std::strerror(errno)};
  return text.str();
}

std::string find_document(const std::string& folder, const std::string& parent) {
  const std::string own = folder + "/overlay.xml";
  std::error_code ignored;
  return std::filesystem::exists(own, ignored) ? own : parent + "/overlay.xml";
}

Result<Credentials> load_credentials(const std::string& folder, const std::string& document, WallMs now_ms) {
  auto configuration = load_document(document, now_ms);
  if (!configuration) return configuration.error();
  auto key = read_small_file(folder + "/node.key");
  if (!key) return key.error();
  auto certificates = read_small_file(folder + "/node.crt");
  if (!certificates) return certificates.error();
  const auto signer = security::load_signer(*key, *certificates);
  if (!signer) return Failure{folder + ": node.key and node.crt: " + signer.error().reason};

  const auto trust = security::Trust::make((*configuration)->trust_settings());
  if (!trust) return Failure{document + ": " + trust.error().reason};
  const auto& certificate = (*signer)->certificate();
  // The document that is used instead of an expired one may have other roots.
  const auto trusted = (*configuration)->expired_at(now_ms)
                           ? Outcome<>{Done{}}
                           : (*trust)->check(*certificate, (*signer)->chain_der(), now_ms);
  if (!trusted) return Failure{folder + "/node.crt is not of this overlay: " + trusted.error().reason};

  Credentials out;
  out.secret_readable_by_others = (*configuration)->shared_secret && readable_by_others(document);
  out.configuration = std::move(*configuration);
  out.private_key_pem = std::move(*key);
  out.certificates_pem = std::move(*certificates);
  out.node = (*signer)->node_id();
  out.user = certificate->user_name();
  out.not_after_ms = certificate->not_after_ms();
  out.key_readable_by_others = readable_by_others(folder + "/node.key");
  return out;
}

}  // namespace ringway::services

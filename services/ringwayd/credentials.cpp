#include "services/ringwayd/credentials.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "reload/config/utc_time.hpp"
#include "reload/security/signer.hpp"
#include "reload/security/trust.hpp"
#include "services/upkeep/credential_files.hpp"

namespace ringway::services {
namespace {

constexpr std::uintmax_t k_max_file_bytes = 4U << 20;
constexpr WallMs k_before_expiration_ms = 1000;  // certificates end with a whole second

Result<config::ConfigurationPtr> load_document(const std::string& path, WallMs now_ms) {
  auto text = read_small_file(path);
  if (!text) return text.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "");
  if (!configuration) return Failure{path + ": " + configuration.error().reason};
  if (const auto good = check_document(**configuration, now_ms); !good)
    return Failure{path + ": " + good.error().reason};
  return configuration;
}

Failure ended(const std::string& folder, WallMs at_ms) {
  const std::string what = folder + "/node.crt ended at " + config::write_utc(at_ms) + ": ";
  if (std::filesystem::exists(folder + "/enrollment.json"))
    return {what +
            "an ended certificate cannot be renewed. Enrol again with ringway enroll --force, then start the "
            "peer"};
  return {what + "get a new one with ringway-enrolld issue --renew"};
}

}  // namespace

bool readable_by_others(const std::string& path) {
  struct ::stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & 077U) != 0;
}

Outcome<> check_document(const config::Configuration& configuration, WallMs now_ms) {
  if (configuration.signatures.empty()) return Done{};
  // The signer of an expired one often ends with it.
  if (configuration.expired_at(now_ms)) now_ms = *configuration.expiration_ms - k_before_expiration_ms;
  const auto trust = security::Trust::make(configuration.trust_settings());
  if (!trust) return trust.error();
  const auto checked =
      config::check_signature(configuration, configuration.configuration_signers, **trust, now_ms);
  if (!checked) return Failure{"the signature is wrong: " + checked.error().reason};
  return Done{};
}

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
  auto pair = CredentialFiles(folder).load();
  if (!pair) return pair.error();
  const auto signer = security::load_signer(pair->private_key_pem, pair->certificates_pem);
  if (!signer) return Failure{folder + ": node.key and node.crt: " + signer.error().reason};

  const auto trust = security::Trust::make((*configuration)->trust_settings());
  if (!trust) return Failure{document + ": " + trust.error().reason};
  const auto& certificate = (*signer)->certificate();
  if (certificate->not_after_ms() < now_ms) return ended(folder, certificate->not_after_ms());
  // The document that is used instead of an expired one may have other roots.
  const auto trusted = (*configuration)->expired_at(now_ms)
                           ? Outcome<>{Done{}}
                           : (*trust)->check(*certificate, (*signer)->chain_der(), now_ms);
  if (!trusted && !security::is_revocation(trusted.error()))
    return Failure{folder + "/node.crt is not of this overlay: " + trusted.error().reason};

  Credentials out;
  out.secret_readable_by_others = (*configuration)->shared_secret && readable_by_others(document);
  out.configuration = std::move(*configuration);
  out.private_key_pem = std::move(pair->private_key_pem);
  out.certificates_pem = std::move(pair->certificates_pem);
  out.node = (*signer)->node_id();
  out.user = certificate->user_name();
  out.not_after_ms = certificate->not_after_ms();
  out.key_readable_by_others = readable_by_others(folder + "/node.key");
  return out;
}

}  // namespace ringway::services

#include "services/ringwayd/own_credentials.hpp"

#include <filesystem>
#include <utility>

#include "reload/security/signer.hpp"
#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/authority/self_signed.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/ringwayd/credentials.hpp"

namespace ringway::services {
namespace {

constexpr WallMs k_day_ms = 86'400'000;
constexpr WallMs k_valid_ms = 5 * 365 * k_day_ms;
constexpr WallMs k_renewed_before_end_ms = 365 * k_day_ms;
// Clocks of an emergency network may be far apart.
constexpr WallMs k_clock_difference_ms = 7 * k_day_ms;

Result<config::ConfigurationPtr> read_document(const std::string& path) {
  const auto text = read_small_file(path);
  if (!text) return text.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "");
  if (!configuration) return Failure{path + ": " + configuration.error().reason};
  return configuration;
}

Outcome<> make_folder(const std::string& folder) {
  std::error_code failed;
  if (std::filesystem::create_directories(folder, failed))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  if (failed) return Failure{"cannot make the folder " + folder + ": " + failed.message()};
  return Done{};
}

Result<OwnCredentials> make_all(const std::string& folder, const SelfSignedRequest& request) {
  const auto made = make_self_signed(request);
  if (!made) return made.error();
  // The key last: what is cut short in between is made anew.
  if (auto done = enrolld::write_file(folder + "/node.crt", made->certificate_pem, enrolld::Access::everyone);
      !done)
    return done.error();
  if (auto done =
          enrolld::write_file(folder + "/node.key", made->private_key_pem, enrolld::Access::owner_only);
      !done)
    return done.error();
  return OwnCredentials{true, false};
}

Result<OwnCredentials> keep(const std::string& folder, const SelfSignedRequest& request, WallMs now_ms) {
  const auto key_pem = read_small_file(folder + "/node.key");
  if (!key_pem) return key_pem.error();
  const auto certificate_pem = read_small_file(folder + "/node.crt");
  if (!certificate_pem) return certificate_pem.error();
  const auto signer = security::load_signer(*key_pem, *certificate_pem);
  if (!signer) return Failure{folder + ": node.key and node.crt: " + signer.error().reason};
  const auto& certificate = *(*signer)->certificate();
  if (certificate.user_name() != request.user_name)
    return Failure{folder + " holds the credentials of " + certificate.user_name() + ", not of " +
                   request.user_name + ": give another data folder"};
  if (certificate.overlay_name() != request.overlay_name ||
      certificate.not_after_ms() > now_ms + k_renewed_before_end_ms)
    return OwnCredentials{};
  const auto key = read_key(*key_pem);
  if (!key) return key.error();
  const auto renewed = self_certify(request, *key);
  if (!renewed) return renewed.error();
  if (auto done = enrolld::write_file(folder + "/node.crt", renewed->chain_pem, enrolld::Access::everyone);
      !done)
    return done.error();
  return OwnCredentials{false, true};
}

// A name of another domain would look as if that domain vouched for it, and nobody does (docs/adhoc.md). That
// is our own rule for what is made here (RFC 6940 §11.3 leaves it to applications): a certificate of another
// implementation may have any name (§11.3.1), and is taken.
Result<std::string> user_name_of(const std::string& user, const std::string& overlay_name) {
  const auto at = user.find('@');
  auto name = normal_user_name(at == std::string::npos ? user + "@" + overlay_name : user);
  if (auto good = check_user_name(name); !good) return good.error();
  if (name != normal_user_name(name.substr(0, name.find('@')) + "@" + overlay_name))
    return Failure{"--self-signed-user " + user +
                   ": who makes the certificate himself has a name of this overlay: " +
                   name.substr(0, name.find('@')) + "@" + overlay_name};
  return name;
}

}  // namespace

bool is_ad_hoc(const config::Configuration& configuration) {
  return configuration.self_signed_permitted && configuration.root_certificates_der.empty() &&
         configuration.enrollment_servers.empty();
}

Result<OwnCredentials> ensure_own_credentials(const std::string& folder, const std::string& document,
                                              const std::string& user, WallMs now_ms) {
  const auto configuration = read_document(document);
  if (!configuration) return configuration.error();
  const auto& overlay = **configuration;
  if (!overlay.self_signed_permitted)
    return Failure{document + ": " + overlay.instance_name +
                   " does not permit self-signed certificates: enrol, and start with --credentials"};
  SelfSignedRequest request;
  auto user_name = user_name_of(user, overlay.instance_name);
  if (!user_name) return user_name.error();
  request.user_name = std::move(*user_name);
  request.overlay_name = overlay.instance_name;
  request.digest = *overlay.self_signed_permitted;
  request.validity = {now_ms - k_clock_difference_ms, now_ms + k_valid_ms};
  if (auto made = make_folder(folder); !made) return made.error();
  if (!enrolld::exists(folder + "/node.key")) return make_all(folder, request);
  return keep(folder, request, now_ms);
}

}  // namespace ringway::services

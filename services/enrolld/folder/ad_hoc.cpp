#include "services/enrolld/folder/ad_hoc.hpp"

#include <openssl/rand.h>

#include <chrono>
#include <optional>

#include "reload/config/base64.hpp"
#include "reload/config/shared_secret.hpp"
#include "services/enrolld/authority/names.hpp"
#include "services/enrolld/authority/self_signed.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/standard_kinds.hpp"

namespace ringway::enrolld {
namespace {

constexpr WallMs k_day_ms = 86'400'000;
constexpr WallMs k_second_ms = 1000;
// Nobody's clock is set in an emergency: a document must not be of tomorrow for those who are a little
// behind.
constexpr WallMs k_clock_difference_ms = 7 * k_day_ms;
constexpr std::size_t k_secret_size_bytes = 32;

services::Validity valid_for(std::int64_t days) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto now_ms = static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
  const WallMs end_ms = now_ms + static_cast<WallMs>(days) * k_day_ms;
  return {now_ms - k_clock_difference_ms, end_ms / k_second_ms * k_second_ms};
}

Result<std::string> new_secret() {
  // Drawn again in the rare case that it does not look like a key.
  for (int i = 0; i < 16; ++i) {
    Bytes random(k_secret_size_bytes);
    if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1)
      return Failure{"no random bytes from the system"};
    auto secret = config::to_base64(random);
    if (config::why_no_key(secret).empty()) return secret;
  }
  return Failure{"the system's random bytes are not random"};
}

Result<std::string> secret_of_file(const std::string& path) {
  auto text = read_file(path);
  if (!text) return text;
  auto secret = text->substr(0, text->find_first_of("\r\n"));
  if (const auto why = config::why_no_key(secret); !why.empty())
    return Failure{
        path + " holds no key of 128 bits or more: " + why +
        ". Passwords can be guessed by whoever hears one handshake; --new-shared-secret makes a key"};
  return secret;
}

Result<std::optional<std::string>> secret_for(const AdHocOptions& options) {
  if (!options.new_shared_secret && options.shared_secret_file.empty()) return std::optional<std::string>();
  auto secret = options.new_shared_secret ? new_secret() : secret_of_file(options.shared_secret_file);
  if (!secret) return secret.error();
  return std::optional<std::string>(std::move(*secret));
}

config::Configuration document_of(const AdHocOptions& options, const NodeId& signer, WallMs end_ms) {
  config::Configuration configuration;
  configuration.instance_name = options.overlay_name;
  configuration.sequence = 1;
  configuration.expiration_ms = end_ms;
  configuration.self_signed_permitted = options.digest;
  configuration.bootstrap_nodes = options.bootstrap_nodes;
  configuration.no_ice = true;
  configuration.max_message_size_bytes = options.max_message_size_bytes;
  configuration.replicas = options.replicas;
  configuration.chord_update_interval = std::chrono::seconds{options.chord_update_interval_s};
  configuration.chord_ping_interval = std::chrono::seconds{options.chord_ping_interval_s};
  configuration.kind_signers = {signer};
  configuration.configuration_signers = {signer};
  configuration.mandatory_extensions = {std::string(config::k_access_namespace)};
  configuration.kinds = standard_kinds();
  return configuration;
}

Outcome<> check_folder(const AdHocOptions& options) {
  if (options.force) return Done{};
  for (const char* name : {"/root.crt", "/signer.key", "/overlay.xml"}) {
    if (exists(options.directory + name))
      return Failure{options.directory + " holds an overlay already; --force makes a new one in its place"};
  }
  return Done{};
}

}  // namespace

Result<AdHoc> init_ad_hoc(const AdHocOptions& options) {
  const std::string& directory = options.directory;
  if (auto good = services::check_overlay_name(options.overlay_name); !good) return good.error();
  auto secret = secret_for(options);
  if (!secret) return secret.error();
  if (auto ready = make_directory(directory); !ready) return ready.error();
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  if (auto free = check_folder(options); !free) return free.error();

  const auto validity = valid_for(options.validity_days);
  const auto key = services::make_key(services::KeyType::p256);
  if (!key) return key.error();
  const std::string signer_name = services::normal_user_name("configuration@" + options.overlay_name);
  const auto made =
      services::self_certify({signer_name, options.overlay_name, options.digest, validity}, *key);
  if (!made) return made.error();
  const auto key_pem = services::write_key(*key);
  if (!key_pem) return key_pem.error();
  const auto signer = security::load_signer(*key_pem, made->chain_pem);
  if (!signer) return signer.error();
  Keyring keyring(options.keys);
  const auto sealed = keyring.sealed(*key);
  if (!sealed) return sealed.error();

  auto configuration = document_of(options, (*signer)->node_id(), validity.not_after_ms);
  configuration.shared_secret = std::move(*secret);
  const auto document = config::write_document(configuration, **signer, **signer);
  if (!document) return document.error();
  const bool has_secret = configuration.shared_secret.has_value();
  const Access document_access = has_secret ? Access::owner_only : Access::everyone;
  if (auto w = write_file(directory + "/signer.key", *sealed, Access::owner_only); !w) return w.error();
  if (auto w = write_file(directory + "/signer.crt", made->chain_pem, Access::everyone); !w) return w.error();
  if (auto w = write_file(directory + "/overlay.xml", std::string(text_of(*document)), document_access); !w)
    return w.error();
  return AdHoc{has_secret};
}

}  // namespace ringway::enrolld

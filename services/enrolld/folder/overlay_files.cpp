#include "services/enrolld/folder/overlay_files.hpp"

#include <algorithm>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/name_register.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::uint32_t k_value_count = 1024;
constexpr std::uint32_t k_value_size_bytes = 32768;
constexpr WallMs k_day_ms = 86'400'000;
// Certificates begin an hour ago, so that a peer whose clock is a little behind accepts them.
constexpr WallMs k_clock_difference_ms = 3'600'000;

WallMs wall_now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

services::Validity valid_for(std::int64_t days) {
  const WallMs now_ms = wall_now_ms();
  return {now_ms - k_clock_difference_ms, now_ms + static_cast<WallMs>(days) * k_day_ms};
}

config::KindDefinition limited(config::KindDefinition kind, std::uint32_t max_count,
                               std::uint32_t max_size_bytes) {
  kind.max_count = max_count;
  kind.max_size_bytes = max_size_bytes;
  return kind;
}

config::KindDefinition private_kind(KindId id, config::AccessPolicy access) {
  config::KindDefinition kind;
  kind.kind = id;
  kind.model = wire::DataModel::dictionary;
  kind.access = access;
  return limited(std::move(kind), k_value_count, k_value_size_bytes);
}

config::Kinds standard_kinds() {
  config::Kinds kinds;
  kinds.add(limited(*config::iana_kind(config::k_sip_registration), 32, 1024));
  kinds.add(limited(*config::iana_kind(config::k_turn_service), 1, 64));
  kinds.add(limited(*config::iana_kind(config::k_certificate_by_node), 8, 4096));
  kinds.add(limited(*config::iana_kind(config::k_certificate_by_user), 32, 4096));
  kinds.add(private_kind(config::k_owner_value, config::AccessPolicy::owner_path_match));
  kinds.add(private_kind(config::k_shared_value, config::AccessPolicy::shared_writer_match));
  return kinds;
}

// The authority's own folder, loaded.
struct Folder {
  services::Authority authority;
  std::shared_ptr<const security::Signer> signer;
  config::ConfigurationPtr configuration;
  NameRegister names;
};

Result<std::shared_ptr<const security::Signer>> load_signer(const std::string& directory) {
  const auto key = read_file(directory + "/signer.key");
  if (!key) return key.error();
  const auto certificate = read_file(directory + "/signer.crt");
  if (!certificate) return certificate.error();
  auto signer = security::load_signer(*key, *certificate);
  if (!signer) return Failure{directory + "/signer.crt: " + signer.error().reason};
  return signer;
}

Result<services::Authority> load_authority(const std::string& directory, const std::string& overlay_name) {
  const auto key = read_file(directory + "/root.key");
  if (!key) return key.error();
  const auto certificate = read_file(directory + "/root.crt");
  if (!certificate) return certificate.error();
  auto authority = services::Authority::load(overlay_name, *key, *certificate);
  if (!authority) return Failure{directory + ": " + authority.error().reason};
  return authority;
}

Result<Folder> load(const std::string& directory) {
  if (!exists(directory + "/root.key"))
    return Failure{directory + " holds no authority: make one with ringway-enrolld init"};
  const auto document = read_file(directory + "/overlay.xml");
  if (!document) return document.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*document))), "");
  if (!configuration) return Failure{directory + "/overlay.xml: " + configuration.error().reason};
  auto authority = load_authority(directory, (*configuration)->instance_name);
  if (!authority) return authority.error();
  auto signer = load_signer(directory);
  if (!signer) return signer.error();
  const auto names_json = read_file(directory + "/issued.json");
  if (!names_json) return names_json.error();
  auto names = NameRegister::parse(*names_json);
  if (!names) return Failure{directory + "/issued.json: " + names.error().reason};
  return Folder{std::move(*authority), *signer, *configuration, std::move(*names)};
}

struct File {
  std::string path;
  std::string contents;
  Access access;
};
Outcome<> write_files(const std::vector<File>& files) {
  for (const File& file : files) {
    if (auto written = write_file(file.path, file.contents, file.access); !written) return written;
  }
  return Done{};
}

config::Configuration first_configuration(const InitOptions& options, const services::Authority& authority,
                                          const NodeId& signer, WallMs expiration_ms) {
  config::Configuration configuration;
  configuration.instance_name = options.overlay_name;
  configuration.sequence = 1;
  configuration.expiration_ms = expiration_ms;
  configuration.root_certificates_der = {services::certificate_der(authority.root())};
  configuration.bootstrap_nodes = options.bootstrap_nodes;
  configuration.no_ice = true;  // links are TLS over TCP without ICE
  configuration.max_message_size_bytes = options.max_message_size_bytes;
  configuration.chord_update_interval = std::chrono::seconds{options.chord_update_interval_s};
  configuration.chord_ping_interval = std::chrono::seconds{options.chord_ping_interval_s};
  configuration.kind_signers = {signer};
  configuration.configuration_signers = {signer};
  configuration.mandatory_extensions = {std::string(config::k_access_namespace)};
  configuration.kinds = standard_kinds();
  return configuration;
}

// The Node-IDs of a certificate: those the user has had, then new ones (RFC 6940 §11.3).
Result<std::vector<NodeId>> nodes_for(const IssueOptions& options, const NameRegister& names) {
  std::vector<NodeId> nodes;
  const auto* known = names.find(options.user_name);
  if (known != nullptr && !options.renew)
    return Failure{options.user_name +
                   " has credentials already; --renew issues new ones with the same Node-IDs"};
  if (known == nullptr && options.renew) return Failure{options.user_name + " has no credentials to renew"};
  if (const auto other = names.lookalike(options.user_name); !other.empty())
    return Failure{options.user_name + " is too much like " + other + ", which is taken"};
  if (known != nullptr) nodes = *known;
  while (nodes.size() < options.nodes) {
    const auto node = services::random_node_id();
    if (!node) return node.error();
    nodes.push_back(*node);
  }
  return nodes;
}

Outcome<> check_options(const IssueOptions& options) {
  if (auto name = services::check_user_name(options.user_name); !name) return name;
  if (options.nodes < 1 || options.nodes > security::k_max_node_ids_per_certificate)
    return Failure{"--nodes goes from 1 to " + std::to_string(security::k_max_node_ids_per_certificate)};
  return Done{};
}

// Nobody gets a second key in the name of the document's signer, and no certificate outlives the root.
Outcome<> check_against(const Folder& folder, const IssueOptions& options) {
  if (options.user_name == folder.signer->certificate()->user_name())
    return Failure{options.user_name + " signs the configuration document: nobody else gets that name"};
  const auto root_end_ms = services::not_after_ms(folder.authority.root());
  if (!root_end_ms) return root_end_ms.error();
  const WallMs now_ms = wall_now_ms();
  const WallMs most_days = *root_end_ms > now_ms ? (*root_end_ms - now_ms) / k_day_ms : 0;
  if (static_cast<WallMs>(options.validity_days) <= most_days) return Done{};
  if (most_days == 0)
    return Failure{"the overlay's root certificate has less than a day left: nothing can be issued"};
  return Failure{"the overlay's root certificate ends before that: --validity-days goes up to " +
                 std::to_string(most_days)};
}

// Whose certificate it is; a failure when it is none that can be read.
Result<std::string> holder_of(const std::string& path) {
  const auto pem = read_file(path);
  if (!pem) return pem.error();
  const auto x509 = services::read_certificate(*pem);
  if (!x509) return Failure{path + ": " + x509.error().reason};
  const auto certificate = security::Certificate::parse(services::certificate_der(*x509));
  if (!certificate) return Failure{path + ": " + certificate.error().reason};
  return normal_user_name((*certificate)->user_name());
}

// A key that is overwritten is lost: without --force only a renewal may, and only of the same user's.
Outcome<> check_target(const IssueOptions& options) {
  if (options.force) return Done{};
  const std::string key = options.out + "/node.key", certificate = options.out + "/node.crt";
  if (!options.renew || !exists(certificate)) {
    for (const std::string& path : {key, certificate})
      if (exists(path)) return Failure{path + " exists; --force overwrites it"};
    return Done{};
  }
  const auto holder = holder_of(certificate);
  if (!holder) return Failure{holder.error().reason + "; --force overwrites it"};
  if (*holder == options.user_name) return Done{};
  return Failure{certificate + " is " + *holder + "'s, not " + options.user_name +
                 "'s; give another folder with --out, or overwrite it with --force"};
}

// What an update leaves in the authority's folder, in this order: each of the files is right beside what
// there was before of the later ones.
struct Update {
  config::Configuration next;
  Updated told;
  std::vector<File> files;
};

Outcome<> renew_root(const std::string& directory, const services::Validity& validity, Folder& folder,
                     Update& update) {
  auto renewed = folder.authority.renewed(validity);
  if (!renewed) return renewed.error();
  const auto before = services::certificate_der(folder.authority.root());
  auto& roots = update.next.root_certificates_der;
  std::erase_if(roots, [&](const SharedBytes& der) { return equal(der, before); });
  roots.push_back(services::certificate_der(renewed->root()));
  folder.authority = std::move(*renewed);
  update.files.push_back(
      {directory + "/root.crt", services::certificate_pem(folder.authority.root()), Access::everyone});
  update.told.root_renewed = true;
  return Done{};
}

Outcome<> renew_signer(const std::string& directory, const services::Validity& validity, Folder& folder,
                       Update& update) {
  const auto key_pem = read_file(directory + "/signer.key");
  if (!key_pem) return key_pem.error();
  const auto key = services::read_key(*key_pem);
  if (!key) return Failure{directory + "/signer.key: " + key.error().reason};
  const auto& before = *folder.signer->certificate();
  const auto certificate = folder.authority.certify({before.user_name(), before.node_ids(), validity}, *key);
  if (!certificate) return certificate.error();
  auto signer = security::load_signer(*key_pem, *certificate);
  if (!signer) return signer.error();
  folder.signer = std::move(*signer);
  update.files.push_back({directory + "/signer.crt", *certificate, Access::everyone});
  update.told.signer_renewed = true;
  return Done{};
}

// A document can be checked for as long as its signer's certificate and the root are valid (RFC 6940 §11.1).
Outcome<> prolong(const std::string& directory, std::int64_t days, Folder& folder, Update& update) {
  const auto validity = valid_for(days);
  const WallMs end_ms = validity.not_after_ms / 1000 * 1000;  // certificates end with a whole second
  const auto root_end_ms = services::not_after_ms(folder.authority.root());
  if (!root_end_ms) return root_end_ms.error();
  if (*root_end_ms < end_ms) {
    if (auto done = renew_root(directory, validity, folder, update); !done) return done;
  }
  if (folder.signer->certificate()->not_after_ms() < end_ms) {
    if (auto done = renew_signer(directory, validity, folder, update); !done) return done;
  }
  update.next.expiration_ms = end_ms;
  return Done{};
}

}  // namespace

Outcome<> init(const InitOptions& options) {
  const std::string& directory = options.directory;
  if (auto good = services::check_overlay_name(options.overlay_name); !good) return good;
  if (auto ready = make_directory(directory); !ready) return ready;
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  if (exists(directory + "/root.key") && !options.force) {
    return Failure{directory +
                   " holds an authority already; --force makes a new one, and every certificate of the "
                   "old one worthless"};
  }
  const auto validity = valid_for(options.validity_days);
  const auto authority = services::Authority::make(options.overlay_name, validity);
  if (!authority) return authority.error();
  const auto root_key = services::write_key(authority->root_key());
  if (!root_key) return root_key.error();
  const auto node = services::random_node_id();
  if (!node) return node.error();
  const std::string signer_name = normal_user_name("configuration@" + options.overlay_name);
  const auto credentials = authority->issue({signer_name, {*node}, validity});
  if (!credentials) return credentials.error();
  const auto signer = security::load_signer(credentials->private_key_pem, credentials->certificate_pem);
  if (!signer) return signer.error();
  const auto document = config::write_document(
      first_configuration(options, *authority, *node, validity.not_after_ms), **signer, **signer);
  if (!document) return document.error();
  NameRegister names;
  names.record(signer_name, {*node});  // nobody else gets the signer's name

  return write_files(
      {{directory + "/root.key", *root_key, Access::owner_only},
       {directory + "/root.crt", services::certificate_pem(authority->root()), Access::everyone},
       {directory + "/signer.key", credentials->private_key_pem, Access::owner_only},
       {directory + "/signer.crt", credentials->certificate_pem, Access::everyone},
       {directory + "/issued.json", names.to_json(), Access::owner_only},
       {directory + "/overlay.xml", std::string(text_of(*document)), Access::everyone}});
}

Result<Issued> issue(const IssueOptions& asked) {
  IssueOptions options = asked;
  options.user_name = normal_user_name(asked.user_name);
  if (auto good = check_options(options); !good) return good.error();
  if (auto free = check_target(options); !free) return free.error();
  const auto lock = FolderLock::take(options.directory);
  if (!lock) return lock.error();
  auto folder = load(options.directory);
  if (!folder) return folder.error();
  if (auto allowed = check_against(*folder, options); !allowed) return allowed.error();
  const auto nodes = nodes_for(options, folder->names);
  if (!nodes) return nodes.error();
  const auto credentials =
      folder->authority.issue({options.user_name, *nodes, valid_for(options.validity_days)});
  if (!credentials) return credentials.error();

  if (auto made = make_directory(options.out); !made) return made.error();
  // The name is taken before anyone holds a certificate for it.
  folder->names.record(options.user_name, *nodes);
  const auto written =
      write_files({{options.directory + "/issued.json", folder->names.to_json(), Access::owner_only},
                   {options.out + "/node.key", credentials->private_key_pem, Access::owner_only},
                   {options.out + "/node.crt", credentials->certificate_pem, Access::everyone},
                   {options.out + "/overlay.xml", std::string(text_of(folder->configuration->document)),
                    Access::everyone}});
  if (!written) return written.error();
  return Issued{*nodes};
}

Result<Updated> update(const UpdateOptions& options) {
  const auto lock = FolderLock::take(options.directory);
  if (!lock) return lock.error();
  auto folder = load(options.directory);
  if (!folder) return folder.error();
  Update update{*folder->configuration, {}, {}};
  config::Configuration& next = update.next;
  next.sequence = next.sequence == config::k_max_sequence ? 0 : static_cast<std::uint16_t>(next.sequence + 1);
  if (!options.bootstrap_nodes.empty()) next.bootstrap_nodes = options.bootstrap_nodes;
  next.bad_nodes.insert(options.bad_nodes.begin(), options.bad_nodes.end());
  const NodeId signer = folder->signer->node_id();
  if (next.bad_nodes.contains(signer))
    return Failure{"Node-ID " + signer.hex() + " signs this document: shutting it out would end the overlay"};
  if (options.validity_days) {
    const auto done = prolong(options.directory, *options.validity_days, *folder, update);
    if (!done) return done.error();
  }
  const auto document = config::write_document(next, *folder->signer, *folder->signer);
  if (!document) return document.error();
  update.files.push_back(
      {options.directory + "/overlay.xml", std::string(text_of(*document)), Access::everyone});
  if (const auto written = write_files(update.files); !written) return written.error();
  update.told.sequence = next.sequence;
  update.told.expiration_ms = next.expiration_ms;
  return update.told;
}

}  // namespace ringway::enrolld

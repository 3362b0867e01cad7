#include "services/enrolld/overlay_files.hpp"

#include <nlohmann/json.hpp>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/files.hpp"

namespace ringway::enrolld {
namespace {

constexpr std::uint32_t k_value_count = 1024;
constexpr std::uint32_t k_value_size_bytes = 32768;

WallMs wall_now_ms() {
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

// From an hour ago, so that a peer whose clock is a little behind accepts it.
services::Validity valid_for(WallMs now_ms, std::int64_t days) {
  return {now_ms - 3'600'000, now_ms + static_cast<WallMs>(days) * 86'400'000};
}

config::Kinds standard_kinds() {
  config::Kinds kinds;
  const auto registered = [&](KindId id, std::uint32_t max_count, std::uint32_t max_size_bytes) {
    auto kind = *config::iana_kind(id);
    kind.max_count = max_count;
    kind.max_size_bytes = max_size_bytes;
    kinds.add(std::move(kind));
  };
  registered(config::k_sip_registration, 32, 1024);
  registered(config::k_turn_service, 1, 64);
  registered(config::k_certificate_by_node, 8, 4096);
  registered(config::k_certificate_by_user, 32, 4096);
  config::KindDefinition owner;
  owner.kind = config::k_owner_value;
  owner.model = wire::DataModel::dictionary;
  owner.access = config::AccessPolicy::owner_path_match;
  owner.max_count = k_value_count;
  owner.max_size_bytes = k_value_size_bytes;
  config::KindDefinition shared = owner;
  shared.kind = config::k_shared_value;
  shared.access = config::AccessPolicy::shared_writer_match;
  kinds.add(owner);
  kinds.add(shared);
  return kinds;
}

// The authority's own folder, loaded.
struct Folder {
  services::Authority authority;
  std::shared_ptr<const security::Signer> signer;
  config::ConfigurationPtr configuration;
};

Result<Folder> load(const std::string& directory) {
  const auto root_key_pem = read_file(directory + "/root.key");
  if (!root_key_pem) return root_key_pem.error();
  const auto root_certificate = read_file(directory + "/root.crt");
  if (!root_certificate) return root_certificate.error();
  const auto signer_key = read_file(directory + "/signer.key");
  if (!signer_key) return signer_key.error();
  const auto signer_certificate = read_file(directory + "/signer.crt");
  if (!signer_certificate) return signer_certificate.error();
  auto signer = security::load_signer(*signer_key, *signer_certificate);
  if (!signer) return Failure{directory + "/signer.crt: " + signer.error().reason};
  const auto document = read_file(directory + "/overlay.xml");
  if (!document) return document.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*document))), "");
  if (!configuration) return Failure{directory + "/overlay.xml: " + configuration.error().reason};
  auto authority =
      services::Authority::load((*configuration)->instance_name, *root_key_pem, *root_certificate);
  if (!authority) return Failure{directory + "/root.key: " + authority.error().reason};
  return Folder{std::move(*authority), *signer, *configuration};
}

Outcome<> write_signed(const std::string& directory, const config::Configuration& configuration,
                       const security::Signer& signer) {
  const auto document = config::write_document(configuration, signer, signer);
  if (!document) return document.error();
  return write_file(directory + "/overlay.xml", std::string(text_of(*document)), Access::everyone);
}

}  // namespace

Outcome<> init(const InitOptions& options) {
  const auto& directory = options.directory;
  if (exists(directory + "/root.key") && !options.force)
    return Failure{
        directory +
        " holds an authority already; --force makes a new one and every certificate of the old worthless"};
  if (const auto ready = make_directory(directory); !ready) return ready;
  const auto validity = valid_for(wall_now_ms(), options.validity_days);
  const auto made = services::Authority::make(options.overlay_name, validity);
  if (!made) return made.error();
  const auto root_key_pem = services::write_key(made->root_key());
  const auto signer_node = services::random_node_id();
  if (!root_key_pem || !signer_node) return Failure{"no key could be made"};
  const auto signing = made->issue({"configuration@" + options.overlay_name, {*signer_node}, validity});
  if (!signing) return signing.error();
  const auto signer = security::load_signer(signing->private_key_pem, signing->certificate_pem);
  if (!signer) return signer.error();

  config::Configuration configuration;
  configuration.instance_name = options.overlay_name;
  configuration.sequence = 1;
  configuration.expiration_ms = validity.not_after_ms;
  configuration.root_certificates_der = {services::certificate_der(made->root())};
  configuration.bootstrap_nodes = options.bootstrap_nodes;
  configuration.no_ice = true;  // links are TLS over TCP without ICE
  configuration.max_message_size_bytes = options.max_message_size_bytes;
  configuration.chord_update_interval = std::chrono::seconds{options.chord_update_interval_s};
  configuration.chord_ping_interval = std::chrono::seconds{options.chord_ping_interval_s};
  configuration.kind_signers = {*signer_node};
  configuration.configuration_signers = {*signer_node};
  configuration.mandatory_extensions = {std::string(config::k_access_namespace)};
  configuration.kinds = standard_kinds();
  // The document first: what it refuses (a name that is no domain) leaves no files behind.
  if (const auto written = write_signed(directory, configuration, **signer); !written) return written;
  const std::pair<const char*, std::string> secrets[] = {{"/root.key", *root_key_pem},
                                                         {"/signer.key", signing->private_key_pem}};
  for (const auto& [name, contents] : secrets)
    if (const auto written = write_file(directory + name, contents, Access::owner_only); !written)
      return written;
  const std::pair<const char*, std::string> open[] = {{"/root.crt", services::certificate_pem(made->root())},
                                                      {"/signer.crt", signing->certificate_pem},
                                                      {"/issued.json", "{}\n"}};
  for (const auto& [name, contents] : open)
    if (const auto written = write_file(directory + name, contents, Access::everyone); !written)
      return written;
  return Done{};
}

Result<Issued> issue(const IssueOptions& options) {
  if (const auto name = services::check_user_name(options.user_name); !name) return name.error();
  if (options.nodes < 1 || options.nodes > security::k_max_node_ids_per_certificate)
    return Failure{"--nodes goes from 1 to " + std::to_string(security::k_max_node_ids_per_certificate)};
  for (const char* name : {"/node.key", "/node.crt"})
    if (exists(options.out + name) && !options.force && !options.renew)
      return Failure{options.out + name + " exists; --force overwrites it"};
  const auto folder = load(options.directory);
  if (!folder) return folder.error();
  const std::string names_path = options.directory + "/issued.json";
  const auto names_text = read_file(names_path);
  if (!names_text) return names_text.error();
  auto names = nlohmann::json::parse(*names_text, nullptr, false);
  if (!names.is_object()) return Failure{names_path + " is damaged"};

  Issued issued;
  const bool known = names.contains(options.user_name);
  if (known && !options.renew)
    return Failure{options.user_name +
                   " has credentials already; --renew issues new ones with the same Node-IDs"};
  if (!known && options.renew) return Failure{options.user_name + " has no credentials to renew"};
  if (known) {
    for (const auto& hex : names[options.user_name]) {
      Bytes bytes;
      if (!hex.is_string() || !from_hex(hex.get<std::string>(), bytes) ||
          bytes.size() != k_node_id_size_bytes)
        return Failure{names_path + " is damaged"};
      issued.nodes.push_back(as_node(ring_id_from(bytes)));
    }
  }
  while (issued.nodes.size() < options.nodes) {
    const auto node = services::random_node_id();
    if (!node) return node.error();
    issued.nodes.push_back(*node);
  }
  const auto credentials = folder->authority.issue(
      {options.user_name, issued.nodes, valid_for(wall_now_ms(), options.validity_days)});
  if (!credentials) return credentials.error();

  // The name is taken before anyone holds a certificate for it.
  auto& entry = names[options.user_name] = nlohmann::json::array();
  for (const NodeId& node : issued.nodes) entry.push_back(node.hex());
  if (const auto written = write_file(names_path, names.dump(2) + "\n", Access::everyone); !written)
    return written.error();
  if (const auto made = make_directory(options.out); !made) return made.error();
  const auto key_written =
      write_file(options.out + "/node.key", credentials->private_key_pem, Access::owner_only);
  if (!key_written) return key_written.error();
  const auto certificate_written =
      write_file(options.out + "/node.crt", credentials->certificate_pem, Access::everyone);
  if (!certificate_written) return certificate_written.error();
  const auto document_written = write_file(
      options.out + "/overlay.xml", std::string(text_of(folder->configuration->document)), Access::everyone);
  if (!document_written) return document_written.error();
  return issued;
}

Result<std::uint16_t> update(const UpdateOptions& options) {
  const auto folder = load(options.directory);
  if (!folder) return folder.error();
  config::Configuration next = *folder->configuration;
  next.sequence = next.sequence == config::k_max_sequence ? 0 : static_cast<std::uint16_t>(next.sequence + 1);
  if (!options.bootstrap_nodes.empty()) next.bootstrap_nodes = options.bootstrap_nodes;
  next.bad_nodes.insert(options.bad_nodes.begin(), options.bad_nodes.end());
  if (const auto written = write_signed(options.directory, next, *folder->signer); !written)
    return written.error();
  return next.sequence;
}

}  // namespace ringway::enrolld

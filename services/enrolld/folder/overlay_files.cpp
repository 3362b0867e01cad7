#include "services/enrolld/folder/overlay_files.hpp"

#include <algorithm>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/authority/self_signed.hpp"
#include "services/enrolld/authority/token_key.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/name_register.hpp"
#include "services/enrolld/folder/standard_kinds.hpp"

namespace ringway::enrolld {
namespace {

constexpr WallMs k_second_ms = 1000;  // certificates begin and end with a whole one
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

Failure damaged(const std::string& path, const Failure& failure) {
  return {path + ": " + failure.reason, failure.offset};
}

Result<std::shared_ptr<const security::Signer>> load_signer(const std::string& directory, Keyring& keyring) {
  const auto key = keyring.open_pem(directory + "/signer.key");
  if (!key) return key.error();
  const auto certificate = read_file(directory + "/signer.crt");
  if (!certificate) return certificate.error();
  auto signer = security::load_signer(*key, *certificate);
  if (!signer) return damaged(directory + "/signer.crt", signer.error());
  return signer;
}

Result<services::X509Ptr> load_certificate(const std::string& path) {
  const auto pem = read_file(path);
  if (!pem) return pem.error();
  auto certificate = services::read_certificate(*pem);
  if (!certificate) return damaged(path, certificate.error());
  return certificate;
}

Result<config::ConfigurationPtr> load_configuration(const std::string& directory) {
  // An ad-hoc overlay has no root, only who signs its document.
  if (!exists(directory + "/root.crt") && !exists(directory + "/signer.crt"))
    return Failure{directory + " holds no authority: make one with ringway-enrolld init"};
  const auto document = read_file(directory + "/overlay.xml");
  if (!document) return document.error();
  auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*document))), "");
  if (!configuration) return damaged(directory + "/overlay.xml", configuration.error());
  return *configuration;
}

// In folders made before there were issuing keys the root issues itself.
bool has_issuing_key(const std::string& directory) { return exists(directory + "/issuing.crt"); }

Result<services::Issuer> load_issuer(const std::string& directory, Keyring& keyring) {
  const std::string name = directory + (has_issuing_key(directory) ? "/issuing" : "/root");
  auto certificate = load_certificate(name + ".crt");
  if (!certificate) return certificate.error();
  auto key = keyring.open(name + ".key");
  if (!key) return key.error();
  return services::Issuer{std::move(*key), std::move(*certificate)};
}

// From a file or a token, as an option says, or the folder's.
Result<SigningKeyPtr> open_root_key(const std::string& directory, const std::string& option,
                                    Keyring& keyring) {
  if (is_token_uri(option)) return keyring.open_token(option);
  return keyring.open(option.empty() ? directory + "/root.key" : option);
}

Result<services::Authority> load_authority(const std::string& directory, const std::string& overlay_name,
                                           Keyring& keyring) {
  auto root = load_certificate(directory + "/root.crt");
  if (!root) return root.error();
  auto issuing = load_issuer(directory, keyring);
  if (!issuing) return issuing.error();
  auto authority = services::Authority::make(overlay_name, std::move(*root), std::move(*issuing));
  if (!authority) return damaged(directory, authority.error());
  return authority;
}

Result<NameRegister> load_names(const std::string& directory) {
  const auto names_json = read_file(directory + "/issued.json");
  if (!names_json) return names_json.error();
  auto names = NameRegister::parse(*names_json);
  if (!names) return damaged(directory + "/issued.json", names.error());
  return names;
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
                                          const NodeId& signer) {
  config::Configuration configuration;
  configuration.instance_name = options.overlay_name;
  configuration.sequence = 1;
  configuration.expiration_ms = authority.not_after_ms();
  configuration.root_certificates_der = {services::certificate_der(authority.root())};
  configuration.bootstrap_nodes = options.bootstrap_nodes;
  configuration.enrollment_servers = options.enrollment_servers;
  configuration.no_ice = true;  // links are TLS over TCP without ICE
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

// Whose certificate it is; a failure when it is none that can be read.
Result<std::string> holder_of(const std::string& path) {
  const auto x509 = load_certificate(path);
  if (!x509) return x509.error();
  const auto certificate = security::Certificate::parse(services::certificate_der(*x509));
  if (!certificate) return damaged(path, certificate.error());
  return services::normal_user_name((*certificate)->user_name());
}

// Nobody gets a second key in the name of the document's signer, and no certificate outlives the authority's.
Outcome<> check_against(const services::Authority& authority, const IssueOptions& options) {
  const auto signer_name = holder_of(options.directory + "/signer.crt");
  if (!signer_name) return signer_name.error();
  if (options.user_name == *signer_name)
    return Failure{options.user_name + " signs the configuration document: nobody else gets that name"};
  if (options.user_name == services::enrollment_server_name(authority.overlay_name()))
    return Failure{options.user_name + " is the enrollment server itself: nobody else gets that name"};
  const WallMs now_ms = wall_now_ms(), end_ms = authority.not_after_ms();
  const WallMs most_days = end_ms > now_ms ? (end_ms - now_ms) / k_day_ms : 0;
  if (static_cast<WallMs>(options.validity_days) <= most_days) return Done{};
  if (most_days == 0)
    return Failure{"the authority's certificate has less than a day left: nothing can be issued"};
  return Failure{"the authority's certificate ends before that: --validity-days goes up to " +
                 std::to_string(most_days)};
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

// Peers take no other (CONFIG-10).
Outcome<> check_servers(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    if (!url.starts_with("https://") || url.find_first_of(" \t\r\n") != std::string::npos)
      return Failure{"an enrollment server is an https:// URL, not " + url};
  }
  return Done{};
}

struct CertifiedNode {
  std::vector<NodeId> nodes;
  std::string chain_pem;
  std::optional<Failure> refused;  // by the records, which have written nothing
};
Result<CertifiedNode> certify(const services::Authority& authority, const IssueOptions& options,
                              const IssueRecords::Wanted& wanted, IssueRecords* records) {
  CertifiedNode out{wanted.nodes, {}, {}};
  const auto validity = valid_for(options.validity_days);
  const IssueRecords::Certify certify_for = [&](const std::vector<NodeId>& nodes) {
    auto made = authority.certify({options.user_name, nodes, validity}, wanted.key);
    if (made) out.chain_pem = made->chain_pem;
    return made;
  };
  if (records == nullptr) {
    if (const auto made = certify_for(wanted.nodes); !made) return made.error();
    return out;
  }
  auto kept = records->keep(wanted, certify_for);
  if (!kept) return kept.error();
  out.nodes = std::move(kept->nodes);
  out.refused = std::move(kept->refused);
  return out;
}

// The certificates of a new authority, and the files that keep it.
struct NewAuthority {
  services::Authority authority;
  std::vector<File> files;
};
Result<NewAuthority> make_authority(const InitOptions& options, const services::Validity& validity,
                                    Keyring& keyring) {
  auto root_key = keyring.new_key(options.root_key_uri);
  if (!root_key) return root_key.error();
  auto issuing_key = keyring.new_key(options.issuing_key_uri);
  if (!issuing_key) return issuing_key.error();
  const auto root = services::make_root(options.overlay_name, validity, root_key->key);
  if (!root) return root.error();
  const auto issuing = services::make_issuing(options.overlay_name, *root, validity, issuing_key->key);
  if (!issuing) return issuing.error();
  auto authority = services::Authority::make(options.overlay_name, root->certificate, *issuing);
  if (!authority) return authority.error();
  const std::string& directory = options.directory;
  return NewAuthority{
      std::move(*authority),
      {{directory + "/root.key", std::move(root_key->file_text), Access::owner_only},
       {directory + "/root.crt", services::certificate_pem(root->certificate), Access::everyone},
       {directory + "/issuing.key", std::move(issuing_key->file_text), Access::owner_only},
       {directory + "/issuing.crt", services::certificate_pem(issuing->certificate), Access::everyone}}};
}

// The configuration document's signer: an ordinary node's credentials, but that the key is sealed.
struct NewSigner {
  NodeId node;
  std::shared_ptr<const security::Signer> signer;
  std::vector<File> files;
};
Result<NewSigner> make_signer(const std::string& directory, const std::string& name,
                              const services::Authority& authority, const services::Validity& validity,
                              Keyring& keyring) {
  const auto node = services::random_node_id();
  if (!node) return node.error();
  const auto key = services::make_key(services::KeyType::p256);
  if (!key) return key.error();
  const auto certificate = authority.certify({name, {*node}, validity}, *key);
  if (!certificate) return certificate.error();
  const auto pem = services::write_key(*key);
  if (!pem) return pem.error();
  const auto signer = security::load_signer(*pem, certificate->chain_pem);
  if (!signer) return signer.error();
  auto sealed = keyring.sealed(*key);
  if (!sealed) return sealed.error();
  return NewSigner{*node,
                   *signer,
                   {{directory + "/signer.key", std::move(*sealed), Access::owner_only},
                    {directory + "/signer.crt", certificate->chain_pem, Access::everyone}}};
}

// What an update leaves in the authority's folder, in this order: each of the files is right beside what
// there was before of the later ones.
struct Update {
  config::Configuration next;
  std::shared_ptr<const security::Signer> signer;
  Updated told;
  std::vector<File> files;
};

Outcome<> renew_root(const UpdateOptions& options, const services::Validity& validity, Keyring& keyring,
                     services::X509Ptr& root, Update& update) {
  auto key = open_root_key(options.directory, options.root_key, keyring);
  if (!key)
    return Failure{
        "the root's certificate would end before that, and its key cannot be had to renew "
        "it (--root-key): " +
        key.error().reason};
  const auto renewed = services::renew_root(update.next.instance_name, {std::move(*key), root}, validity);
  if (!renewed) return renewed.error();
  const auto before = services::certificate_der(root);
  auto& roots = update.next.root_certificates_der;
  std::erase_if(roots, [&](const SharedBytes& der) { return equal(der, before); });
  root = renewed->certificate;
  roots.push_back(services::certificate_der(root));
  update.files.push_back(
      {options.directory + "/root.crt", services::certificate_pem(root), Access::everyone});
  update.told.root_renewed = true;
  return Done{};
}

// The folder's issuer, with a certificate that does not end before the validity.
Result<services::Issuer> lasting_issuer(const UpdateOptions& options, const services::Validity& validity,
                                        Keyring& keyring, const services::X509Ptr& root, Update& update) {
  auto issuing = load_issuer(options.directory, keyring);
  if (!issuing) return issuing;
  if (!has_issuing_key(options.directory)) return services::Issuer{std::move(issuing->key), root};
  const auto end_ms = services::not_after_ms(issuing->certificate);
  if (!end_ms) return end_ms.error();
  if (*end_ms / k_second_ms >= validity.not_after_ms / k_second_ms) return issuing;
  auto key = open_root_key(options.directory, options.root_key, keyring);
  if (!key)
    return Failure{
        "the issuing certificate would end before that, and the root's key cannot be had to "
        "renew it (--root-key): " +
        key.error().reason};
  auto renewed =
      services::renew_issuing(update.next.instance_name, {std::move(*key), root}, *issuing, validity);
  if (!renewed) return renewed;
  update.files.push_back({options.directory + "/issuing.crt", services::certificate_pem(renewed->certificate),
                          Access::everyone});
  update.told.issuing_renewed = true;
  return renewed;
}

Outcome<> renew_signer(const UpdateOptions& options, const services::Validity& validity, Keyring& keyring,
                       const services::X509Ptr& root, Update& update) {
  auto issuing = lasting_issuer(options, validity, keyring, root, update);
  if (!issuing) return issuing.error();
  const auto authority = services::Authority::make(update.next.instance_name, root, std::move(*issuing));
  if (!authority) return authority.error();
  const auto key_pem = keyring.open_pem(options.directory + "/signer.key");
  if (!key_pem) return key_pem.error();
  const auto key = services::read_key(*key_pem);
  if (!key) return damaged(options.directory + "/signer.key", key.error());
  const auto& before = *update.signer->certificate();
  const auto made = authority->certify({before.user_name(), before.node_ids(), validity}, *key);
  if (!made) return made.error();
  auto signer = security::load_signer(*key_pem, made->chain_pem);
  if (!signer) return signer.error();
  update.signer = std::move(*signer);
  update.files.push_back({options.directory + "/signer.crt", made->chain_pem, Access::everyone});
  update.told.signer_renewed = true;
  return Done{};
}

// In an ad-hoc overlay the signer vouches for itself, with the same key and therefore the same Node-ID.
Outcome<> prolong_ad_hoc(const UpdateOptions& options, const services::Validity& validity, Keyring& keyring,
                         Update& update) {
  const auto key_pem = keyring.open_pem(options.directory + "/signer.key");
  if (!key_pem) return key_pem.error();
  const auto key = services::read_key(*key_pem);
  if (!key) return damaged(options.directory + "/signer.key", key.error());
  const auto made =
      services::self_certify({update.signer->certificate()->user_name(), update.next.instance_name,
                              *update.next.self_signed_permitted, validity},
                             *key);
  if (!made) return made.error();
  auto signer = security::load_signer(*key_pem, made->chain_pem);
  if (!signer) return signer.error();
  update.signer = std::move(*signer);
  update.files.push_back({options.directory + "/signer.crt", made->chain_pem, Access::everyone});
  update.told.signer_renewed = true;
  return Done{};
}

// A document can be checked for as long as its signer's certificate and the root are valid (RFC 6940 §11.1).
// The issuing certificate is left as it is unless the signer's needs it: it may be short-lived on purpose.
Outcome<> prolong(const UpdateOptions& options, Keyring& keyring, Update& update) {
  const auto validity = valid_for(*options.validity_days);
  const WallMs end_ms = validity.not_after_ms / k_second_ms * k_second_ms;
  if (update.next.root_certificates_der.empty()) {
    update.next.expiration_ms = end_ms;
    if (update.signer->certificate()->not_after_ms() >= end_ms) return Done{};
    return prolong_ad_hoc(options, validity, keyring, update);
  }
  auto root = load_certificate(options.directory + "/root.crt");
  if (!root) return root.error();
  const auto root_end_ms = services::not_after_ms(*root);
  if (!root_end_ms) return root_end_ms.error();
  if (*root_end_ms < end_ms) {
    if (auto done = renew_root(options, validity, keyring, *root, update); !done) return done;
  }
  if (update.signer->certificate()->not_after_ms() < end_ms) {
    if (auto done = renew_signer(options, validity, keyring, *root, update); !done) return done;
  }
  update.next.expiration_ms = end_ms;
  return Done{};
}

// What follows `before`: by the values of a file that was edited.
Result<config::Configuration> edited_document(const std::string& path, const config::Configuration& before,
                                              const NodeId& signer) {
  const auto text = read_file(path);
  if (!text) return text.error();
  const auto parsed = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), before.instance_name);
  if (!parsed) return Failure{path + ": " + parsed.error().reason};
  config::Configuration next = **parsed;
  // Over another one's changes nobody writes unseen: a bad-node that came meanwhile would be gone.
  if (next.sequence != before.sequence)
    return Failure{path + " is a copy of document " + std::to_string(next.sequence) +
                   ", and the folder has document " + std::to_string(before.sequence) +
                   " by now: edit a copy of that"};
  if (!next.unsupported.empty())
    return Failure{path + ": the peers of this version could not meet it: " + next.unsupported};
  const auto& signers = next.configuration_signers;
  if (std::find(signers.begin(), signers.end(), signer) == signers.end())
    return Failure{path + ": without the configuration-signer " + signer.hex() +
                   ", whose key this folder has, nothing could follow it"};
  return next;
}

}  // namespace

Outcome<> init(const InitOptions& options) {
  const std::string& directory = options.directory;
  if (auto good = services::check_overlay_name(options.overlay_name); !good) return good;
  if (auto good = check_servers(options.enrollment_servers); !good) return good;
  if (auto ready = make_directory(directory); !ready) return ready;
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  // By its certificate too: the root's key may be kept elsewhere.
  if ((exists(directory + "/root.key") || exists(directory + "/root.crt")) && !options.force) {
    return Failure{directory +
                   " holds an authority already; --force makes a new one, and every certificate of the "
                   "old one worthless"};
  }
  const auto validity = valid_for(options.validity_days);
  Keyring keyring(options.keys);
  const auto made = make_authority(options, validity, keyring);
  if (!made) return made.error();
  const std::string signer_name = services::normal_user_name("configuration@" + options.overlay_name);
  const auto signer = make_signer(directory, signer_name, made->authority, validity, keyring);
  if (!signer) return signer.error();
  const auto document = config::write_document(first_configuration(options, made->authority, signer->node),
                                               *signer->signer, *signer->signer);
  if (!document) return document.error();
  NameRegister names;
  names.record(signer_name, {signer->node});  // nobody else gets the signer's name

  for (const auto& files : {made->files, signer->files}) {
    if (auto written = write_files(files); !written) return written;
  }
  // The old authority's server gives no name of this one.
  if (auto gone = remove_file(directory + k_served_mark); !gone) return gone;
  return write_files({{directory + "/issued.json", names.to_json(), Access::owner_only},
                      {directory + "/overlay.xml", std::string(text_of(*document)), Access::everyone}});
}

Result<Issued> issue(const IssueOptions& asked, IssueRecords* records) {
  IssueOptions options = asked;
  options.user_name = services::normal_user_name(asked.user_name);
  if (auto good = check_options(options); !good) return good.error();
  if (auto free = check_target(options); !free) return free.error();
  const auto lock = FolderLock::take(options.directory);
  if (!lock) return lock.error();
  const auto configuration = load_configuration(options.directory);
  if (!configuration) return configuration.error();
  if ((*configuration)->root_certificates_der.empty())
    return Failure{(*configuration)->instance_name +
                   " has no authority: its nodes make their own credentials (ringwayd --self-signed-user)"};
  auto names = load_names(options.directory);
  if (!names) return names.error();
  Keyring keyring(options.keys);
  const auto authority = load_authority(options.directory, (*configuration)->instance_name, keyring);
  if (!authority) return authority.error();
  if (auto allowed = check_against(*authority, options); !allowed) return allowed.error();
  auto nodes = nodes_for(options, *names);
  if (!nodes) return nodes.error();
  const auto key = services::make_key(services::KeyType::p256);
  if (!key) return key.error();
  const auto key_pem = services::write_key(*key);
  if (!key_pem) return key_pem.error();
  const IssueRecords::Wanted wanted{options.user_name, *nodes, options.renew, *key};
  if (records != nullptr) {
    if (auto free = records->check(wanted); !free) return free.error();
  }
  if (auto made = make_directory(options.out); !made) return made.error();
  // The name is taken before anyone holds a certificate for it.
  const std::string before = names->to_json();
  const auto record = [&](const std::string& json) {
    return write_file(options.directory + "/issued.json", json, Access::owner_only);
  };
  names->record(options.user_name, *nodes);
  if (auto written = record(names->to_json()); !written) return written.error();
  const auto certified = certify(*authority, options, wanted, records);
  // The records may have it: then the name stays taken here, too, and a renewal finds out how far it came.
  if (!certified)
    return Failure{certified.error().reason + "; " + options.user_name +
                   " is written down as issued: once that is mended, go on with issue --renew"};
  if (certified->refused) {
    if (auto restored = record(before); !restored) return restored.error();
    return *certified->refused;
  }
  if (certified->nodes != *nodes) {
    names->record(options.user_name, certified->nodes);
    if (auto written = record(names->to_json()); !written) return written.error();
  }
  const auto written = write_files(
      {{options.out + "/node.key", *key_pem, Access::owner_only},
       {options.out + "/node.crt", certified->chain_pem, Access::everyone},
       {options.out + "/overlay.xml", std::string(text_of((*configuration)->document)), Access::everyone}});
  if (!written) return written.error();
  return Issued{certified->nodes};
}

Result<Updated> update(const UpdateOptions& options) {
  if (auto good = check_servers(options.enrollment_servers); !good) return good.error();
  const auto lock = FolderLock::take(options.directory);
  if (!lock) return lock.error();
  const auto before = load_configuration(options.directory);
  if (!before) return before.error();
  Keyring keyring(options.keys);
  auto signer = load_signer(options.directory, keyring);
  if (!signer) return signer.error();
  Update update{**before, std::move(*signer), {}, {}};
  config::Configuration& next = update.next;
  if (!options.edited.empty()) {
    auto edited = edited_document(options.edited, **before, update.signer->node_id());
    if (!edited) return edited.error();
    next = std::move(*edited);
  }
  next.sequence = next.sequence == config::k_max_sequence ? 0 : static_cast<std::uint16_t>(next.sequence + 1);
  if (!options.bootstrap_nodes.empty()) next.bootstrap_nodes = options.bootstrap_nodes;
  if (!options.enrollment_servers.empty()) next.enrollment_servers = options.enrollment_servers;
  if (options.replicas) next.replicas = *options.replicas;
  next.bad_nodes.insert(options.bad_nodes.begin(), options.bad_nodes.end());
  const NodeId node = update.signer->node_id();
  if (next.bad_nodes.contains(node))
    return Failure{"Node-ID " + node.hex() + " signs this document: shutting it out would end the overlay"};
  if (options.validity_days) {
    if (const auto done = prolong(options, keyring, update); !done) return done.error();
  }
  const auto document = config::write_document(next, *update.signer, *update.signer);
  if (!document) return document.error();
  // With the secret in it whoever can read it can join (RFC 6940 §14.16).
  update.files.push_back({options.directory + "/overlay.xml", std::string(text_of(*document)),
                          next.shared_secret ? Access::owner_only : Access::everyone});
  if (const auto written = write_files(update.files); !written) return written.error();
  update.told.sequence = next.sequence;
  update.told.expiration_ms = next.expiration_ms;
  update.told.bootstrap_nodes = next.bootstrap_nodes.size();
  update.told.has_authority = !next.root_certificates_der.empty();
  return update.told;
}

Outcome<> new_issuing(const IssuingOptions& options) {
  const std::string& directory = options.directory;
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  const auto configuration = load_configuration(directory);
  if (!configuration) return configuration.error();
  Keyring keyring(options.keys);
  // Where the folder's keys are encrypted the new one will be, under the same passphrase.
  if (const auto signer = load_signer(directory, keyring); !signer) return signer.error();
  auto certificate = load_certificate(directory + "/root.crt");
  if (!certificate) return certificate.error();
  auto root_key = open_root_key(directory, options.root_key, keyring);
  if (!root_key) return root_key.error();
  const services::Issuer root{std::move(*root_key), std::move(*certificate)};
  auto key = keyring.new_key(options.issuing_key_uri);
  if (!key) return key.error();
  services::Validity validity = valid_for(options.validity_days);
  const auto root_end_ms = services::not_after_ms(root.certificate);
  if (!root_end_ms) return root_end_ms.error();
  validity.not_after_ms = std::min(validity.not_after_ms, *root_end_ms);
  const auto issuing = services::make_issuing((*configuration)->instance_name, root, validity, key->key);
  if (!issuing) return issuing.error();
  return write_files(
      {{directory + "/issuing.key", key->file_text, Access::owner_only},
       {directory + "/issuing.crt", services::certificate_pem(issuing->certificate), Access::everyone}});
}

Result<OpenFolder> open_folder(const std::string& directory, const KeySources& keys) {
  const auto configuration = load_configuration(directory);
  if (!configuration) return configuration.error();
  if ((*configuration)->root_certificates_der.empty())
    return Failure{(*configuration)->instance_name +
                   " has no authority, which certifies nodes and brings documents to peers; one peer that is "
                   "started with the new " +
                   directory + "/overlay.xml passes it on"};
  const auto names = load_names(directory);
  if (!names) return names.error();
  Keyring keyring(keys);
  auto authority = load_authority(directory, (*configuration)->instance_name, keyring);
  if (!authority) return authority.error();
  auto signer = load_signer(directory, keyring);
  if (!signer) return signer.error();
  return OpenFolder{std::move(*authority), std::move(*signer), names->names()};
}

Result<Bytes> read_document(const std::string& directory) {
  const auto configuration = load_configuration(directory);
  if (!configuration) return configuration.error();
  return copy_of((*configuration)->document.view());
}

Result<bool> replace_document(const std::string& directory, BytesView read_before, BytesView document) {
  const auto lock = FolderLock::take(directory);
  if (!lock) return lock.error();
  const auto before = load_configuration(directory);
  if (!before) return before.error();
  if (!equal((*before)->document.view(), read_before)) return false;
  const auto next = config::parse_configuration(SharedBytes(copy_of(document)), (*before)->instance_name);
  if (!next) return next.error();
  // With the secret in it whoever can read it can join (RFC 6940 §14.16).
  const auto written = write_file(directory + "/overlay.xml", std::string(text_of(document)),
                                  (*next)->shared_secret ? Access::owner_only : Access::everyone);
  if (!written) return written.error();
  return true;
}

}  // namespace ringway::enrolld

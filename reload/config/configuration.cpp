// Reading and judging configuration documents. Writing them is write_document.cpp's.
#include "reload/config/configuration.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <functional>

#include "reload/config/base64.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/xml_document.hpp"
#include "reload/link/link_id.hpp"
#include "reload/security/verify.hpp"
#include "reload/wire/header.hpp"

namespace ringway::config {
namespace {

Failure refused(std::string reason) { return {"configuration: " + std::move(reason), 0}; }

template <typename Number>
bool parse_number(std::string_view text, Number& out, Number low, Number high) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty() && low <= out && out <= high;
}

bool parse_boolean(std::string_view text, bool& out) {
  out = text == "1" || text == "true";
  return out || text == "0" || text == "false";
}

bool parse_node_id(const std::string& text, NodeId& out) {
  Bytes bytes;
  if (!from_hex(text, bytes) || bytes.size() != k_node_id_size_bytes) return false;
  out = as_node(ring_id_from(bytes));
  return out != k_no_node && out != wildcard_node();
}

// RFC 3339 in UTC.
bool parse_time(const std::string& text, WallMs& out) {
  std::tm parts{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (end == nullptr) return false;
  if (*end == '.') {
    ++end;
    while (*end >= '0' && *end <= '9') ++end;
  }
  if (std::string_view(end) != "Z" && std::string_view(end) != "+00:00") return false;
  const std::time_t seconds = timegm(&parts);
  if (seconds < 0) return false;
  out = static_cast<WallMs>(seconds) * 1000;
  return true;
}

// RFC 1035 §2.3.1, as WIRE-11 asks.
bool is_domain(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  std::size_t label = 0;
  char last = '.';
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (c == '.') {
      if (label == 0 || last == '-') return false;
      label = 0;
    } else if (letter || digit || (c == '-' && label > 0)) {
      if (++label > 63) return false;
    } else {
      return false;
    }
    last = c;
  }
  return last != '.' && last != '-';
}

// Reads one <configuration> element; the first fault stops it.
class ElementReader {
 public:
  ElementReader(const XmlDocument& document, const xmlNode* element, Configuration& out)
      : document_(document), element_(element), out_(out) {}

  Outcome<> read() {
    attributes();
    overlay_settings();
    identities();
    addresses();
    link_settings();
    kinds();
    if (!fault_.empty()) return refused(fault_);
    return Done{};
  }

 private:
  void fault(std::string reason) {
    if (fault_.empty()) fault_ = std::move(reason);
  }

  template <typename Number>
  void number(const char* name, Number& out, Number low, Number high, std::string_view ns = k_base_namespace) {
    const xmlNode* found = child(element_, ns, name);
    if (found != nullptr && !parse_number(text_of_element(found), out, low, high))
      fault(std::string(name) + " is not a number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  void boolean(const char* name, bool& out, std::string_view ns = k_base_namespace) {
    const xmlNode* found = child(element_, ns, name);
    if (found != nullptr && !parse_boolean(text_of_element(found), out)) fault(std::string(name) + " is not a boolean");
  }
  void nodes(const char* name, const std::function<void(const NodeId&)>& take) {
    for (const xmlNode* found : children(element_, k_base_namespace, name)) {
      NodeId node;
      if (!parse_node_id(text_of_element(found), node)) return fault(std::string(name) + " is not a Node-ID of 32 hex digits");
      take(node);
    }
  }

  void attributes() {
    out_.instance_name = attribute(element_, "instance-name");
    if (!is_domain(out_.instance_name)) fault("instance-name is not a domain name");
    if (!parse_number(attribute(element_, "sequence"), out_.sequence, std::uint16_t{0}, k_max_sequence))
      fault("sequence is not a number from 0 to 65534");
    const std::string expiration = attribute(element_, "expiration");
    WallMs at = 0;
    if (!expiration.empty() && !parse_time(expiration, at)) fault("expiration is not a UTC time as in RFC 3339");
    if (!expiration.empty()) out_.expiration_ms = at;
  }

  void overlay_settings() {
    if (const xmlNode* plugin = child(element_, k_base_namespace, "topology-plugin"))
      out_.topology_plugin = text_of_element(plugin);
    if (out_.topology_plugin != "CHORD-RELOAD") fault("topology-plugin " + out_.topology_plugin + " is not supported");
    number("node-id-length", out_.node_id_length, 16U, 20U);
    if (out_.node_id_length != k_node_id_size_bytes) fault("node-id-length must be 16 with CHORD-RELOAD");  // AMB-42
    number("turn-density", out_.turn_density, 0U, 20U);
    number("initial-ttl", out_.initial_ttl, std::uint8_t{1}, std::uint8_t{255});
    number("max-message-size", out_.max_message_size_bytes, 1024U, 16U << 20);
    boolean("clients-permitted", out_.clients_permitted);
    boolean("no-ice", out_.no_ice);
    std::int64_t timer_ms = out_.overlay_reliability_timer.count();
    number("overlay-reliability-timer", timer_ms, std::int64_t{200}, std::int64_t{600'000});
    out_.overlay_reliability_timer = Duration{timer_ms};
    std::int64_t update_s = out_.chord_update_interval.count();
    std::int64_t ping_s = out_.chord_ping_interval.count();
    number("chord-update-interval", update_s, std::int64_t{1}, std::int64_t{86'400}, k_chord_namespace);
    number("chord-ping-interval", ping_s, std::int64_t{1}, std::int64_t{604'800}, k_chord_namespace);
    out_.chord_update_interval = std::chrono::seconds{update_s};
    out_.chord_ping_interval = std::chrono::seconds{ping_s};
    boolean("chord-reactive", out_.chord_reactive, k_chord_namespace);
    for (const xmlNode* found : children(element_, k_base_namespace, "mandatory-extension")) {
      out_.mandatory_extensions.push_back(text_of_element(found));
      if (out_.mandatory_extensions.back() != k_access_namespace)
        fault("mandatory-extension " + out_.mandatory_extensions.back() + " is not supported");  // CONFIG-17
    }
  }

  void identities() {
    for (const xmlNode* found : children(element_, k_base_namespace, "root-cert")) {
      Bytes der;
      if (!from_base64(text_of_element(found), der)) return fault("root-cert is not base64");
      out_.root_certificates_der.emplace_back(std::move(der));
    }
    if (const xmlNode* found = child(element_, k_base_namespace, "self-signed-permitted")) {
      bool permitted = false;
      if (!parse_boolean(text_of_element(found), permitted)) fault("self-signed-permitted is not a boolean");
      const std::string digest = attribute(found, "digest");
      if (digest != "sha1" && digest != "sha256") fault("self-signed-permitted needs digest sha1 or sha256");
      if (permitted)
        out_.self_signed_permitted =
            digest == "sha1" ? security::SelfSignedDigest::sha1 : security::SelfSignedDigest::sha256;
    }
    if (out_.root_certificates_der.empty() && !out_.self_signed_permitted)
      fault("neither root-cert nor self-signed-permitted: nobody could join");
    nodes("kind-signer", [this](const NodeId& node) { out_.kind_signers.push_back(node); });
    nodes("configuration-signer", [this](const NodeId& node) { out_.configuration_signers.push_back(node); });
    nodes("bad-node", [this](const NodeId& node) { out_.bad_nodes.insert(node); });
    if (const xmlNode* found = child(element_, k_base_namespace, "shared-secret")) out_.shared_secret = text_of_element(found);
  }

  void addresses() {
    for (const xmlNode* found : children(element_, k_base_namespace, "enrollment-server")) {
      out_.enrollment_servers.push_back(text_of_element(found));
      if (!out_.enrollment_servers.back().starts_with("https://")) fault("enrollment-server is not an https URL");
    }
    for (const xmlNode* found : children(element_, k_base_namespace, "bootstrap-node")) {
      BootstrapNode node;
      node.address = attribute(found, "address");
      const std::string port = attribute(found, "port");
      if (!port.empty() && !parse_number(port, node.port, std::uint16_t{1}, std::uint16_t{65535}))
        return fault("bootstrap-node has a wrong port");
      wire::IpAddressPort parsed;
      const bool v6 = node.address.find(':') != std::string::npos;
      if (!link::parse_address((v6 ? "[" + node.address + "]" : node.address) + ":1", parsed))
        return fault("bootstrap-node's address is not an IP address");
      out_.bootstrap_nodes.push_back(std::move(node));
    }
  }

  void link_settings() {
    const auto listed = children(element_, k_base_namespace, "overlay-link-protocol");
    if (listed.empty()) return;
    out_.overlay_link_protocols.clear();
    for (const xmlNode* found : listed) out_.overlay_link_protocols.push_back(text_of_element(found));
    const auto& all = out_.overlay_link_protocols;
    if (std::find(all.begin(), all.end(), "TLS") == all.end()) fault("no overlay-link-protocol is supported");
  }

  void kinds() {
    const xmlNode* required = child(element_, k_base_namespace, "required-kinds");
    if (required == nullptr) return;
    for (const xmlNode* block : children(required, k_base_namespace, "kind-block")) {
      const xmlNode* kind = child(block, k_base_namespace, "kind");
      const xmlNode* signature = child(block, k_base_namespace, "kind-signature");
      if (kind == nullptr || signature == nullptr) return fault("kind-block without kind or kind-signature");
      KindBlock kept;
      kept.element = document_.bytes_of(kind);
      if (!from_base64(text_of_element(signature), kept.signature)) return fault("kind-signature is not base64");
      out_.kind_blocks.push_back(std::move(kept));
      one_kind(kind);
    }
  }

  void one_kind(const xmlNode* kind) {
    KindDefinition definition;
    const std::string name = attribute(kind, "name");
    const std::string id = attribute(kind, "id");
    std::optional<KindDefinition> registered;
    if (!name.empty()) {
      registered = iana_kind(name);
      if (!registered) return fault("kind " + name + " is not known");
    } else if (!parse_number(id, definition.kind, KindId{1}, k_last_private_kind)) {
      return fault("kind has neither a name nor an id");
    } else {
      registered = iana_kind(definition.kind);
    }
    const auto field = [&](const char* element) {
      const xmlNode* found = child(kind, k_base_namespace, element);
      return found == nullptr ? std::string() : text_of_element(found);
    };
    if (registered) {
      definition = *registered;  // whatever the document says of model and policy (STORE-47)
    } else if (definition.kind < k_first_private_kind) {
      return fault("kind " + id + " is neither registered nor private");  // STORE-48
    } else if (!model_and_policy(kind, field("data-model"), field("access-control"), definition)) {
      return;
    }
    if (!parse_number(field("max-count"), definition.max_count, 1U, 1U << 24) ||
        !parse_number(field("max-size"), definition.max_size_bytes, 1U, 16U << 20))
      return fault("kind needs max-count and max-size");
    const std::string multiple = field("max-node-multiple");
    if (definition.access == AccessPolicy::node_multiple &&
        !parse_number(multiple, definition.max_node_multiple, 1U, 255U))
      return fault("a NODE-MULTIPLE kind needs max-node-multiple from 1 to 255");  // CONFIG-19
    out_.kinds.add(std::move(definition));
  }

  bool model_and_policy(const xmlNode* kind, const std::string& model, const std::string& policy, KindDefinition& out) {
    if (model == "SINGLE") out.model = wire::DataModel::single;
    else if (model == "ARRAY") out.model = wire::DataModel::array;
    else if (model == "DICTIONARY") out.model = wire::DataModel::dictionary;
    else return fault("data-model " + model + " is not known"), false;
    const xmlNode* element = child(kind, k_base_namespace, "access-control");
    const auto known = element == nullptr ? std::nullopt : access_policy_of(expand_qualified_name(element, policy));
    if (!known) return fault("access-control " + policy + " is not known"), false;
    out.access = *known;
    const bool dictionaries_only = *known == AccessPolicy::user_node_match || *known == AccessPolicy::owner_path_match ||
                                   *known == AccessPolicy::shared_writer_match;
    if (dictionaries_only && out.model != wire::DataModel::dictionary)
      return fault("access-control " + policy + " is for dictionaries only"), false;
    return true;
  }

  const XmlDocument& document_;
  const xmlNode* element_;
  Configuration& out_;
  std::string fault_;
};

// One SecurityBlock over exactly `signed_bytes` (AMB-31), by a certificate that names one of `signers`.
Outcome<> check_block(BytesView signed_bytes, const Bytes& block_bytes, const std::vector<NodeId>& signers,
                      const security::Trust& trust, WallMs now_ms) {
  auto block = wire::decode<wire::SecurityBlock>(SharedBytes(block_bytes));
  if (!block) return refused("signature is malformed: " + block.error().reason);
  std::vector<SharedBytes> ders;
  for (const auto& carried : block->certificates) ders.push_back(carried.der);
  for (const auto& der : ders) {
    const auto certificate = security::Certificate::parse(der);
    if (!certificate) continue;
    const auto node = security::identity_names(block->signature.identity, **certificate);
    if (!node) continue;
    if (std::find(signers.begin(), signers.end(), *node) == signers.end())
      return refused("signed by " + node->hex() + ", which is not a listed signer");
    const auto trusted = trust.check(**certificate, ders, now_ms);
    if (!trusted) return trusted;
    if (!security::signature_good(block->signature, **certificate, signed_bytes)) return refused("signature is wrong");
    return Done{};
  }
  return refused("the signer's certificate is missing");
}

}  // namespace

std::uint32_t Configuration::overlay_hash() const { return wire::overlay_hash(instance_name); }

security::TrustSettings Configuration::trust_settings() const {
  security::TrustSettings settings;
  settings.overlay_name = instance_name;
  settings.root_certificates_der = root_certificates_der;
  settings.self_signed_permitted = self_signed_permitted;
  settings.bad_nodes = bad_nodes;
  return settings;
}

Result<ConfigurationPtr> parse_configuration(SharedBytes document, std::string_view instance_name) {
  if (document.size() > k_max_document_size_bytes) return refused("larger than 1 MiB");
  const auto xml = XmlDocument::parse(document);
  if (!xml) return refused(xml.error().reason);
  if (!is_element(xml->root(), k_base_namespace, "overlay")) return refused("the root element is not <overlay>");
  const auto elements = children(xml->root(), k_base_namespace, "configuration");
  if (elements.empty()) return refused("no <configuration> element");
  if (instance_name.empty() && elements.size() > 1) return refused("several overlays in one document: say which");
  for (const xmlNode* element : elements) {
    if (!instance_name.empty() && attribute(element, "instance-name") != instance_name) continue;
    auto out = std::make_shared<Configuration>();
    const auto read = ElementReader(*xml, element, *out).read();
    if (!read) return read.error();
    out->document = document;
    out->element = xml->bytes_of(element);
    for (const xmlNode* next = element->next; next != nullptr; next = next->next) {
      if (is_element(next, k_base_namespace, "configuration")) break;
      if (!is_element(next, k_base_namespace, "signature")) continue;
      Bytes signature;
      if (!from_base64(text_of_element(next), signature)) return refused("signature is not base64");
      out->signature = std::move(signature);
      break;
    }
    return ConfigurationPtr(out);
  }
  return refused("no configuration for " + std::string(instance_name));
}

Outcome<> check_signature(const Configuration& configuration, const std::vector<NodeId>& signers,
                          const security::Trust& trust, WallMs now_ms) {
  if (!configuration.signature) return refused("not signed");
  const auto document = check_block(configuration.element, *configuration.signature, signers, trust, now_ms);
  if (!document) return document;
  for (const auto& block : configuration.kind_blocks) {  // CONFIG-20
    const auto kind = check_block(block.element, block.signature, configuration.kind_signers, trust, now_ms);
    if (!kind) return kind;
  }
  return Done{};
}

Outcome<> check_successor(const Configuration& current, const Configuration& next, const security::Trust& trust,
                          WallMs now_ms) {
  if (next.instance_name != current.instance_name) return refused("of another overlay");
  if (!sequence_newer(next.sequence, current.sequence)) return refused("not newer than the present one");
  if (next.expiration_ms && *next.expiration_ms <= now_ms) return refused("expired");
  return check_signature(next, current.configuration_signers, trust, now_ms);
}

bool sequence_newer(std::uint16_t a, std::uint16_t b) {
  constexpr std::uint32_t k_modulus = 65535;
  const std::uint32_t ahead = (std::uint32_t{a} + k_modulus - b) % k_modulus;
  return 0 < ahead && ahead < 32768;
}

}  // namespace ringway::config

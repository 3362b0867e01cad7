#include "reload/config/document_reader.hpp"

#include <algorithm>
#include <functional>

#include "reload/config/base64.hpp"
#include "reload/config/kind_element.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/shared_secret.hpp"
#include "reload/config/utc_time.hpp"
#include "reload/config/values.hpp"
#include "reload/link/link_id.hpp"

namespace ringway::config {
namespace {

constexpr std::uint32_t k_min_message_size_bytes =
    1024;  // a signed Ping with its certificate does not fit in less
constexpr std::uint32_t k_max_message_size_bytes = 16U << 20;  // a frame's length has 24 bits
constexpr std::int64_t k_min_reliability_timer_ms = 200;
constexpr std::int64_t k_max_reliability_timer_ms = 600'000;
constexpr std::int64_t k_max_interval_s = 31'536'000;  // a year

// Reads one <configuration> element; the first fault is kept.
class ElementReader {
 public:
  ElementReader(const XmlDocument& document, const xmlNode* element, Configuration& out)
      : document_(document), element_(element), out_(out) {}

  Outcome<> read() {
    attributes();
    overlay_settings();
    limits_and_timers();
    extensions();
    trust();
    signers();
    addresses();
    link_protocols();
    kinds();
    if (!fault_.empty()) return Failure{fault_};
    return Done{};
  }

 private:
  void fault(std::string reason) {
    if (fault_.empty()) fault_ = std::move(reason);
  }

  // Well said, but nothing for this program.
  void unsupported(std::string reason) {
    if (out_.unsupported.empty()) out_.unsupported = std::move(reason);
  }

  const xmlNode* one(const char* name, std::string_view ns = k_base_namespace) const {
    return child(element_, ns, name);
  }
  std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> all;
    for (const xmlNode* found : children(element_, k_base_namespace, name))
      all.push_back(text_of_element(found));
    return all;
  }

  template <typename Number>
  void number(const char* name, Number& out, Number low, Number high,
              std::string_view ns = k_base_namespace) {
    const xmlNode* found = one(name, ns);
    if (found == nullptr || parse_number(text_of_element(found), out, low, high)) return;
    fault(std::string(name) + " is not a number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  template <typename Time>
  void time(const char* name, Time& out, std::int64_t low, std::int64_t high,
            std::string_view ns = k_base_namespace) {
    std::int64_t count = out.count();
    number(name, count, low, high, ns);
    out = Time{count};
  }
  void boolean(const char* name, bool& out, std::string_view ns = k_base_namespace) {
    const xmlNode* found = one(name, ns);
    if (found != nullptr && !parse_boolean(text_of_element(found), out))
      fault(std::string(name) + " is not a boolean");
  }
  void nodes(const char* name, const std::function<void(const NodeId&)>& take) {
    if (out_.node_id_length != k_node_id_size_bytes) return;  // not ours to read
    for (const std::string& text : texts(name)) {
      NodeId node;
      if (!parse_node_id(text, node)) return fault(std::string(name) + " is not a Node-ID of 32 hex digits");
      take(node);
    }
  }

  void attributes() {
    out_.instance_name = attribute(element_, "instance-name").value_or("");
    if (!is_domain_name(out_.instance_name)) fault("instance-name is not a domain name");
    if (const auto text = attribute(element_, "sequence")) {
      if (!parse_number(*text, out_.sequence, std::uint16_t{0}, k_max_sequence))
        fault("sequence is not a number from 0 to 65534");
    }
    if (const auto text = attribute(element_, "expiration")) {
      out_.expiration_ms = parse_utc(*text);
      if (!out_.expiration_ms) fault("expiration is not a UTC time as in RFC 3339");
    }
  }

  void overlay_settings() {
    if (const xmlNode* plugin = one("topology-plugin")) out_.topology_plugin = text_of_element(plugin);
    if (out_.topology_plugin != "CHORD-RELOAD")
      unsupported("topology-plugin " + out_.topology_plugin + " is not supported");
    number("node-id-length", out_.node_id_length, 16U, 20U);
    // CHORD-RELOAD's ring has 2^128 points (AMB-42).
    if (out_.node_id_length != k_node_id_size_bytes)
      unsupported("node-id-length must be 16 with CHORD-RELOAD");
    boolean("clients-permitted", out_.clients_permitted);
    boolean("no-ice", out_.no_ice);
    // An overlay is uniformly ICE or uniformly No-ICE (RFC 6940 §6.5.1.1, §6.5.1.5), and links are TLS
    // without ICE here: in an ICE overlay this program would reach nobody.
    if (!out_.no_ice) unsupported("no-ice is not true: overlays that use ICE are not supported");
    boolean("chord-reactive", out_.chord_reactive, k_chord_namespace);
    if (const xmlNode* secret = one("shared-secret")) shared_secret(text_of_element(secret));
  }

  void shared_secret(std::string secret) {
    // A password would need TLS-SRP (RFC 6940 §13.4), which this program does not have.
    if (const auto why = why_no_key(secret); !why.empty())
      unsupported("shared-secret is no key of 128 bits or more (" + why +
                  "): passwords as secrets are not supported");
    out_.shared_secret = std::move(secret);
  }

  void limits_and_timers() {
    number("turn-density", out_.turn_density, 0U, 255U);  // xsd:unsignedByte
    number("initial-ttl", out_.initial_ttl, std::uint8_t{1}, std::uint8_t{255});
    number("max-message-size", out_.max_message_size_bytes, k_min_message_size_bytes,
           k_max_message_size_bytes);
    time("overlay-reliability-timer", out_.overlay_reliability_timer, k_min_reliability_timer_ms,
         k_max_reliability_timer_ms);
    time("chord-update-interval", out_.chord_update_interval, 1, k_max_interval_s, k_chord_namespace);
    time("chord-ping-interval", out_.chord_ping_interval, 1, k_max_interval_s, k_chord_namespace);
  }

  void extensions() {
    out_.mandatory_extensions = texts("mandatory-extension");
    for (const std::string& extension : out_.mandatory_extensions) {
      if (extension != k_access_namespace && extension != k_replication_namespace &&
          extension != k_sip_namespace && extension != k_redir_namespace)
        unsupported("mandatory-extension " + extension + " is not supported");
    }
    replicas();
  }

  // Peers that count replicas differently would hand over and drop each other's copies: whoever does not know
  // the element has to stay out.
  void replicas() {
    number("replicas", out_.replicas, std::size_t{1}, k_most_replicas, k_replication_namespace);
    const auto& named = out_.mandatory_extensions;
    const bool mandatory = std::find(named.begin(), named.end(), k_replication_namespace) != named.end();
    if (out_.replicas != k_default_replicas && !mandatory)
      fault("replicas is not " + std::to_string(k_default_replicas) + ", and " +
            std::string(k_replication_namespace) + " is no mandatory-extension");
  }

  void trust() {
    for (const std::string& text : texts("root-cert")) {
      Bytes der;
      if (!from_base64(text, der)) return fault("root-cert is not base64");
      out_.root_certificates_der.emplace_back(std::move(der));
    }
    if (const xmlNode* found = one("self-signed-permitted")) self_signed(found);
    if (out_.root_certificates_der.empty() && !out_.self_signed_permitted)
      return fault("neither root-cert nor self-signed-permitted: nobody could join");
    if (const auto made = security::Trust::make(out_.trust_settings()); !made) fault(made.error().reason);
  }

  void self_signed(const xmlNode* found) {
    bool permitted = false;
    if (!parse_boolean(text_of_element(found), permitted))
      return fault("self-signed-permitted is not a boolean");
    const std::string digest = attribute(found, "digest").value_or("");
    if (digest != "sha1" && digest != "sha256")
      return fault("self-signed-permitted needs digest sha1 or sha256");
    if (!permitted) return;
    out_.self_signed_permitted =
        digest == "sha1" ? security::SelfSignedDigest::sha1 : security::SelfSignedDigest::sha256;
  }

  void signers() {
    nodes("kind-signer", [this](const NodeId& node) { out_.kind_signers.push_back(node); });
    nodes("configuration-signer", [this](const NodeId& node) { out_.configuration_signers.push_back(node); });
    nodes("bad-node", [this](const NodeId& node) { out_.bad_nodes.insert(node); });
  }

  void addresses() {
    out_.enrollment_servers = texts("enrollment-server");
    for (const std::string& url : out_.enrollment_servers) {
      if (!url.starts_with("https://") || url.size() == 8) fault("enrollment-server is not an https URL");
    }
    for (const xmlNode* found : children(element_, k_base_namespace, "bootstrap-node")) bootstrap_node(found);
  }

  void bootstrap_node(const xmlNode* found) {
    BootstrapNode node;
    node.address = attribute(found, "address").value_or("");
    const auto port = attribute(found, "port");
    if (port && !parse_number(*port, node.port, std::uint16_t{1}, std::uint16_t{65535}))
      return fault("bootstrap-node's port is not a number from 1 to 65535");
    const bool v6 = node.address.find(':') != std::string::npos;
    wire::IpAddressPort parsed;
    if (!link::parse_address((v6 ? "[" + node.address + "]" : node.address) + ":1", parsed))
      return fault("bootstrap-node's address is not an IP address");
    out_.bootstrap_nodes.push_back(std::move(node));
  }

  void link_protocols() {
    auto listed = texts("overlay-link-protocol");
    if (listed.empty()) return;
    if (std::find(listed.begin(), listed.end(), "TLS") == listed.end())
      unsupported("no overlay-link-protocol of the list is supported");
    out_.overlay_link_protocols = std::move(listed);
  }

  void kinds() {
    const xmlNode* required = one("required-kinds");
    if (required == nullptr) return;
    for (const xmlNode* kind_block : children(required, k_base_namespace, "kind-block")) {
      auto block = read_kind_block(document_, kind_block);
      if (!block) return fault(block.error().reason);
      auto kind = read_kind(child(kind_block, k_base_namespace, "kind"));
      if (!kind) {
        unsupported(kind.error().reason);
        continue;
      }
      if (out_.kinds.find(kind->kind) != nullptr)
        return fault("kind " + std::to_string(kind->kind) + " is repeated");
      block->kind = kind->kind;
      out_.kind_blocks.push_back(std::move(*block));
      out_.kinds.add(std::move(*kind));
    }
  }

  const XmlDocument& document_;
  const xmlNode* element_;
  Configuration& out_;
  std::string fault_;
};

}  // namespace

Outcome<> read_configuration(const XmlDocument& document, const xmlNode* element, Configuration& out) {
  return ElementReader(document, element, out).read();
}

Result<KindBlock> read_kind_block(const XmlDocument& document, const xmlNode* kind_block) {
  KindBlock block;
  block.element = document.bytes_of(child(kind_block, k_base_namespace, "kind"));
  if (block.element.empty()) return Failure{"a kind whose bytes cannot be found"};
  const xmlNode* signature = child(kind_block, k_base_namespace, "kind-signature");
  if (!from_base64(text_of_element(signature), block.signature))
    return Failure{"kind-signature is not base64"};
  return block;
}

}  // namespace ringway::config

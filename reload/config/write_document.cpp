// Writing configuration documents: kinds and the whole, signed over exactly the bytes written (RFC 6940
// §11.1).
#include <libxml/xmlwriter.h>

#include <memory>

#include "reload/config/base64.hpp"
#include "reload/config/configuration.hpp"
#include "reload/config/namespaces.hpp"
#include "reload/config/signed_block.hpp"
#include "reload/config/utc_time.hpp"

namespace ringway::config {
namespace {

// A thin hand on libxml2's writer.
class Xml {
 public:
  Xml()
      : buffer_(xmlBufferCreate(), xmlBufferFree),
        writer_(xmlNewTextWriterMemory(buffer_.get(), 0), xmlFreeTextWriter) {
    xmlTextWriterSetIndent(writer_.get(), 1);
  }
  void start(const std::string& name) { xmlTextWriterStartElement(writer_.get(), chars(name)); }
  void attribute(const std::string& name, const std::string& value) {
    xmlTextWriterWriteAttribute(writer_.get(), chars(name), chars(value));
  }
  void text(const std::string& value) { xmlTextWriterWriteString(writer_.get(), chars(value)); }
  void end() { xmlTextWriterEndElement(writer_.get()); }
  void element(const std::string& name, const std::string& value) {
    xmlTextWriterWriteElement(writer_.get(), chars(name), chars(value));
  }
  void element(const std::string& name, bool value) { element(name, std::string(value ? "true" : "false")); }
  void element(const std::string& name, std::int64_t value) { element(name, std::to_string(value)); }
  // An element that was written, and signed, before: byte for byte.
  void raw(const std::string& xml) { xmlTextWriterWriteRaw(writer_.get(), chars(xml)); }
  std::string take() {
    xmlTextWriterFlush(writer_.get());
    std::string out(reinterpret_cast<const char*>(xmlBufferContent(buffer_.get())),
                    static_cast<std::size_t>(xmlBufferLength(buffer_.get())));
    while (out.ends_with('\n')) out.pop_back();
    return out;
  }

 private:
  static const xmlChar* chars(const std::string& text) {
    return reinterpret_cast<const xmlChar*>(text.c_str());
  }
  // The writer refers to the buffer, so it goes first.
  std::unique_ptr<xmlBuffer, void (*)(xmlBufferPtr)> buffer_;
  std::unique_ptr<xmlTextWriter, void (*)(xmlTextWriterPtr)> writer_;
};

std::string signature_of(const security::Signer& signer, const std::string& element) {
  return to_base64(sign_element(signer, view_of(element)));
}

void write_domain_restriction(Xml& xml, const DomainRestriction& restriction) {
  xml.start("sip:domain-restriction");
  xml.attribute("enable", restriction.enable ? "true" : "false");
  for (const auto& pattern : restriction.patterns) xml.element("sip:pattern", pattern.text());
  xml.end();
}

// Binds the namespaces it uses itself, so that a signed kind means the same wherever it stands.
std::string kind_element(const KindDefinition& kind) {
  Xml xml;
  xml.start("kind");
  xml.attribute("xmlns", std::string(k_base_namespace));
  const std::string policy = name_of(kind.access);
  const auto brace = policy.find('}');
  const bool qualified = brace != std::string::npos;
  if (qualified) xml.attribute("xmlns:rw", policy.substr(1, brace - 1));
  if (kind.branching_factor != redir::k_default_branching_factor)
    xml.attribute("xmlns:redir", std::string(k_redir_namespace));
  if (kind.domain_restriction) xml.attribute("xmlns:sip", std::string(k_sip_namespace));
  if (kind.name.empty()) {
    xml.attribute("id", std::to_string(kind.kind));
  } else {
    xml.attribute("name", kind.name);
  }
  xml.element("data-model", std::string(name_of(kind.model)));
  xml.element("access-control", qualified ? "rw:" + policy.substr(brace + 1) : policy);
  if (kind.access == AccessPolicy::node_multiple)
    xml.element("max-node-multiple", std::int64_t{kind.max_node_multiple});
  xml.element("max-count", std::int64_t{kind.max_count});
  xml.element("max-size", std::int64_t{kind.max_size_bytes});
  if (kind.branching_factor != redir::k_default_branching_factor)
    xml.element("redir:branching-factor", std::int64_t{kind.branching_factor});
  if (kind.domain_restriction) write_domain_restriction(xml, *kind.domain_restriction);
  xml.end();
  return xml.take();
}

void write_trust(Xml& xml, const Configuration& from) {
  for (const auto& der : from.root_certificates_der) xml.element("root-cert", to_base64(der));
  for (const auto& url : from.enrollment_servers) xml.element("enrollment-server", url);
  if (from.self_signed_permitted) {
    xml.start("self-signed-permitted");
    xml.attribute("digest",
                  *from.self_signed_permitted == security::SelfSignedDigest::sha1 ? "sha1" : "sha256");
    xml.text("true");
    xml.end();
  }
  for (const auto& node : from.kind_signers) xml.element("kind-signer", node.hex());
  for (const auto& node : from.configuration_signers) xml.element("configuration-signer", node.hex());
  for (const auto& node : from.bad_nodes) xml.element("bad-node", node.hex());
  if (from.shared_secret) xml.element("shared-secret", *from.shared_secret);
}

void write_settings(Xml& xml, const Configuration& from) {
  xml.element("topology-plugin", from.topology_plugin);
  xml.element("node-id-length", std::int64_t{from.node_id_length});
  for (const auto& node : from.bootstrap_nodes) {
    xml.start("bootstrap-node");
    xml.attribute("address", node.address);
    xml.attribute("port", std::to_string(node.port));
    xml.end();
  }
  xml.element("turn-density", std::int64_t{from.turn_density});
  xml.element("clients-permitted", from.clients_permitted);
  xml.element("no-ice", from.no_ice);
  xml.element("max-message-size", std::int64_t{from.max_message_size_bytes});
  xml.element("initial-ttl", std::int64_t{from.initial_ttl});
  xml.element("overlay-reliability-timer", std::int64_t{from.overlay_reliability_timer.count()});
  for (const auto& protocol : from.overlay_link_protocols) xml.element("overlay-link-protocol", protocol);
  xml.element("chord:chord-update-interval", std::int64_t{from.chord_update_interval.count()});
  xml.element("chord:chord-ping-interval", std::int64_t{from.chord_ping_interval.count()});
  xml.element("chord:chord-reactive", from.chord_reactive);
}

// The element of our own and its mandatory-extension stand together, or neither does: with the RFC's number
// any implementation can take part.
void write_extensions(Xml& xml, const Configuration& from) {
  for (const auto& extension : from.mandatory_extensions) {
    if (extension != k_replication_namespace && extension != k_redir_namespace)
      xml.element("mandatory-extension", extension);
  }
  // Whoever defines REDIR lists its namespace (RFC 7374 §8).
  if (from.kinds.find(k_redir) != nullptr) xml.element("mandatory-extension", std::string(k_redir_namespace));
  if (from.replicas == k_default_replicas) return;
  xml.element("mandatory-extension", std::string(k_replication_namespace));
  xml.element("replication:replicas", static_cast<std::int64_t>(from.replicas));
}

void write_kinds(Xml& xml, const Configuration& from, const security::Signer& kind_signer) {
  if (from.kinds.all().empty()) return;
  xml.start("required-kinds");
  for (const auto& [id, kind] : from.kinds.all()) {
    const std::string element = kind_element(kind);
    xml.start("kind-block");
    xml.raw(element);
    xml.element("kind-signature", signature_of(kind_signer, element));
    xml.end();
  }
  xml.end();
}

// Binds its namespaces inside the signed bytes: nobody can change what a name in it means.
std::string configuration_element(const Configuration& from, const security::Signer& kind_signer) {
  Xml xml;
  xml.start("configuration");
  xml.attribute("xmlns", std::string(k_base_namespace));
  xml.attribute("xmlns:chord", std::string(k_chord_namespace));
  if (from.replicas != k_default_replicas)
    xml.attribute("xmlns:replication", std::string(k_replication_namespace));
  xml.attribute("instance-name", from.instance_name);
  if (from.expiration_ms) xml.attribute("expiration", write_utc(*from.expiration_ms));
  xml.attribute("sequence", std::to_string(from.sequence));
  write_settings(xml, from);
  write_extensions(xml, from);
  write_trust(xml, from);
  write_kinds(xml, from, kind_signer);
  xml.end();
  return xml.take();
}

}  // namespace

Result<Bytes> write_document(const Configuration& configuration, const security::Signer& document_signer,
                             const security::Signer& kind_signer) {
  const std::string element = configuration_element(configuration, kind_signer);
  const std::string document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<overlay xmlns=\"" +
                               std::string(k_base_namespace) + "\">\n" + element + "\n<signature>" +
                               signature_of(document_signer, element) + "</signature>\n</overlay>\n";
  Bytes bytes = copy_of(view_of(document));
  // What is written here must be readable here; a value that is out of its range is noticed now.
  const auto again = parse_configuration(SharedBytes(bytes), configuration.instance_name);
  if (!again) return again.error();
  return bytes;
}

}  // namespace ringway::config

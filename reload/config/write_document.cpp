// Writing configuration documents: kinds and the whole signed over exactly the bytes written (RFC 6940 §11.1, AMB-31).
#include <libxml/xmlwriter.h>

#include <ctime>
#include <memory>

#include "reload/config/base64.hpp"
#include "reload/config/configuration.hpp"
#include "reload/config/namespaces.hpp"

namespace ringway::config {
namespace {

// A thin hand on libxml2's writer.
class Xml {
 public:
  Xml() : buffer_(xmlBufferCreate(), xmlBufferFree), writer_(xmlNewTextWriterMemory(buffer_.get(), 0), xmlFreeTextWriter) {
    xmlTextWriterSetIndent(writer_.get(), 1);
  }
  void start(const char* name) { xmlTextWriterStartElement(writer_.get(), chars(name)); }
  void attribute(const std::string& name, const std::string& value) {
    xmlTextWriterWriteAttribute(writer_.get(), chars(name), chars(value));
  }
  void end() { xmlTextWriterEndElement(writer_.get()); }
  void element(const char* name, const std::string& value) {
    xmlTextWriterWriteElement(writer_.get(), chars(name), chars(value));
  }
  void raw(const std::string& xml) { xmlTextWriterWriteRaw(writer_.get(), chars(xml)); }
  std::string take() {
    xmlTextWriterFlush(writer_.get());
    std::string out(reinterpret_cast<const char*>(xmlBufferContent(buffer_.get())),
                    static_cast<std::size_t>(xmlBufferLength(buffer_.get())));
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }

 private:
  static const xmlChar* chars(const std::string& text) { return reinterpret_cast<const xmlChar*>(text.c_str()); }
  std::unique_ptr<xmlBuffer, void (*)(xmlBufferPtr)> buffer_;
  std::unique_ptr<xmlTextWriter, void (*)(xmlTextWriterPtr)> writer_;
};

std::string signed_block(const security::Signer& signer, const std::string& element) {
  wire::SecurityBlock block;
  block.certificates.push_back({wire::CertificateType::x509, signer.certificate()->der()});
  for (const auto& der : signer.chain_der()) block.certificates.push_back({wire::CertificateType::x509, der});
  block.signature = signer.sign_exact(view_of(element));
  return to_base64(wire::encode(block));
}

std::string utc(WallMs at_ms) {
  const auto seconds = static_cast<std::time_t>(at_ms / 1000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text, size};
}

const char* text_of(bool value) { return value ? "true" : "false"; }

std::string kind_element(const KindDefinition& kind) {
  Xml xml;
  xml.start("kind");
  xml.attribute("xmlns", std::string(k_base_namespace));
  const std::string policy = name_of(kind.access);
  const auto brace = policy.find('}');
  if (brace != std::string::npos) xml.attribute("xmlns:rw", policy.substr(1, brace - 1));
  if (kind.name.empty()) xml.attribute("id", std::to_string(kind.kind));
  else xml.attribute("name", kind.name);
  xml.element("data-model", std::string(name_of(kind.model)));
  xml.element("access-control", brace == std::string::npos ? policy : "rw:" + policy.substr(brace + 1));
  xml.element("max-count", std::to_string(kind.max_count));
  xml.element("max-size", std::to_string(kind.max_size_bytes));
  if (kind.access == AccessPolicy::node_multiple) xml.element("max-node-multiple", std::to_string(kind.max_node_multiple));
  xml.end();
  return xml.take();
}

void write_settings(Xml& xml, const Configuration& from) {
  xml.element("topology-plugin", from.topology_plugin);
  xml.element("node-id-length", std::to_string(from.node_id_length));
  for (const auto& der : from.root_certificates_der) xml.element("root-cert", to_base64(der));
  if (from.self_signed_permitted) {
    const bool sha1 = *from.self_signed_permitted == security::SelfSignedDigest::sha1;
    xml.raw(std::string("<self-signed-permitted digest=\"") + (sha1 ? "sha1" : "sha256") + "\">true</self-signed-permitted>\n");
  }
  for (const auto& url : from.enrollment_servers) xml.element("enrollment-server", url);
  for (const auto& node : from.bootstrap_nodes) {
    xml.start("bootstrap-node");
    xml.attribute("address", node.address);
    xml.attribute("port", std::to_string(node.port));
    xml.end();
  }
  xml.element("turn-density", std::to_string(from.turn_density));
  xml.element("clients-permitted", text_of(from.clients_permitted));
  xml.element("no-ice", text_of(from.no_ice));
  xml.element("chord:chord-update-interval", std::to_string(from.chord_update_interval.count()));
  xml.element("chord:chord-ping-interval", std::to_string(from.chord_ping_interval.count()));
  xml.element("chord:chord-reactive", text_of(from.chord_reactive));
  if (from.shared_secret) xml.element("shared-secret", *from.shared_secret);
  xml.element("max-message-size", std::to_string(from.max_message_size_bytes));
  xml.element("initial-ttl", std::to_string(from.initial_ttl));
  xml.element("overlay-reliability-timer", std::to_string(from.overlay_reliability_timer.count()));
  for (const auto& protocol : from.overlay_link_protocols) xml.element("overlay-link-protocol", protocol);
  for (const auto& node : from.kind_signers) xml.element("kind-signer", node.hex());
  for (const auto& node : from.configuration_signers) xml.element("configuration-signer", node.hex());
  for (const auto& node : from.bad_nodes) xml.element("bad-node", node.hex());
  for (const auto& extension : from.mandatory_extensions) xml.element("mandatory-extension", extension);
}

void write_kinds(Xml& xml, const Configuration& from, const security::Signer& kind_signer) {
  xml.start("required-kinds");
  for (const auto& [id, kind] : from.kinds.all()) {
    const std::string element = kind_element(kind);
    xml.start("kind-block");
    xml.raw(element);
    xml.element("kind-signature", signed_block(kind_signer, element));
    xml.end();
  }
  xml.end();
}

}  // namespace

Result<Bytes> write_document(const Configuration& configuration, const security::Signer& document_signer,
                             const security::Signer& kind_signer) {
  Xml inner;
  inner.start("configuration");
  inner.attribute("instance-name", configuration.instance_name);
  inner.attribute("sequence", std::to_string(configuration.sequence));
  if (configuration.expiration_ms) inner.attribute("expiration", utc(*configuration.expiration_ms));
  write_settings(inner, configuration);
  write_kinds(inner, configuration, kind_signer);
  inner.end();
  const std::string element = inner.take();
  // The namespaces are bound outside the signed bytes: the grammar has <overlay> as their place.
  std::string document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<overlay xmlns=\"" + std::string(k_base_namespace) +
                         "\" xmlns:chord=\"" + std::string(k_chord_namespace) + "\">\n" + element + "\n<signature>" +
                         signed_block(document_signer, element) + "</signature>\n</overlay>\n";
  const auto again = parse_configuration(SharedBytes(copy_of(view_of(document))), configuration.instance_name);
  if (!again) return again.error();  // what we write, we must be able to read
  return copy_of(view_of(document));
}

}  // namespace ringway::config

#include "reload/security/certificate.hpp"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <optional>

#include "reload/security/asn1_time.hpp"
#include "reload/security/read_x509.hpp"

namespace ringway::security {
namespace {

constexpr std::string_view k_scheme = "reload://";
constexpr std::size_t k_max_user_name_size_bytes = 254;     // RFC 5321 §4.5.3.1.3, less the angle brackets
constexpr std::size_t k_max_overlay_name_size_bytes = 253;  // RFC 1035 §2.3.4
constexpr int k_min_rsa_bits = 2048;
constexpr int k_max_rsa_bits = 4096;

Failure refused(std::string reason) { return {"certificate: " + std::move(reason), 0}; }

std::string_view text_of_ia5(const ASN1_IA5STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool is_named_p256(EVP_PKEY* key) {
  char group[32];
  std::size_t size = 0;
  int is_explicit = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1" &&
         // A curve spelled out could be one of the attacker's making (RFC 5480 §2.1.1 forbids it).
         EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) == 1 &&
         is_explicit == 0;
}

bool is_acceptable_key(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1) return is_named_p256(key);
  const int bits = EVP_PKEY_get_bits(key);
  return EVP_PKEY_is_a(key, "RSA") == 1 && k_min_rsa_bits <= bits && bits <= k_max_rsa_bits;
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return '!' <= c && c <= '~'; });
}

// One "@" with something on both sides, printable without blanks (ENROLL-15).
bool is_acceptable_user(std::string_view user) {
  const auto at = user.find('@');
  return at != std::string_view::npos && at != 0 && at + 1 != user.size() && at == user.rfind('@') &&
         user.size() <= k_max_user_name_size_bytes && is_printable(user);
}

using GeneralNames = std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)>;

// What the SubjectAltName says (RFC 6940 §11.3).
struct Names {
  std::vector<NodeId> nodes;
  std::string user;
  std::string overlay;
};

Outcome<> add_user(Names& names, std::string_view user) {
  if (!names.user.empty()) return refused("more than one rfc822Name");
  if (!is_acceptable_user(user)) return refused("the rfc822Name is not acceptable");
  names.user = user;
  return Done{};
}

Outcome<> add_node(Names& names, std::string_view text) {
  const auto uri = parse_reload_uri(text);
  if (!uri) return refused(uri.error().reason);
  if (!uri->specifier.empty()) return refused("its reload URI names a resource");
  const auto* node = uri->destination_list.size() == 1
                         ? std::get_if<wire::NodeDestination>(&uri->destination_list.front())
                         : nullptr;
  if (node == nullptr || node->node == wildcard_node()) return refused("its reload URI is not one Node-ID");
  if (!names.overlay.empty() && names.overlay != uri->overlay_name)
    return refused("reload URIs of several overlays");
  if (std::find(names.nodes.begin(), names.nodes.end(), node->node) != names.nodes.end())
    return refused("a Node-ID is repeated");
  if (names.nodes.size() == k_max_node_ids_per_certificate) return refused("too many Node-IDs");
  names.overlay = uri->overlay_name;
  names.nodes.push_back(node->node);
  return Done{};
}

// One or more Node-IDs, exactly one user, and nothing else (SEC-18).
Result<Names> read_names(const X509* x509) {
  // Null, too, when the extension is there more than once.
  const GeneralNames all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509, NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  if (!all) return refused("no SubjectAltName");
  Names names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    Outcome<> added = refused("its SubjectAltName has other names");
    if (name->type == GEN_EMAIL) added = add_user(names, text_of_ia5(name->d.rfc822Name));
    if (name->type == GEN_URI) added = add_node(names, text_of_ia5(name->d.uniformResourceIdentifier));
    if (!added) return added.error();
  }
  if (names.nodes.empty()) return refused("no Node-ID");
  if (names.user.empty()) return refused("no rfc822Name");
  return names;
}

}  // namespace

std::string reload_uri(const NodeId& node, const std::string& overlay_name) {
  return std::string(k_scheme) + to_hex(wire::encode(wire::to_node(node))) + "@" + overlay_name + "/";
}

Result<ReloadUri> parse_reload_uri(std::string_view uri) {
  if (!uri.starts_with(k_scheme)) return Failure{"not a reload URI"};
  uri.remove_prefix(k_scheme.size());
  const auto at = uri.find('@');
  if (at == std::string_view::npos) return Failure{"a reload URI without \"@\""};
  const auto slash = uri.find('/', at);
  if (slash == std::string_view::npos) return Failure{"a reload URI without \"/\""};

  ReloadUri parsed;
  Bytes list;
  if (at == 0 || !from_hex(uri.substr(0, at), list))
    return Failure{"a reload URI whose destination is not hexadecimal"};
  auto destinations = wire::decode<wire::DestinationList>(SharedBytes(std::move(list)));
  if (!destinations) return destinations.error();
  parsed.destination_list = std::move(*destinations);
  parsed.overlay_name = uri.substr(at + 1, slash - at - 1);
  if (parsed.overlay_name.empty() || parsed.overlay_name.size() > k_max_overlay_name_size_bytes ||
      !is_printable(parsed.overlay_name))
    return Failure{"a reload URI without an overlay's name"};
  if (!from_hex(uri.substr(slash + 1), parsed.specifier))
    return Failure{"a reload URI whose specifier is not hexadecimal"};
  return parsed;
}

Result<std::shared_ptr<const Certificate>> Certificate::parse(const SharedBytes& der) {
  if (der.size() > k_max_certificate_size_bytes) return refused("too large");
  auto x509 = read_x509(der);
  if (!x509) return refused("not one X.509 certificate in DER");
  std::shared_ptr<EVP_PKEY> key(X509_get_pubkey(x509.get()), EVP_PKEY_free);
  if (!key || !is_acceptable_key(key.get()))
    return refused("its key is neither P-256 nor RSA of 2048 to 4096 bits");
  const auto not_before_ms = wall_ms_of(X509_get0_notBefore(x509.get()));
  const auto not_after_ms = wall_ms_of(X509_get0_notAfter(x509.get()));
  if (!not_before_ms || !not_after_ms) return refused("its validity period is malformed");
  if (X509_NAME_entry_count(X509_get_subject_name(x509.get())) != 0)
    return refused("its subject is not empty");
  auto names = read_names(x509.get());
  if (!names) return names.error();

  std::shared_ptr<Certificate> out(new Certificate);
  out->der_ = copy_of(der);  // a buffer of its own: this one may be a window on a whole message
  out->x509_ = std::move(x509);
  out->key_ = std::move(key);
  out->node_ids_ = std::move(names->nodes);
  out->user_name_ = std::move(names->user);
  out->overlay_name_ = std::move(names->overlay);
  out->not_before_ms_ = *not_before_ms;
  out->not_after_ms_ = *not_after_ms;
  SHA256(der.view().data(), der.size(), out->sha256_.data());
  return std::shared_ptr<const Certificate>(out);
}

std::shared_ptr<const Certificate> Certificate::stating(Statement statement,
                                                        std::shared_ptr<const Encoder> encoder) {
  std::shared_ptr<Certificate> out(new Certificate);
  SHA256(statement.der.view().data(), statement.der.size(), out->sha256_.data());
  if (!encoder) out->der_ = copy_of(statement.der);  // as above
  out->encoder_ = std::move(encoder);
  out->node_ids_ = {statement.node};
  out->user_name_ = std::move(statement.user_name);
  out->overlay_name_ = std::move(statement.overlay_name);
  out->not_before_ms_ = statement.not_before_ms;
  out->not_after_ms_ = statement.not_after_ms;
  return out;
}

std::vector<SharedBytes> split_certificates(const SharedBytes& ders) {
  std::vector<SharedBytes> out;
  SharedBytes rest = ders;
  while (!rest.empty()) {
    const unsigned char* at = rest.view().data();
    const unsigned char* const start = at;
    long content_bytes = 0;
    int tag = 0;
    int tag_class = 0;
    const int head = ASN1_get_object(&at, &content_bytes, &tag, &tag_class, static_cast<long>(rest.size()));
    if (head != V_ASN1_CONSTRUCTED || tag != V_ASN1_SEQUENCE) break;
    const auto size_bytes = static_cast<std::size_t>(at - start) + static_cast<std::size_t>(content_bytes);
    out.push_back(rest.slice(0, size_bytes));
    rest = rest.from(size_bytes);
  }
  return out;
}

bool Certificate::has_node_id(const NodeId& node) const {
  return std::find(node_ids_.begin(), node_ids_.end(), node) != node_ids_.end();
}

Bytes Certificate::public_key_info_der() const {
  if (!x509_) return {};
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509_.get()), &der);
  if (size <= 0) return {};
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

NodeId self_signed_node_id(BytesView public_key_info_der, SelfSignedDigest digest, std::uint32_t index,
                           std::size_t count) {
  wire::Writer input;
  if (count > 1) input.u32(index);
  input.raw(public_key_info_der);
  Bytes hash(EVP_MAX_MD_SIZE);
  const EVP_MD* algorithm = digest == SelfSignedDigest::sha1 ? EVP_sha1() : EVP_sha256();
  EVP_Digest(input.bytes().data(), input.size(), hash.data(), nullptr, algorithm, nullptr);
  return as_node(ring_id_from(hash));
}

}  // namespace ringway::security

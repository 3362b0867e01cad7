#include "reload/security/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

namespace ringway::security {
namespace {

constexpr std::string_view k_scheme = "reload://";

Failure refused(std::string reason) { return {"certificate: " + std::move(reason), 0}; }

bool to_wall_ms(const ASN1_TIME* time, WallMs& out) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return false;
  const std::time_t seconds = timegm(&parts);
  if (seconds < 0) return false;
  out = static_cast<WallMs>(seconds) * 1000;
  return true;
}

std::string_view text_of_ia5(const ASN1_IA5STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

bool acceptable_key(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return EVP_PKEY_get_bits(key) >= 2048 && EVP_PKEY_get_bits(key) <= 4096;
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  char group[32];
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

// A mailbox as names go in this overlay: one "@", something on both sides, printable without blanks
// (ENROLL-15).
bool acceptable_user(std::string_view user) {
  const auto at = user.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == user.size() || user.size() > 254) return false;
  if (user.find('@', at + 1) != std::string_view::npos || user.find('/') != std::string_view::npos)
    return false;
  return std::all_of(user.begin(), user.end(),
                     [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7F; });
}

struct NamesDeleter {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

}  // namespace

std::string reload_uri(const NodeId& node, const std::string& overlay_name) {
  return std::string(k_scheme) + to_hex(wire::encode(wire::to_node(node))) + "@" + overlay_name + "/";
}

Result<ReloadUri> parse_reload_uri(std::string_view uri) {
  if (!uri.starts_with(k_scheme)) return refused("not a reload URI");
  uri.remove_prefix(k_scheme.size());
  const auto at = uri.find('@');
  const auto slash = uri.find('/', at == std::string_view::npos ? 0 : at);
  if (at == std::string_view::npos || slash == std::string_view::npos)
    return refused("reload URI without @ or /");
  Bytes list;
  ReloadUri parsed;
  if (!from_hex(uri.substr(0, at), list)) return refused("reload URI's destination is not hexadecimal");
  auto destinations = wire::decode<wire::DestinationList>(SharedBytes(std::move(list)));
  if (!destinations) return destinations.error();
  parsed.destination_list = std::move(*destinations);
  parsed.overlay_name = uri.substr(at + 1, slash - at - 1);
  if (parsed.overlay_name.empty()) return refused("reload URI without overlay name");
  if (!from_hex(uri.substr(slash + 1), parsed.specifier))
    return refused("reload URI's specifier is not hexadecimal");
  return parsed;
}

Result<std::shared_ptr<const Certificate>> Certificate::parse(const SharedBytes& der) {
  if (der.size() > k_max_certificate_size_bytes) return refused("too large");
  const unsigned char* at = der.view().data();
  std::shared_ptr<X509> x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (!x509 || at != der.view().data() + der.size()) return refused("not one X.509 certificate in DER");

  std::shared_ptr<Certificate> out(new Certificate);
  out->der_ = der;
  out->x509_ = x509;
  out->key_.reset(X509_get_pubkey(x509.get()), EVP_PKEY_free);
  if (!out->key_ || !acceptable_key(out->key_.get()))
    return refused("key is neither P-256 nor RSA of 2048 to 4096 bits");
  if (!to_wall_ms(X509_get0_notBefore(x509.get()), out->not_before_ms_) ||
      !to_wall_ms(X509_get0_notAfter(x509.get()), out->not_after_ms_))
    return refused("validity period is malformed");
  if (X509_NAME_entry_count(X509_get_subject_name(x509.get())) != 0) return refused("subject is not empty");

  // RFC 6940 §11.3: reload URIs, exactly one rfc822Name, nothing else.
  std::unique_ptr<GENERAL_NAMES, NamesDeleter> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(x509.get(), NID_subject_alt_name, nullptr, nullptr)));
  if (!names) return refused("no SubjectAltName");
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_EMAIL) {
      if (!out->user_name_.empty()) return refused("more than one rfc822Name");
      out->user_name_ = text_of_ia5(name->d.rfc822Name);
      if (!acceptable_user(out->user_name_)) return refused("rfc822Name is not acceptable");
    } else if (name->type == GEN_URI) {
      auto uri = parse_reload_uri(text_of_ia5(name->d.uniformResourceIdentifier));
      if (!uri) return uri.error();
      const auto* node = uri->destination_list.size() == 1
                             ? std::get_if<wire::NodeDestination>(&uri->destination_list.front())
                             : nullptr;
      if (node == nullptr || node->node == wildcard_node()) return refused("reload URI is not one Node-ID");
      if (!out->overlay_name_.empty() && out->overlay_name_ != uri->overlay_name)
        return refused("reload URIs of several overlays");
      if (out->has_node_id(node->node)) return refused("a Node-ID is repeated");
      out->overlay_name_ = uri->overlay_name;
      out->node_ids_.push_back(node->node);
      if (out->node_ids_.size() > k_max_node_ids_per_certificate) return refused("too many Node-IDs");
    } else {
      return refused("SubjectAltName has other names");
    }
  }
  if (out->node_ids_.empty()) return refused("no Node-ID");
  if (out->user_name_.empty()) return refused("no rfc822Name");
  out->sha256_.resize(SHA256_DIGEST_LENGTH);
  SHA256(der.view().data(), der.size(), out->sha256_.data());
  return std::shared_ptr<const Certificate>(out);
}

bool Certificate::has_node_id(const NodeId& node) const {
  return std::find(node_ids_.begin(), node_ids_.end(), node) != node_ids_.end();
}

Bytes Certificate::public_key_info_der() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
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
  unsigned size = 0;
  const EVP_MD* algorithm = digest == SelfSignedDigest::sha1 ? EVP_sha1() : EVP_sha256();
  EVP_Digest(input.bytes().data(), input.size(), hash.data(), &size, algorithm, nullptr);
  return as_node(ring_id_from(hash));
}

}  // namespace ringway::security

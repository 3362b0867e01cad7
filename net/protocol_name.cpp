#include "net/protocol_name.hpp"

#include "reload/bytes.hpp"

namespace ringway::net {

namespace {

// Of what the client offers, the first that is known. OpenSSL wants a pointer into the offer.
template <typename Known>
int choose(const unsigned char** out, unsigned char* out_size_bytes, BytesView offered, const Known& known) {
  BytesView rest = offered;
  while (!rest.empty() && rest.size() > rest.front()) {
    const BytesView name = rest.subspan(1, rest.front());
    if (known(text_of(name))) {
      *out = name.data();
      *out_size_bytes = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
    rest = rest.subspan(1 + name.size());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

extern "C" int ringway_choose_application(SSL*, const unsigned char** out, unsigned char* out_size_bytes,
                                          const unsigned char* offered, unsigned offered_size_bytes, void*) {
  return choose(out, out_size_bytes, BytesView(offered, offered_size_bytes),
                [](std::string_view name) { return application_named(name).has_value(); });
}

extern "C" int ringway_choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size_bytes,
                                       const unsigned char* offered, unsigned offered_size_bytes,
                                       void* wanted) {
  const auto& only = *static_cast<const std::string*>(wanted);
  return choose(out, out_size_bytes, BytesView(offered, offered_size_bytes),
                [&](std::string_view name) { return name == only; });
}

}  // namespace

std::string protocol_name(std::optional<routing::Application> application) {
  if (!application) return {};
  return "ringway/" + std::to_string(static_cast<unsigned>(*application));
}

std::optional<routing::Application> application_named(std::string_view protocol) {
  for (const auto application : routing::k_applications)
    if (protocol == protocol_name(application)) return application;
  return std::nullopt;
}

void accept_protocol_names(SSL_CTX* context) {
  SSL_CTX_set_alpn_select_cb(context, &ringway_choose_application, nullptr);
}

void accept_protocol_name(SSL_CTX* context, const std::string& name) {
  // OpenSSL gives the callback a pointer without const; it reads only.
  SSL_CTX_set_alpn_select_cb(context, &ringway_choose_protocol, const_cast<std::string*>(&name));
}

Outcome<> offer_protocol_name(SSL* ssl, const std::string& name) {
  if (name.empty()) return Done{};
  Bytes offer{static_cast<std::uint8_t>(name.size())};
  append(offer, view_of(name));
  // Unlike most of OpenSSL's functions this one gives 0 for success.
  if (SSL_set_alpn_protos(ssl, offer.data(), static_cast<unsigned>(offer.size())) != 0)
    return Failure{"TLS cannot name the protocol"};
  return Done{};
}

std::string agreed_protocol_name(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size_bytes = 0;
  SSL_get0_alpn_selected(ssl, &name, &size_bytes);
  return size_bytes == 0 ? std::string() : std::string(text_of(BytesView(name, size_bytes)));
}

}  // namespace ringway::net

#include "net/protocol_name.hpp"

#include <string_view>

#include "reload/bytes.hpp"

namespace ringway::net {

namespace {

std::optional<routing::Application> application_of(std::string_view name) {
  for (const auto application : routing::k_applications)
    if (name == protocol_name(application)) return application;
  return std::nullopt;
}

// Of what the client offers, the first that there is. OpenSSL wants a pointer into the offer.
extern "C" int ringway_choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size_bytes,
                                       const unsigned char* offered, unsigned offered_size_bytes, void*) {
  BytesView rest(offered, offered_size_bytes);
  while (!rest.empty() && rest.size() > rest.front()) {
    const BytesView name = rest.subspan(1, rest.front());
    if (application_of(text_of(name))) {
      *out = name.data();
      *out_size_bytes = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
    rest = rest.subspan(1 + name.size());
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

std::string protocol_name(routing::Application application) {
  return "ringway/" + std::to_string(static_cast<unsigned>(application));
}

void accept_protocol_names(SSL_CTX* context) {
  SSL_CTX_set_alpn_select_cb(context, &ringway_choose_protocol, nullptr);
}

Outcome<> offer_protocol_name(SSL* ssl, std::optional<routing::Application> application) {
  if (!application) return Done{};
  const std::string name = protocol_name(*application);
  Bytes offer{static_cast<std::uint8_t>(name.size())};
  append(offer, view_of(name));
  // Unlike most of OpenSSL's functions this one gives 0 for success.
  if (SSL_set_alpn_protos(ssl, offer.data(), static_cast<unsigned>(offer.size())) != 0)
    return Failure{"TLS cannot name the application"};
  return Done{};
}

Result<std::optional<routing::Application>> agreed_application(const SSL* ssl) {
  const unsigned char* name = nullptr;
  unsigned size_bytes = 0;
  SSL_get0_alpn_selected(ssl, &name, &size_bytes);
  if (size_bytes == 0) return std::optional<routing::Application>();
  const auto application = application_of(text_of(BytesView(name, size_bytes)));
  if (!application) return Failure{"not an application of ours"};
  return application;
}

}  // namespace ringway::net

#include "reload/security/read_x509.hpp"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace ringway::security {

std::shared_ptr<X509> read_x509(BytesView der) {
  const unsigned char* at = der.data();
  std::shared_ptr<X509> x509(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (x509 && at != der.data() + der.size()) return nullptr;
  // OpenSSL reads the extensions when somebody first asks for them: now, while no other thread has it.
  if (x509) (void)X509_get_extension_flags(x509.get());
  return x509;
}

}  // namespace ringway::security

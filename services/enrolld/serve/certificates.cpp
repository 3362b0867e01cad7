#include "services/enrolld/serve/certificates.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

namespace ringway::enrolld {

std::vector<SharedBytes> certificates_in(std::string_view pem) {
  using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  std::vector<SharedBytes> out;
  while (const X509Ptr next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), &X509_free}) {
    const int size = i2d_X509(next.get(), nullptr);
    if (size <= 0) break;
    Bytes der(static_cast<std::size_t>(size));
    unsigned char* to = der.data();
    i2d_X509(next.get(), &to);
    out.emplace_back(std::move(der));
  }
  ERR_clear_error();  // the end of the text is none
  return out;
}

}  // namespace ringway::enrolld

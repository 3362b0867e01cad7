#include "services/enroll_client/issued.hpp"

#include <openssl/pem.h>

#include <memory>
#include <string>
#include <utility>

#include "services/enroll_client/signing_request.hpp"

namespace ringway::services {

std::string EnrolledCertificate::pem() const {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  const auto add = [&out](const SharedBytes& der) {
    const BytesView bytes = der.view();
    PEM_write_bio(out.get(), PEM_STRING_X509, "", bytes.data(), static_cast<long>(bytes.size()));
  };
  add(certificate->der());
  if (intermediates) {
    for (const SharedBytes& der : *intermediates) add(der);
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

Result<EnrolledCertificate> check_issued(const Bytes& csr_der, std::vector<SharedBytes> chain_der,
                                         const security::Trust& trust, WallMs now_ms) {
  if (chain_der.empty()) return Failure{"the server's answer holds no certificate"};
  auto certificate = security::Certificate::parse(chain_der.front());
  if (!certificate) return Failure{"the server's certificate: " + certificate.error().reason};
  chain_der.erase(chain_der.begin());
  auto trusted = trust.trusted_chain(**certificate, chain_der, now_ms);
  if (!trusted) return Failure{"the server's certificate: " + trusted.error().reason};
  if (!is_for_key_of(csr_der, **certificate)) return Failure{"the server's certificate is for another key"};
  return EnrolledCertificate{*std::move(certificate), std::move(trusted->intermediates)};
}

}  // namespace ringway::services

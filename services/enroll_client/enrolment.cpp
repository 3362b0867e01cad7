#include "services/enroll_client/enrolment.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

namespace ringway::services {

namespace {

constexpr const char* k_certificate_type = "application/pkix-cert";
constexpr const char* k_chain_type = "application/pem-certificate-chain";  // RFC 8555 §9.1
constexpr std::size_t k_max_answer_size_bytes = 65536;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<&BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<&X509_free>>;

EnrolmentFailure undecided(std::string reason) { return {std::nullopt, std::move(reason)}; }

HttpsRequest request_of(const Enrolment& enrolment, const std::string& overlay_name) {
  HttpsRequest request;
  request.url = enrolment.url;
  if (enrolment.server_name == EnrolmentServerName::overlay) request.server_name = overlay_name;
  request.headers = {std::string("Accept: ") + k_certificate_type + ", " + k_chain_type};
  if (enrolment.user_name) request.form.push_back({"username", *enrolment.user_name, ""});
  if (enrolment.password) request.form.push_back({"password", *enrolment.password, ""});
  if (enrolment.nodes > 1) request.form.push_back({"nodeids", std::to_string(enrolment.nodes), ""});
  request.form.push_back({"csr", std::string(text_of(enrolment.csr_der)), "application/pkcs10"});
  request.max_answer_size_bytes = k_max_answer_size_bytes;
  return request;
}

EnrolmentFailure refusal_of(const HttpsAnswer& answer) {
  if (answer.status != 403)
    return undecided("the enrollment server answered with status " + std::to_string(answer.status));
  const std::size_t end = answer.body.find_last_not_of(" \t\r\n");
  const std::string token = answer.body.substr(0, end == std::string::npos ? 0 : end + 1);
  if (token == "failed_authentication")
    return {EnrolmentVerdict::failed_authentication, "user name and password are not right"};
  if (token == "username_not_available")
    return {EnrolmentVerdict::username_not_available, "this user name cannot be had"};
  if (token == "Node-IDs_not_available")
    return {EnrolmentVerdict::node_ids_not_available, "so many Node-IDs cannot be had"};
  if (token == "bad_CSR")
    return {EnrolmentVerdict::bad_csr, "the server does not take the certificate request"};
  return {EnrolmentVerdict::unknown, "the server refused for a reason that is not known"};
}

std::optional<SharedBytes> der_of(X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return std::nullopt;
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(certificate, &out);
  return SharedBytes(std::move(der));
}

// The leaf first; empty when the text holds no certificate, or more than a chain may have.
std::vector<SharedBytes> read_chain(const std::string& pem) {
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::vector<SharedBytes> chain;
  while (const X509Ptr next{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)}) {
    auto der = der_of(next.get());
    if (!der || chain.size() > static_cast<std::size_t>(security::k_max_chain_depth)) return {};
    chain.push_back(*std::move(der));
  }
  ERR_clear_error();  // the end of the text
  return chain;
}

std::vector<SharedBytes> certificates_of(const HttpsAnswer& answer) {
  const std::string type = answer.content_type.substr(0, answer.content_type.find(';'));
  if (type == k_certificate_type && !answer.body.empty()) return {SharedBytes(copy_of(view_of(answer.body)))};
  if (type == k_chain_type) return read_chain(answer.body);
  return {};
}

Result<EnrolledCertificate, EnrolmentFailure> check(const Enrolment& enrolment,
                                                    std::vector<SharedBytes> chain,
                                                    const security::Trust& trust, WallMs now_ms) {
  auto issued = check_issued(enrolment.csr_der, std::move(chain), trust, now_ms);
  if (!issued) return undecided(issued.error().reason);
  if (issued->certificate->node_ids().size() != enrolment.nodes)
    return undecided("the server's certificate has another number of Node-IDs");
  return *std::move(issued);
}

}  // namespace

Result<EnrolledCertificate, EnrolmentFailure> enrol(const HttpsSettings& https, const Enrolment& enrolment,
                                                    const security::Trust& trust, WallMs now_ms) {
  const auto answer = ask_https(https, request_of(enrolment, trust.settings().overlay_name));
  if (!answer) return undecided(answer.error().reason);
  if (answer->status != 200) return refusal_of(*answer);
  return check(enrolment, certificates_of(*answer), trust, now_ms);
}

}  // namespace ringway::services

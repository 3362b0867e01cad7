#include "tests/services/enrolld/http/support/server_under_test.hpp"

#include <curl/curl.h>

#include <thread>

#include "tests/support/test_authority.hpp"

namespace ringway::enrolld_http {

namespace {

std::size_t keep(const char* data, std::size_t size, std::size_t count, void* out) {
  static_cast<std::string*>(out)->append(data, size * count);
  return size * count;
}

void set_blob(CURL* curl, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  curl_easy_setopt(curl, option, &blob);
}

void set_tls(CURL* curl, const Asked& asked) {
  set_blob(curl, CURLOPT_CAINFO_BLOB, asked.trusted_pem);
  constexpr long k_tls11 = CURL_SSLVERSION_TLSv1_1;
  if (asked.tls11) curl_easy_setopt(curl, CURLOPT_SSLVERSION, k_tls11 | k_tls11 << 16);  // least and most
  if (asked.client.key_pem.empty()) return;
  curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
  set_blob(curl, CURLOPT_SSLCERT_BLOB, asked.client.certificate_pem);
  set_blob(curl, CURLOPT_SSLKEY_BLOB, asked.client.key_pem);
}

}  // namespace

Credentials self_signed(const std::string& dns_name) {
  services::CertificateFields fields;
  fields.common_name = dns_name;
  fields.alternative_names = {{services::AlternativeName::Type::dns, dns_name}};
  fields.not_before_ms = test::k_not_before_ms;
  fields.not_after_ms = test::k_not_after_ms;
  const auto key = services::make_key(services::KeyType::p256).value();
  const auto made = test::custom_certificate(fields, key, nullptr, key);
  return {services::write_key(key).value(), services::certificate_pem(made.x509), made.der};
}

ServerSettings local_settings(const Credentials& credentials) {
  ServerSettings settings;
  settings.listen.type = wire::AddressType::ipv4;
  settings.listen.address[0] = 127;
  settings.listen.address[3] = 1;
  settings.credentials = {credentials.key_pem, credentials.certificate_pem};
  return settings;
}

Answered ask(const Server& server, const Asked& asked) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  const std::string port = std::to_string(server.address().port);
  const std::string url = "https://" + asked.host + ":" + port + asked.url_path;
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_slist* to = curl_slist_append(nullptr, ("::127.0.0.1:" + port).c_str());
  curl_easy_setopt(curl.get(), CURLOPT_CONNECT_TO, to);
  curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, 20'000L);
  curl_slist* headers = nullptr;
  for (const std::string& header : asked.headers) headers = curl_slist_append(headers, header.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  if (!asked.body.empty()) {
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(asked.body.size()));
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, asked.body.data());
  }
  if (asked.method == "HEAD")
    curl_easy_setopt(curl.get(), CURLOPT_NOBODY, 1L);
  else if (!asked.method.empty())
    curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, asked.method.c_str());
  set_tls(curl.get(), asked);
  Answered answered;
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, &keep);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answered.body);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, &keep);
  curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answered.headers);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) answered.error = curl_easy_strerror(code);
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answered.status);
  curl_slist_free_all(headers);
  curl_slist_free_all(to);
  return answered;
}

bool eventually(const std::function<bool()>& holds, std::chrono::seconds limit) {
  const auto begun = std::chrono::steady_clock::now();
  while (!holds()) {
    if (std::chrono::steady_clock::now() - begun > limit) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace ringway::enrolld_http

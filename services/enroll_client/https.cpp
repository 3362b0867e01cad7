#include "services/enroll_client/https.hpp"

#include <curl/curl.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <mutex>
#include <utility>

namespace ringway::services {

namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Curl = std::unique_ptr<CURL, Freed<&curl_easy_cleanup>>;
using Url = std::unique_ptr<CURLU, Freed<&curl_url_cleanup>>;
using Mime = std::unique_ptr<curl_mime, Freed<&curl_mime_free>>;
using Text = std::unique_ptr<char, Freed<&curl_free>>;

class List {
 public:
  List() = default;
  ~List() { curl_slist_free_all(list_); }
  List(const List&) = delete;
  List& operator=(const List&) = delete;
  bool add(const std::string& line) {
    curl_slist* const longer = curl_slist_append(list_, line.c_str());
    if (longer != nullptr) list_ = longer;
    return longer != nullptr;
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

void set_up_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// What must live as long as the request does.
struct Exchange {
  Curl curl;
  Url url;
  List connect_to;
  List headers;
  Mime form;
  std::size_t max_size_bytes = 0;
  std::string body;
  bool too_large = false;
  std::array<char, CURL_ERROR_SIZE> error{};

  template <typename Value>
  bool set(CURLoption option, Value value) {
    return curl_easy_setopt(curl.get(), option, value) == CURLE_OK;
  }
  bool set_blob(CURLoption option, const std::string& text) {
    curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
    return curl_easy_setopt(curl.get(), option, &blob) == CURLE_OK;
  }
};

std::size_t keep_body(const char* data, std::size_t, std::size_t size, void* out) {
  auto& exchange = *static_cast<Exchange*>(out);
  if (size > exchange.max_size_bytes - exchange.body.size()) {
    exchange.too_large = true;
    return 0;
  }
  exchange.body.append(data, size);
  return size;
}

// libcurl asks about once a second.
int ends_early(void* settings, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const HttpsSettings*>(settings)->stop.stop_requested() ? 1 : 0;
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  return Text(text).get();
}

// A user name in a URL would be sent as a credential, and end up in logs (ENROLL-21).
Outcome<> set_url(Exchange& exchange, const HttpsRequest& request) {
  exchange.url.reset(curl_url());
  CURLU* const url = exchange.url.get();
  if (url == nullptr ||
      curl_url_set(url, CURLUPART_URL, request.url.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
    return Failure{"the URL cannot be used: " + request.url};
  if (part_of(url, CURLUPART_SCHEME) != "https") return Failure{"the URL is not https: " + request.url};
  const std::string host = part_of(url, CURLUPART_HOST);
  const std::string port = part_of(url, CURLUPART_PORT);
  bool good = true;
  std::string connect_host = request.connect_host;
  std::string connect_port = std::to_string(request.connect_port);
  if (!request.server_name.empty() && request.server_name != host) {
    // The name in the URL is what libcurl says and checks in the handshake; the Host is the one that was
    // meant.
    good = curl_url_set(url, CURLUPART_HOST, request.server_name.c_str(), 0) == CURLUE_OK &&
           exchange.headers.add("Host: " + host + (port == "443" ? "" : ":" + port));
    if (connect_host.empty()) {
      connect_host = host;
      connect_port = port;
    }
  }
  if (!connect_host.empty()) good = good && exchange.connect_to.add("::" + connect_host + ":" + connect_port);
  good = good && exchange.set(CURLOPT_CURLU, url);
  if (exchange.connect_to.get() != nullptr)
    good = good && exchange.set(CURLOPT_CONNECT_TO, exchange.connect_to.get());
  return good ? Outcome<>(Done{}) : Failure{"the URL cannot be used: " + request.url};
}

bool set_tls(Exchange& exchange, const HttpsSettings& settings) {
  bool good = exchange.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2)) &&
              exchange.set(CURLOPT_SSL_VERIFYPEER, 1L) && exchange.set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!settings.ca_file.empty())
    good = good && exchange.set(CURLOPT_CAINFO, settings.ca_file.c_str()) &&
           exchange.set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // these and no others
  if (!settings.client_key_pem.empty())
    good = good && exchange.set(CURLOPT_SSLCERTTYPE, "PEM") && exchange.set(CURLOPT_SSLKEYTYPE, "PEM") &&
           exchange.set_blob(CURLOPT_SSLCERT_BLOB, settings.client_certificates_pem) &&
           exchange.set_blob(CURLOPT_SSLKEY_BLOB, settings.client_key_pem);
  return good;
}

bool set_bounds(Exchange& exchange, const HttpsSettings& settings) {
  bool good = exchange.set(CURLOPT_PROTOCOLS_STR, "https") && exchange.set(CURLOPT_FOLLOWLOCATION, 0L) &&
              exchange.set(CURLOPT_NOSIGNAL, 1L) &&
              exchange.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.connect_timeout.count())) &&
              exchange.set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count()));
  if (settings.stop.stop_possible())
    good = good && exchange.set(CURLOPT_NOPROGRESS, 0L) &&
           exchange.set(CURLOPT_XFERINFOFUNCTION, &ends_early) &&
           exchange.set(CURLOPT_XFERINFODATA, const_cast<HttpsSettings*>(&settings));
  if (!settings.use_environment_proxy) good = good && exchange.set(CURLOPT_PROXY, "");
  return good;
}

bool add_part(curl_mime* form, const FormPart& part) {
  curl_mimepart* const field = curl_mime_addpart(form);
  return field != nullptr && curl_mime_name(field, part.name.c_str()) == CURLE_OK &&
         curl_mime_data(field, part.value.data(), part.value.size()) == CURLE_OK &&
         (part.content_type.empty() || curl_mime_type(field, part.content_type.c_str()) == CURLE_OK);
}

bool set_content(Exchange& exchange, const HttpsRequest& request) {
  bool good = exchange.headers.add("Expect:");  // the body is small: not worth a round trip
  for (const std::string& header : request.headers) good = good && exchange.headers.add(header);
  if (!request.form.empty()) {
    exchange.form.reset(curl_mime_init(exchange.curl.get()));
    for (const FormPart& part : request.form) good = good && add_part(exchange.form.get(), part);
    good = good && exchange.set(CURLOPT_MIMEPOST, exchange.form.get());
  }
  return good && exchange.set(CURLOPT_HTTPHEADER, exchange.headers.get()) &&
         exchange.set(CURLOPT_WRITEFUNCTION, &keep_body) && exchange.set(CURLOPT_WRITEDATA, &exchange) &&
         exchange.set(CURLOPT_ERRORBUFFER, exchange.error.data());
}

// Not: its certificate is for another name, or has ended.
bool is_of_an_unknown_ca(CURL* curl) {
  long verdict = 0;
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
  return verdict == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
         verdict == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         verdict == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT || verdict == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN;
}

Result<HttpsAnswer> perform(Exchange& exchange, const HttpsSettings& settings, const HttpsRequest& request) {
  const CURLcode code = curl_easy_perform(exchange.curl.get());
  if (exchange.too_large) return Failure{"the answer of " + request.url + " is too large"};
  if (code != CURLE_OK) {
    const std::string why = exchange.error[0] != '\0' ? exchange.error.data() : curl_easy_strerror(code);
    const bool hint = code == CURLE_PEER_FAILED_VERIFICATION && !settings.ca_hint.empty() &&
                      is_of_an_unknown_ca(exchange.curl.get());
    return Failure{request.url + ": " + why + (hint ? ": " + settings.ca_hint : "")};
  }
  HttpsAnswer answer;
  const char* type = nullptr;
  curl_easy_getinfo(exchange.curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_easy_getinfo(exchange.curl.get(), CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) answer.content_type = type;
  answer.body = std::move(exchange.body);
  return answer;
}

}  // namespace

Result<HttpsAnswer> ask_https(const HttpsSettings& settings, const HttpsRequest& request) {
  set_up_curl();
  Exchange exchange;
  exchange.curl.reset(curl_easy_init());
  exchange.max_size_bytes = request.max_answer_size_bytes;
  if (!exchange.curl) return Failure{"HTTPS is not available"};
  if (const auto set = set_url(exchange, request); !set) return set.error();
  if (!set_tls(exchange, settings) || !set_bounds(exchange, settings) || !set_content(exchange, request))
    return Failure{"the request to " + request.url + " cannot be made"};
  return perform(exchange, settings, request);
}

}  // namespace ringway::services

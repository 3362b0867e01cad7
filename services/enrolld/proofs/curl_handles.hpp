// libcurl's handles as owners, and what every transfer of this folder has in common: a verified certificate,
// TLS 1.2 or later, no signals, no proxy and no redirection from anywhere but the settings.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "reload/time.hpp"

namespace ringway::enrolld {

struct CurlEasyDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using CurlEasy = std::unique_ptr<CURL, CurlEasyDelete>;

struct CurlMultiDelete {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
using CurlMulti = std::unique_ptr<CURLM, CurlMultiDelete>;

struct CurlListDelete {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, CurlListDelete>;

struct CurlMimeDelete {
  void operator()(curl_mime* mime) const { curl_mime_free(mime); }
};
using CurlMime = std::unique_ptr<curl_mime, CurlMimeDelete>;

// Makes libcurl ready, once. Throws std::runtime_error when it cannot be.
void require_curl();

// False when there is no memory; `list` is as it was then.
bool append(CurlList& list, const std::string& line);

// Sets options one after another and remembers whether all were taken.
class CurlOptions {
 public:
  explicit CurlOptions(CURL* handle) : handle_(handle) {}
  template <typename Value>
  CurlOptions& set(CURLoption option, Value value) {
    if (result_ == CURLE_OK) result_ = curl_easy_setopt(handle_, option, value);
    return *this;
  }
  CURLcode result() const { return result_; }

 private:
  CURL* handle_;
  CURLcode result_ = CURLE_OK;
};

struct TransferSecurity {
  std::string protocols;  // "smtp", "smtps", "https"
  std::string ca_file;    // PEM; empty: the system's authorities
  Duration connect_timeout{10'000};
  Duration timeout{60'000};  // of the whole transfer
};
void secure(CurlOptions& options, const TransferSecurity& security);

}  // namespace ringway::enrolld

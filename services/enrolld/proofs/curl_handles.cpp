#include "services/enrolld/proofs/curl_handles.hpp"

#include <stdexcept>

namespace ringway::enrolld {

void require_curl() {
  static const CURLcode state = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (state != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

bool append(CurlList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return false;
  (void)list.release();  // `longer` is the same list, or the first of it
  list.reset(longer);
  return true;
}

void secure(CurlOptions& options, const TransferSecurity& security) {
  options.set(CURLOPT_NOSIGNAL, 1L)
      .set(CURLOPT_PROTOCOLS_STR, security.protocols.c_str())
      .set(CURLOPT_PROXY, "")
      .set(CURLOPT_FOLLOWLOCATION, 0L)
      .set(CURLOPT_SSL_VERIFYPEER, 1L)
      .set(CURLOPT_SSL_VERIFYHOST, 2L)
      .set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2))
      .set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(security.connect_timeout.count()))
      .set(CURLOPT_TIMEOUT_MS, static_cast<long>(security.timeout.count()));
  if (security.ca_file.empty()) return;
  // Only the authorities in the file: the system's folder would be asked besides.
  options.set(CURLOPT_CAINFO, security.ca_file.c_str()).set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
}

}  // namespace ringway::enrolld

// One request and one answer of the enrollment server's HTTP, as its handlers see them: values, no sockets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"

namespace ringway::enrolld_http {

enum class Method { get, head, post };

struct Header {
  std::string name;
  std::string value;
};
// The first header of that name, whatever its case; empty when there is none.
std::string_view find_header(const std::vector<Header>& headers, std::string_view name);

struct Request {
  Method method = Method::get;
  std::string path;   // as sent, without the query
  std::string query;  // as sent, without "?"; it may hold a secret code, so it is never logged
  std::vector<Header> headers;
  std::string body;
  // Whose limits this counts against: an IPv4 address, or the /64 of an IPv6 address, which is one site.
  std::string source;
  // What the client showed in the handshake, the leaf first. That it has the leaf's key is proved; who made
  // the certificate is not checked here.
  std::vector<SharedBytes> client_certificates_der;
  std::map<std::string, std::string, std::less<>> path_fields;  // of "{name}" in the route, decoded

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<Header> headers;  // besides those that every answer has
};
Response text_response(unsigned status, std::string text);

// The one answer to a request. May be kept, copied and called on any thread; only the first call counts. When
// the last copy goes without a call, the answer is 500.
class Responder {
 public:
  using Send = std::function<void(Response)>;
  explicit Responder(Send send);
  void operator()(Response response) const;

 private:
  class Once;
  std::shared_ptr<Once> once_;
};

// Called on a thread of the server: what takes long is handed on, with the responder.
using Handler = std::function<void(Request, Responder)>;

}  // namespace ringway::enrolld_http

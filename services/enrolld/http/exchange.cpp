#include "services/enrolld/http/exchange.hpp"

#include <array>
#include <boost/asio/ip/network_v6.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <ctime>
#include <optional>
#include <utility>

#include "net/sockets.hpp"

namespace ringway::enrolld_http {

namespace {

namespace http = boost::beast::http;

constexpr unsigned short k_site_prefix_bits = 64;

std::optional<Method> method_of(http::verb verb) {
  if (verb == http::verb::get) return Method::get;
  if (verb == http::verb::head) return Method::head;
  if (verb == http::verb::post) return Method::post;
  return std::nullopt;
}

Response refuse_method(http::verb verb) {
  if (verb == http::verb::unknown) return text_response(501, "This method is not known.\n");
  Response response = text_response(405, "This method is not allowed.\n");
  response.headers.push_back({"Allow", "GET, HEAD, POST"});
  return response;
}

// The path and query of "/path?query", or of "https://host/path?query", which is the same (RFC 9112 §3.2.2).
std::optional<std::string_view> origin_form(std::string_view target) {
  constexpr std::string_view k_scheme = "https://";
  if (target.starts_with(k_scheme)) {
    const std::size_t path = target.find('/', k_scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  if (!target.starts_with('/')) return std::nullopt;
  return target;
}

// RFC 9112 §3.2: one Host in each HTTP/1.1 request.
bool host_is_right(const HttpRequest& message) {
  const auto hosts = message.count(http::field::host);
  return hosts == 1 || (hosts == 0 && message.version() < 11);
}

std::string_view to_std(boost::beast::string_view text) { return {text.data(), text.size()}; }

// RFC 9110 §5.6.7.
std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

void set_default(HttpResponse& message, const char* name, const char* value) {
  if (message.count(name) == 0) message.set(name, value);
}

}  // namespace

std::variant<Request, Response> read_request(HttpRequest message) {
  if (message.version() != 11 && message.version() != 10)
    return text_response(505, "HTTP/1.1 is spoken here.\n");
  if (!host_is_right(message)) return text_response(400, "The request needs one Host.\n");
  const auto method = method_of(message.method());
  if (!method) return refuse_method(message.method());
  const auto target = origin_form(to_std(message.target()));
  if (!target) return text_response(400, "The address cannot be read.\n");
  Request request;
  request.method = *method;
  const std::size_t query = target->find('?');
  request.path = target->substr(0, query);
  if (query != std::string_view::npos) request.query = target->substr(query + 1);
  for (const auto& field : message)
    request.headers.push_back({std::string(to_std(field.name_string())), std::string(to_std(field.value()))});
  request.body = std::move(message.body());
  return request;
}

HttpResponse make_message(Response response, bool keep_alive, bool head_only) {
  HttpResponse message(static_cast<http::status>(response.status), 11);
  for (const Header& header : response.headers) message.insert(header.name, header.value);
  if (!response.content_type.empty()) message.set(http::field::content_type, response.content_type);
  message.set(http::field::date, http_date());
  // Answers are about persons and codes, unless their handler says otherwise: nobody keeps them, guesses
  // their type, frames them, or passes their address on.
  set_default(message, "Cache-Control", "no-store");
  set_default(message, "X-Content-Type-Options", "nosniff");
  set_default(message, "X-Frame-Options", "DENY");
  set_default(message, "Referrer-Policy", "no-referrer");
  set_default(message, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  message.keep_alive(keep_alive);
  message.content_length(response.body.size());
  if (!head_only) message.body() = std::move(response.body);
  return message;
}

bool expects_continue(const HttpRequest& head) {
  return head.version() == 11 && boost::beast::iequals(head[http::field::expect], "100-continue");
}

std::string source_of(const wire::IpAddressPort& from) {
  const auto address = net::to_endpoint(from).address();
  if (address.is_v4()) return address.to_string();
  return boost::asio::ip::network_v6(address.to_v6(), k_site_prefix_bits).canonical().to_string();
}

}  // namespace ringway::enrolld_http

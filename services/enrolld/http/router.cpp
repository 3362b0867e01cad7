#include "services/enrolld/http/router.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "services/enrolld/http/url_encoding.hpp"

namespace ringway::enrolld_http {

namespace {

using Segments = std::vector<std::string>;
using Fields = std::map<std::string, std::string, std::less<>>;

// Split before decoding, so that an encoded slash is none.
Segments split(std::string_view path) {
  Segments segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const std::size_t end = path.find('/');
    segments.emplace_back(path.substr(0, end));
    if (end == std::string_view::npos) return segments;
    path.remove_prefix(end + 1);
  }
}

std::optional<Segments> decoded(Segments segments) {
  for (std::string& segment : segments) {
    auto text = url_decoded(segment);
    if (!text) return std::nullopt;
    segment = *std::move(text);
  }
  return segments;
}

bool is_field(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::optional<Fields> match(const Segments& pattern, const Segments& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  Fields fields;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_field(pattern[i]) && !path[i].empty())
      fields[pattern[i].substr(1, pattern[i].size() - 2)] = path[i];
    else if (pattern[i] != path[i])
      return std::nullopt;
  }
  return fields;
}

Method route_method(Method method) { return method == Method::head ? Method::get : method; }

Response wrong_method(bool has_get, bool has_post) {
  Response response = text_response(405, "This method is not for this address.\n");
  const char* const allowed = has_get ? (has_post ? "GET, HEAD, POST" : "GET, HEAD") : "POST";
  response.headers.push_back({"Allow", allowed});
  return response;
}

}  // namespace

void Router::add(Method method, std::string_view pattern, Handler handler) {
  routes_.push_back({route_method(method), split(pattern), std::move(handler)});
}

void Router::operator()(Request request, Responder responder) const {
  const auto path = decoded(split(request.path));
  if (!path) return responder(text_response(400, "The address cannot be read.\n"));
  bool has_get = false;
  bool has_post = false;
  for (const Route& route : routes_) {
    auto fields = match(route.segments, *path);
    if (!fields) continue;
    if (route.method == route_method(request.method)) {
      request.path_fields = *std::move(fields);
      return route.handler(std::move(request), std::move(responder));
    }
    (route.method == Method::get ? has_get : has_post) = true;
  }
  responder(has_get || has_post ? wrong_method(has_get, has_post)
                                : text_response(404, "There is nothing at this address.\n"));
}

}  // namespace ringway::enrolld_http

// From method and path to who answers. What no route names is answered here: 404, or 405 with Allow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

class Router {
 public:
  // `pattern`: "/confirm/{code}"; "{name}" stands for one segment that is not empty, found again in
  // Request::path_fields. `method` is get or post; a GET route answers HEAD as well. The first match wins.
  void add(Method method, std::string_view pattern, Handler handler);
  void operator()(Request request, Responder responder) const;

 private:
  struct Route {
    Method method = Method::get;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace ringway::enrolld_http

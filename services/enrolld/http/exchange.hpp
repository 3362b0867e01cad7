// Between Boost.Beast's messages and the values that handlers see.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <string>
#include <variant>

#include "reload/wire/bodies.hpp"
#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;
using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

// The request without source and certificates, or the answer that refuses it.
std::variant<Request, Response> read_request(HttpRequest message);
HttpResponse make_message(Response response, bool keep_alive, bool head_only);
bool expects_continue(const HttpRequest& head);
std::string source_of(const wire::IpAddressPort& from);

}  // namespace ringway::enrolld_http

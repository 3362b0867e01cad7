#include "sip-usage/message/builders.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/parse.hpp"

namespace ringway::sip {
namespace {

constexpr std::uint8_t k_first_max_forwards = 70;  // §8.1.1.6

// What ACK and CANCEL have of the request they are for.
Message same_transaction(const Message& request, std::string method) {
  Message out;
  out.start = RequestLine{method, request.request_uri()};
  out.vias = {request.vias.front()};
  out.routes = request.routes;
  out.from = request.from;
  out.to = request.to;
  out.call_id = request.call_id;
  out.cseq = {request.cseq.number, std::move(method)};
  out.max_forwards = k_first_max_forwards;
  return out;
}

bool contains(const std::vector<std::string_view>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

std::string joined(const std::vector<std::string_view>& list) {
  std::string out;
  for (const auto each : list) {
    if (!out.empty()) out += ", ";
    out += each;
  }
  return out;
}

// The option tags that the request wants and we do not have.
std::string missing_extensions(const Message& request, const Abilities& abilities) {
  std::vector<std::string_view> missing;
  for (const auto tag : request.values(abilities.is_proxy ? "Proxy-Require" : "Require")) {
    const auto is_this = [&](std::string_view each) { return same_ignoring_case(each, tag); };
    if (std::none_of(abilities.extensions.begin(), abilities.extensions.end(), is_this))
      missing.push_back(tag);
  }
  return joined(missing);
}

}  // namespace

Message make_response(const Message& request, unsigned status, std::string_view to_tag) {
  Message out;
  out.start = StatusLine{status, std::string(reason_phrase(status))};
  out.vias = request.vias;
  out.from = request.from;
  out.to = request.to;
  out.call_id = request.call_id;
  out.cseq = request.cseq;
  if (status == 100) {
    if (const auto* timestamp = request.field("Timestamp")) out.set_field("Timestamp", *timestamp);
    return out;
  }
  if (out.to.tag().empty()) out.to.parameters.set("tag", std::string(to_tag));
  if (status < 300) out.record_routes = request.record_routes;
  return out;
}

Message make_ack(const Message& invite, const Message& response) {
  Message out = same_transaction(invite, "ACK");
  out.to = response.to;
  return out;
}

Message make_cancel(const Message& request) { return same_transaction(request, "CANCEL"); }

Message make_proxied_copy(const Message& request, Uri request_uri, Via own_via,
                          const std::optional<NameAddr>& record_route) {
  Message out = request;
  out.request_uri() = std::move(request_uri);
  const auto hops = request.max_forwards.value_or(k_first_max_forwards + 1);
  out.max_forwards = static_cast<std::uint8_t>(hops == 0 ? 0 : hops - 1);
  out.vias.insert(out.vias.begin(), std::move(own_via));
  if (record_route) out.record_routes.insert(out.record_routes.begin(), *record_route);
  return out;
}

std::optional<Message> without_top_via(const Message& response) {
  if (response.vias.size() < 2) return std::nullopt;
  const Via& next = response.vias[1];
  const auto address = next.received().empty() ? std::string_view(next.host) : next.received();
  if (is_for_many(address)) return std::nullopt;
  Message out = response;
  out.vias.erase(out.vias.begin());
  return out;
}

std::optional<Message> refuse_early(const Message& request, const Abilities& abilities,
                                    std::string_view to_tag) {
  // An ACK is never answered; a CANCEL is for a request that has been looked at (§8.2.2.3, §16.10).
  if (request.method() == "ACK" || request.method() == "CANCEL") return std::nullopt;
  if (!abilities.is_proxy && !contains(abilities.methods, request.method())) {
    auto out = make_response(request, is_known_method(request.method()) ? 405 : 501, to_tag);
    out.set_field("Allow", joined(abilities.methods));
    return out;
  }
  if (!contains(abilities.schemes, request.request_uri().scheme)) return make_response(request, 416, to_tag);
  if (abilities.is_proxy && request.max_forwards == std::uint8_t{0})
    return make_response(request, 483, to_tag);
  if (auto missing = missing_extensions(request, abilities); !missing.empty()) {
    auto out = make_response(request, 420, to_tag);
    out.set_field("Unsupported", std::move(missing));
    return out;
  }
  return std::nullopt;
}

}  // namespace ringway::sip

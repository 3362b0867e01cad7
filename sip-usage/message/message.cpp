#include "sip-usage/message/message.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip {
namespace {

constexpr std::array<std::pair<unsigned, std::string_view>, 58> k_reason_phrases = {{
    {100, "Trying"},
    {180, "Ringing"},
    {181, "Call Is Being Forwarded"},
    {182, "Queued"},
    {183, "Session Progress"},
    {199, "Early Dialog Terminated"},
    {200, "OK"},
    {202, "Accepted"},
    {204, "No Notification"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Moved Temporarily"},
    {305, "Use Proxy"},
    {380, "Alternative Service"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {412, "Conditional Request Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {421, "Extension Required"},
    {423, "Interval Too Brief"},
    {429, "Provide Referrer Identity"},
    {430, "Flow Failed"},
    {433, "Anonymity Disallowed"},
    {439, "First Hop Lacks Outbound Support"},
    {440, "Max-Breadth Exceeded"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {484, "Address Incomplete"},
    {485, "Ambiguous"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {489, "Bad Event"},
    {491, "Request Pending"},
    {493, "Undecipherable"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {505, "Version Not Supported"},
    {513, "Message Too Large"},
    {600, "Busy Everywhere"},
    {603, "Decline"},
}};

// No value may end its line: what an application hands over could otherwise add header fields.
void print_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  const auto begin = out.size();
  out += value;
  std::replace_if(
      out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(),
      [](char c) { return c == '\r' || c == '\n'; }, ' ');
  out += "\r\n";
}

void print_start(std::string& out, const Message& message) {
  if (message.is_request()) {
    out += message.method() + ' ' + message.request_uri().print() + " SIP/2.0\r\n";
    return;
  }
  std::string reason = message.reason();
  std::replace_if(
      reason.begin(), reason.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  out += "SIP/2.0 " + std::to_string(message.status()) + ' ' + reason + "\r\n";
}

void print_addresses(std::string& out, std::string_view name, const std::vector<NameAddr>& values) {
  for (const auto& value : values) print_field(out, name, value.print());
}

}  // namespace

const std::string* Message::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const HeaderField& each) {
    return same_ignoring_case(each.name, name);
  });
  return found == fields.end() ? nullptr : &found->value;
}

std::vector<std::string_view> Message::values(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& each : fields) {
    if (!same_ignoring_case(each.name, name)) continue;
    const auto parts = split_list(each.value);
    if (!parts) {
      out.push_back(each.value);  // nothing that anybody knows, so a Require that says it is refused
      continue;
    }
    std::copy_if(parts->begin(), parts->end(), std::back_inserter(out),
                 [](std::string_view part) { return !part.empty(); });
  }
  return out;
}

bool Message::lists(std::string_view name, std::string_view token) const {
  const auto all = values(name);
  return std::any_of(all.begin(), all.end(),
                     [&](std::string_view value) { return same_ignoring_case(value, token); });
}

void Message::set_field(std::string_view name, std::string value) {
  remove_field(name);
  add_field(name, std::move(value));
}

void Message::add_field(std::string_view name, std::string value) {
  fields.push_back({std::string(name), std::move(value)});
}

void Message::remove_field(std::string_view name) {
  std::erase_if(fields, [&](const HeaderField& each) { return same_ignoring_case(each.name, name); });
}

std::optional<std::uint32_t> Message::expires_s() const {
  const std::string* value = field("Expires");
  return value == nullptr ? std::nullopt : parse_number(*value);
}

std::optional<Event> Message::event() const {
  const std::string* value = field("Event");
  if (value == nullptr) return std::nullopt;
  const auto parts = split_list(*value, ';');
  if (!parts || !is_token(parts->front())) return std::nullopt;
  Event out{std::string(parts->front()), {}};
  for (const auto part : *parts) {
    const auto equals = part.find('=');
    if (equals != std::string_view::npos && same_ignoring_case(trimmed(part.substr(0, equals)), "id"))
      out.id = trimmed(part.substr(equals + 1));
  }
  return out;
}

std::optional<std::vector<NameAddr>> Message::addresses(std::string_view name) const {
  std::vector<NameAddr> out;
  for (const auto& each : fields) {
    if (!same_ignoring_case(each.name, name)) continue;
    auto list = parse_name_addr_list(each.value);
    if (!list || out.size() + list->size() > k_max_routes) return std::nullopt;
    std::move(list->begin(), list->end(), std::back_inserter(out));
  }
  return out;
}

std::string Message::print() const {
  std::string out;
  out.reserve(512 + body.size());
  print_start(out, *this);
  for (const auto& via : vias) print_field(out, "Via", via.print());
  print_addresses(out, "Record-Route", record_routes);
  print_addresses(out, "Route", routes);
  if (max_forwards) print_field(out, "Max-Forwards", std::to_string(*max_forwards));
  print_field(out, "From", from.print());
  print_field(out, "To", to.print());
  print_field(out, "Call-ID", call_id);
  print_field(out, "CSeq", std::to_string(cseq.number) + ' ' + cseq.method);
  if (contact_is_any) print_field(out, "Contact", "*");
  print_addresses(out, "Contact", contacts);
  for (const auto& each : fields) print_field(out, each.name, each.value);
  print_field(out, "Content-Length", std::to_string(body.size()));
  return out + "\r\n" + body;
}

std::string_view reason_phrase(unsigned status) {
  for (const auto& [code, phrase] : k_reason_phrases)
    if (code == status) return phrase;
  return "";
}

}  // namespace ringway::sip

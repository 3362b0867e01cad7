#include "sip-usage/message/parse.hpp"

#include <algorithm>
#include <array>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/osip.hpp"

namespace ringway::sip {
namespace {

constexpr std::string_view k_version = "SIP/2.0";

struct Refused {
  unsigned status = 400;
  std::string reason;
};
using Checked = Outcome<Refused>;

Refused bad(std::string reason) { return {400, std::move(reason)}; }

// ---- start lines

bool looks_like_response(std::string_view start_line) {
  return start_line.size() > 4 && same_ignoring_case(start_line.substr(0, 4), "SIP/");
}

// Method SP Request-URI SP SIP-Version, with nothing else (§7.1).
Checked read_request_line(std::string_view line, Message& message) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad("a malformed request line");
  const auto method = line.substr(0, first), uri = line.substr(first + 1, last - first - 1),
             version = line.substr(last + 1);
  if (!is_token(method)) return bad("a method that is no token");
  if (uri.size() > k_max_uri_bytes) return Refused{414, "a Request-URI that is too long"};
  if (uri.find_first_of(" \t<>") != std::string_view::npos) return bad("a malformed Request-URI");
  if (!same_ignoring_case(version, k_version)) {
    const bool other_version = version.size() > 4 && same_ignoring_case(version.substr(0, 4), "SIP/");
    return other_version ? Refused{505, "another version of SIP"} : bad("a malformed request line");
  }
  auto parsed = Uri::parse(uri);
  if (!parsed) return bad(parsed.error().reason);
  // They would become header fields of whatever is forwarded (RFC 4475 §3.1.2.11).
  if (!parsed->headers.empty()) return bad("a Request-URI with header fields");
  message.start = RequestLine{std::string(method), std::move(*parsed)};
  return Done{};
}

// SIP-Version SP Status-Code SP Reason-Phrase (§7.2). The last SP may be missing (RFC 4475 §3.1.1.13).
Checked read_status_line(std::string_view line, Message& message) {
  if (line.size() < 11 || !same_ignoring_case(line.substr(0, 8), "SIP/2.0 "))
    return bad("a malformed status line");
  const auto digits = line.substr(8, line.find(' ', 8) - 8);
  const auto status = digits.size() == 3 ? parse_number(digits, 699) : std::nullopt;
  if (!status || *status < 100) return bad("a status that is none");
  message.start = StatusLine{*status, std::string(line.substr(std::min<std::size_t>(12, line.size())))};
  return Done{};
}

// ---- header fields

// Every one of §20's that may come only once and is acted upon here. (RFC 4475 §3.3.8)
constexpr std::array<std::string_view, 8> k_only_once = {
    "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Expires", "Event", "Content-Length"};

Checked check_counts(const HeaderLines& lines) {
  const auto count = [&](std::string_view name) {
    return std::count_if(lines.fields.begin(), lines.fields.end(),
                         [&](const HeaderField& field) { return same_ignoring_case(field.name, name); });
  };
  for (const auto name : k_only_once)
    if (count(name) > 1) return bad("more than one " + std::string(name));
  for (const auto name : {"Via", "From", "To", "Call-ID", "CSeq"})
    if (count(name) == 0) return bad("no " + std::string(name));
  return Done{};
}

// callid of §25.1: word [ "@" word ].
bool is_call_id(std::string_view text) {
  constexpr std::string_view k_word_more = "()<>:\\\"/[]?{}";
  const auto at = text.find('@');
  const auto is_word = [&](std::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
      return is_token_char(c) || k_word_more.find(c) != std::string_view::npos;
    });
  };
  return at == std::string_view::npos ? is_word(text)
                                      : is_word(text.substr(0, at)) && is_word(text.substr(at + 1));
}

Checked read_cseq(std::string_view text, CSeq& cseq) {
  const auto space = text.find_first_of(" \t");
  if (space == std::string_view::npos) return bad("a CSeq without a method");
  const auto number = parse_number(text.substr(0, space), 0x7fffffff);
  const auto method = trimmed(text.substr(space));
  if (!number || !is_token(method)) return bad("a malformed CSeq");
  cseq = {*number, std::string(method)};
  return Done{};
}

Checked read_one_address(std::string_view value, NameAddr& out) {
  const auto parts = split_list(value);
  if (!parts || parts->size() != 1) return bad("From or To is not one address");
  auto read = NameAddr::parse(value);
  if (!read) return bad(read.error().reason);
  out = std::move(*read);
  return Done{};
}

// Appends what the line lists; past `bound` the message is refused.
template <typename T>
Checked append_list(Result<std::vector<T>> read, std::vector<T>& out, std::size_t bound,
                    std::string_view name) {
  if (!read) return bad(std::string(name) + ": " + read.error().reason);
  if (out.size() + read->size() > bound) return bad("more values of " + std::string(name) + " than are read");
  std::move(read->begin(), read->end(), std::back_inserter(out));
  return Done{};
}

Checked read_contact(std::string_view value, Message& message) {
  if (value == "*") {
    message.contact_is_any = true;
    return Done{};
  }
  return append_list(parse_name_addr_list(value), message.contacts, k_max_contacts, "Contact");
}

Checked read_max_forwards(std::string_view value, Message& message) {
  const auto number = parse_number(value, 255);
  if (!number) return bad("a Max-Forwards that is none");
  message.max_forwards = static_cast<std::uint8_t>(*number);
  return Done{};
}

Checked read_field(const HeaderField& field, Message& message) {
  const auto is = [&](std::string_view name) { return same_ignoring_case(field.name, name); };
  const std::string& value = field.value;
  if (is("Via")) return append_list(parse_via_list(value), message.vias, k_max_vias, "Via");
  if (is("Route")) return append_list(parse_name_addr_list(value), message.routes, k_max_routes, "Route");
  if (is("Record-Route"))
    return append_list(parse_name_addr_list(value), message.record_routes, k_max_routes, "Record-Route");
  if (is("From")) return read_one_address(value, message.from);
  if (is("To")) return read_one_address(value, message.to);
  if (is("CSeq")) return read_cseq(value, message.cseq);
  if (is("Contact")) return read_contact(value, message);
  if (is("Max-Forwards")) return read_max_forwards(value, message);
  if (is("Content-Length")) return Done{};  // read_body
  if (is("Call-ID")) {
    if (!is_call_id(value)) return bad("a malformed Call-ID");
    message.call_id = value;
    return Done{};
  }
  message.fields.push_back(field);
  return Done{};
}

Checked read_body(const HeaderLines& lines, std::string_view octets, Framing framing, Message& message) {
  const auto length = std::find_if(lines.fields.begin(), lines.fields.end(), [](const HeaderField& field) {
    return same_ignoring_case(field.name, "Content-Length");
  });
  std::string_view body = octets.substr(lines.body_at);
  if (length == lines.fields.end()) {
    if (framing == Framing::stream) return bad("no Content-Length");
  } else {
    const auto size_bytes = parse_number(length->value, k_max_message_bytes);
    if (!size_bytes) return bad("a Content-Length that is none");
    if (*size_bytes > body.size()) return bad("a Content-Length beyond the end");
    body = body.substr(0, *size_bytes);
  }
  message.body = body;
  return Done{};
}

// ---- what is true of the whole

// A list in one line becomes as many lines when it is printed: what is passed on shall be within the next
// one's bounds.
Checked check_size(const Message& message) {
  constexpr std::size_t k_single_fields =
      7;  // From, To, Call-ID, CSeq, Max-Forwards, Content-Length, Contact: *
  const std::size_t count = k_single_fields + message.vias.size() + message.routes.size() +
                            message.record_routes.size() + message.contacts.size() + message.fields.size();
  return count > k_max_header_fields ? Checked(bad("more header fields than are read")) : Checked(Done{});
}

Checked check_request(const Message& message) {
  if (message.cseq.method != message.method()) {
    return is_known_method(message.method())
               ? bad("CSeq names another method")
               : Refused{501, "a method that is not known, and CSeq names another"};
  }
  if (message.contact_is_any && !message.contacts.empty()) return bad("Contact has * and addresses");
  if (message.contact_is_any && message.method() != "REGISTER") return bad("Contact: * outside of REGISTER");
  return Done{};
}

Checked read_all(const HeaderLines& lines, std::string_view octets, Framing framing, Message& message) {
  const auto& start_line = lines.start_line;
  const bool response = looks_like_response(start_line);
  if (auto done = response ? read_status_line(start_line, message) : read_request_line(start_line, message);
      !done)
    return done;
  if (auto done = check_counts(lines); !done) return done;
  for (const auto& field : lines.fields)
    if (auto done = read_field(field, message); !done) return done;
  if (auto done = check_size(message); !done) return done;
  if (auto done = read_body(lines, octets, framing, message); !done) return done;
  return response ? Checked(Done{}) : check_request(message);
}

// ---- refusing

// The top Via as far as it can be read: an answer is sent by its sent-by (§18.2.2), which other versions have
// as well.
std::optional<Via> readable_via(std::string_view line) {
  std::string text(line.substr(0, line.find(',')));
  const auto version = text.find('/'), transport = text.find('/', version + 1);
  if (version == std::string::npos || transport == std::string::npos) return std::nullopt;
  text.replace(version, transport - version, "/2.0");
  auto read = Via::parse(trimmed(text));
  if (!read) read = Via::parse(trimmed(std::string_view(text).substr(0, text.find(';'))));
  return read ? std::optional<Via>(std::move(*read)) : std::nullopt;
}

Refusal refusal(const Refused& refused, const HeaderLines& lines) {
  Refusal out{refused.status, refused.reason, {}, std::nullopt};
  const bool acknowledges = lines.start_line.substr(0, 4) == "ACK ";
  if (looks_like_response(lines.start_line) || acknowledges) return out;
  bool has_via = false;
  for (const auto& field : lines.fields) {
    const auto is = [&](std::string_view name) { return same_ignoring_case(field.name, name); };
    if (is("Via") && !has_via) {
      has_via = true;
      out.top_via = readable_via(field.value);
    }
    if (is("Via") || is("From") || is("To") || is("Call-ID") || is("CSeq")) out.echoed.push_back(field);
  }
  if (!has_via) out.echoed.clear();
  return out;
}

}  // namespace

bool is_known_method(std::string_view method) {
  constexpr std::array<std::string_view, 14> k_known = {"INVITE",  "ACK",   "BYE",       "CANCEL", "REGISTER",
                                                        "OPTIONS", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH",
                                                        "INFO",    "REFER", "MESSAGE",   "UPDATE"};
  return std::find(k_known.begin(), k_known.end(), method) != k_known.end();
}

Result<Message, Refusal> parse_message(BytesView octets, Framing framing) {
  std::string_view text = text_of(octets);
  while (text.substr(0, 2) == "\r\n") text.remove_prefix(2);  // §7.5
  if (text.size() > k_max_message_bytes) return Refusal{513, "a message that is too long", {}, std::nullopt};
  const auto lines = read_header_lines(text);
  if (!lines) return Refusal{400, lines.error().reason, {}, std::nullopt};
  if (osip::has_guard_octets(text.substr(0, lines->body_at)))
    return refusal(bad("octets that no UTF-8 text has"), *lines);
  Message message;
  if (const auto done = read_all(*lines, text, framing, message); !done) return refusal(done.error(), *lines);
  message.received_bytes = text.size();
  return message;
}

std::string answer_to(const Refusal& refusal, std::string_view to_tag) {
  std::string out = "SIP/2.0 " + std::to_string(refusal.status) + ' ';
  out += reason_phrase(refusal.status);
  out += " (" + refusal.reason + ")\r\n";
  for (const auto& field : refusal.echoed) {
    out += field.name + ": " + field.value;
    const bool is_to = same_ignoring_case(field.name, "To");
    if (is_to && lower_case(field.value).find("tag") == std::string::npos) {
      out += ";tag=";
      out += to_tag;
    }
    out += "\r\n";
  }
  return out + "Content-Length: 0\r\n\r\n";
}

}  // namespace ringway::sip

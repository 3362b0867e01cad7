#include "sip-usage/messages/letter.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sip-usage/message/date.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/parse.hpp"
#include "sip-usage/messages/mailbox.hpp"

namespace ringway::sip::messages {

namespace {

constexpr std::uint8_t k_version = 1;
// What RFC 3428 table 1 and 2 allow in a MESSAGE and means something to a reader.
constexpr std::array<std::string_view, 10> k_kept_fields{
    "Content-Type", "Content-Encoding", "Content-Language", "Content-Disposition", "MIME-Version",
    "Subject",      "Priority",         "Organization",     "In-Reply-To",         "Expires"};
constexpr std::uint8_t k_max_forwards = 70;

bool is_kept_field(std::string_view name) {
  return std::any_of(k_kept_fields.begin(), k_kept_fields.end(),
                     [name](std::string_view kept) { return same_ignoring_case(kept, name); });
}

bool is_one_line(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

bool is_good_field(const HeaderField& field) {
  return is_kept_field(field.name) && field.value.size() <= k_max_letter_field_bytes &&
         is_one_line(field.value);
}

std::string text(wire::Reader& in, int length_size_bytes) {
  return std::string(text_of(in.opaque(length_size_bytes).view()));
}

NameAddr address_of(const Aor& user) {
  NameAddr out;
  out.uri.scheme = "sip";
  out.uri.user = escaped_user(user.user());
  out.uri.host = std::string(user.domain());
  return out;
}

// As a phone will read it, whatever the header fields say: what comes from there must not be taken for
// something else.
bool is_read_as_meant(Message request) {
  request.vias.push_back({"TCP", "host.invalid", std::nullopt, {}});
  const auto read = parse_message(view_of(request.print()), Framing::stream);
  return read && read->fields == request.fields && read->body == request.body && read->vias.size() == 1 &&
         read->routes.empty() && read->record_routes.empty() && read->contacts.empty();
}

}  // namespace

void read(wire::Reader& in, Letter& out) {
  if (in.u8() != k_version) in.fail("a letter of another version");
  out.sender = text(in, 2);
  out.sender_node = in.node_id();
  out.recipient = text(in, 2);
  out.id = in.u64();
  out.sent_ms = in.u64();
  out.until_ms = in.u64();
  wire::Reader list = in.vector(2);
  while (list.more()) {
    if (out.fields.size() == k_max_letter_fields) return in.fail("too many header fields");
    HeaderField field;
    field.name = text(list, 1);
    field.value = text(list, 2);
    if (!is_good_field(field)) list.fail("a header field that is not kept");
    out.fields.push_back(std::move(field));
  }
  in.finish(list);
  out.body = text(in, 2);
  if (out.body.size() > k_max_body_bytes) in.fail("a body of such a size");
}

void write(wire::Writer& out, const Letter& letter) {
  out.u8(k_version);
  out.opaque(2, view_of(letter.sender));
  out.raw(letter.sender_node.view());
  out.opaque(2, view_of(letter.recipient));
  out.u64(letter.id);
  out.u64(letter.sent_ms);
  out.u64(letter.until_ms);
  const std::size_t mark = out.begin(2);
  for (const HeaderField& each : letter.fields) {
    out.opaque(1, view_of(each.name));
    out.opaque(2, view_of(each.value));
  }
  out.end(mark, 2);
  out.opaque(2, view_of(letter.body));
}

bool is_for_keeping(const Message& request) {
  if (!request.is_request() || request.method() != "MESSAGE") return false;
  if (!request.to.tag().empty()) return false;  // part of a call
  // It was to go by TLS to the very phone (RFC 3261 §26.2.2), and it may be another that asks for letters.
  if (request.request_uri().scheme == "sips") return false;
  if (request.expires_s() == 0U) return false;
  // What must be understood (RFC 3261 §20.32) is understood by the recipient's phone only.
  if (request.field("Require") != nullptr) return false;
  // RFC 3323: a letter says who has written it.
  const std::string* privacy = request.field("Privacy");
  if (privacy != nullptr && !same_ignoring_case(*privacy, "none")) return false;
  // That somebody is typing (RFC 3994) is true for a minute.
  const std::string* type = request.field("Content-Type");
  return type == nullptr || !lower_case(*type).starts_with("application/im-iscomposing+xml");
}

// 408 and 504: no answer; 430: the phone's flow is gone (RFC 5626 §11.5).
bool means_absence(unsigned status) {
  static constexpr std::array k_absent{404U, 408U, 430U, 480U, 503U, 504U};
  return std::find(k_absent.begin(), k_absent.end(), status) != k_absent.end();
}

// Expires counts from here (RFC 3428 §7): a phone's clock may say anything.
std::optional<Letter> letter_of(const Message& request, WallMs now_ms) {
  if (request.body.size() > k_max_body_bytes) return std::nullopt;
  Letter out;
  for (const HeaderField& each : request.fields) {
    if (!is_kept_field(each.name)) continue;
    if (!is_good_field(each) || out.fields.size() == k_max_letter_fields) return std::nullopt;
    out.fields.push_back(each);
  }
  const WallMs longest = static_cast<WallMs>(k_longest_wait.count());
  const auto expires_s = request.expires_s();
  out.sent_ms = now_ms;
  out.until_ms = now_ms + (expires_s ? std::min<WallMs>(longest, WallMs{1000} * *expires_s) : longest);
  out.body = request.body;
  return out;
}

std::optional<Message> message_of(const Letter& letter, const Aor& recipient) {
  const auto sender = Aor::of_user_name(letter.sender);
  if (!sender) return std::nullopt;
  const std::string number = std::to_string(letter.id);
  Message out;
  out.start = RequestLine{"MESSAGE", address_of(recipient).uri};
  out.from = address_of(*sender);
  out.from.parameters.set("tag", number);
  out.to = address_of(recipient);
  out.call_id = letter.sender_node.hex() + "-" + number + "@" + std::string(recipient.domain());
  out.cseq = {1, "MESSAGE"};
  out.max_forwards = k_max_forwards;
  out.fields = letter.fields;
  out.set_field("Date", print_date(letter.sent_ms));
  out.body = letter.body;
  if (!is_read_as_meant(out)) return std::nullopt;
  return out;
}

}  // namespace ringway::sip::messages

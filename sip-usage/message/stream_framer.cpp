#include "sip-usage/message/stream_framer.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip {
namespace {

// What Content-Length says, if all that is there of them says one thing (RFC 4475 §3.3.9).
std::optional<std::size_t> body_size_bytes(const HeaderLines& lines) {
  std::optional<std::size_t> size_bytes;
  for (const auto& field : lines.fields) {
    if (!same_ignoring_case(field.name, "Content-Length")) continue;
    const auto number = parse_number(field.value, k_max_message_bytes);
    if (!number || size_bytes) return std::nullopt;
    size_bytes = *number;
  }
  return size_bytes;
}

// Why these octets are no message, with what an answer needs.
Refusal refusal_of(std::string_view octets, unsigned status, std::string reason) {
  auto parsed = parse_message(view_of(octets), Framing::stream);
  if (parsed) return {status, std::move(reason), {}, std::nullopt};
  Refusal out = parsed.error();
  if (status != 400) out.status = status;
  return out;
}

}  // namespace

void StreamFramer::receive(BytesView octets) {
  if (broken_) return;
  waiting_.erase(0, at_);
  at_ = 0;
  waiting_ += text_of(octets);
}

void StreamFramer::take(std::size_t count) {
  at_ += count;
  searched_bytes_ = size_bytes_ = 0;
  if (at_ < waiting_.size()) return;
  waiting_.clear();
  at_ = 0;
}

std::optional<FramerEvent> StreamFramer::broken(Refusal refusal) {
  broken_ = true;
  waiting_.clear();
  waiting_.shrink_to_fit();
  at_ = 0;
  return StreamBroken{std::move(refusal)};
}

// Line ends between messages: a ping is two of them, a pong one (RFC 5626 §3.5.1). A lone CRLF from a client
// is passed over (RFC 3261 §7.5); whether it is lone shows when more has come.
std::optional<FramerEvent> StreamFramer::keep_alive() {
  while (rest().substr(0, 2) == k_pong) {
    if (end_ == StreamEnd::opened) {
      take(2);
      return PongReceived{};
    }
    if (rest().substr(0, 4) == k_ping) {
      take(4);
      return PingReceived{};
    }
    if (rest() == k_pong || rest() == "\r\n\r") return std::nullopt;
    take(2);
  }
  return std::nullopt;
}

std::optional<FramerEvent> StreamFramer::find_size() {
  const auto octets = rest().substr(0, k_max_header_bytes + k_ping.size());
  const auto header_rest = header_size_bytes(octets.substr(searched_bytes_));
  if (!header_rest) {
    if (octets.size() == k_max_header_bytes + k_ping.size())
      return broken({513, "a header that is too long", {}, std::nullopt});
    searched_bytes_ = octets.size() - std::min(octets.size(), k_ping.size() - 1);
    return std::nullopt;
  }
  const auto header = octets.substr(0, searched_bytes_ + *header_rest);
  const auto lines = read_header_lines(header);
  if (!lines) return broken({400, lines.error().reason, {}, std::nullopt});
  const auto body_bytes = body_size_bytes(*lines);
  if (!body_bytes) return broken(refusal_of(header, 400, "no usable Content-Length"));
  if (header.size() + *body_bytes > k_max_message_bytes)
    return broken(refusal_of(header, 513, "a message that is too long"));
  size_bytes_ = header.size() + *body_bytes;
  return std::nullopt;
}

std::optional<FramerEvent> StreamFramer::next() {
  if (broken_) return std::nullopt;
  if (auto event = keep_alive()) return event;
  if (rest().empty() || rest() == "\r" || rest().substr(0, 2) == k_pong) return std::nullopt;
  if (size_bytes_ == 0)
    if (auto event = find_size()) return event;
  if (size_bytes_ == 0 || rest().size() < size_bytes_) return std::nullopt;
  auto parsed = parse_message(view_of(rest().substr(0, size_bytes_)), Framing::stream);
  take(size_bytes_);
  if (!parsed) return MalformedReceived{parsed.error()};
  return MessageReceived{std::move(*parsed)};
}

}  // namespace ringway::sip

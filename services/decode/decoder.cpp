#include "services/decode/decoder.hpp"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "reload/wire/frame.hpp"
#include "services/decode/bodies.hpp"
#include "services/decode/parts.hpp"

namespace ringway::services {
namespace {

// MessageContents starts with a code and the length of its body.
constexpr std::size_t k_before_body_bytes = 6;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

// Adds each value's verdict where the value stands.
void add_value_verdicts(Json& body, const Verification& verification) {
  if (verification.values.empty()) return;  // no Store or FetchAns: the body may be of any sort
  Json* const kinds = body.contains("kind_data") ? &body.at("kind_data") : &body.at("kind_responses");
  for (std::size_t k = 0; k < verification.values.size(); ++k) {
    for (std::size_t v = 0; v < verification.values[k].size(); ++v) {
      const auto& verdict = verification.values[k][v];
      Json& value = kinds->at(k).at("values").at(v);
      value["verified"] = verdict.verified;
      if (!verdict.verified) value["reason"] = verdict.reason;
    }
  }
}

Json frame_json(const wire::DataFrame& frame, Json message) {
  return {{"type", "data"}, {"sequence", frame.sequence}, {"message", std::move(message)}};
}
Json frame_json(const wire::AckFrame& frame) {
  return {{"type", "ack"}, {"ack_sequence", frame.ack_sequence}, {"received", frame.received}};
}

}  // namespace

Json error_json(std::string_view reason, std::size_t offset) {
  return {{"error", reason}, {"offset", offset}};
}

Decoder::Decoder(config::Kinds kinds, std::optional<VerifySettings> verify)
    : kinds_(std::make_shared<const config::Kinds>(std::move(kinds))) {
  if (verify) verifier_.emplace(std::move(*verify), kinds_);
}

Json Decoder::message(const SharedBytes& bytes) {
  const auto header = wire::parse_header(bytes);
  if (!header) return error_json(header.error().reason, header.error().offset);
  if (header->header.is_whole()) return whole_message(*header, bytes);

  Json out{{"forwarding_header", to_json(header->header)},
           {"fragment_contents", hex(bytes.from(header->size_bytes))}};
  if (verifier_) {
    out["verified"] = false;
    out["reason"] = "a fragment: the signature covers the whole message";
  }
  return out;
}

Json Decoder::whole_message(const wire::ParsedHeader& header, const SharedBytes& bytes) {
  const auto message = wire::decode_payload(header, bytes);
  if (!message) return error_json(message.error().reason, message.error().offset);
  const auto& contents = message->contents;
  auto body = body_json(contents.code, contents.body, *kinds_);
  if (!body)
    return error_json(body.error().reason, header.size_bytes + k_before_body_bytes + body.error().offset);

  Verification verification;
  if (verifier_) {
    verification = verifier_->verify(header, *message, bytes);
    add_value_verdicts(*body, verification);
  }
  Json out{{"forwarding_header", to_json(message->header)},
           {"message_contents",
            {{"message_code", static_cast<unsigned>(contents.code)},
             {"message_name", wire::name_of(contents.code)},
             {"message_body", std::move(*body)},
             {"extensions", to_json(contents.extensions)}}},
           {"security_block", to_json(message->security)}};
  if (verifier_) {
    out["verified"] = verification.verified;
    if (!verification.verified) out["reason"] = verification.reason;
  }
  return out;
}

Json Decoder::hex_line(std::string_view line) {
  std::string digits;
  digits.reserve(line.size());
  for (const char c : line) {
    if (!is_blank(c)) digits.push_back(c);
  }
  Bytes bytes;
  if (from_hex(digits, bytes)) return message(SharedBytes(std::move(bytes)));
  const auto foreign = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (foreign == std::string::npos) return error_json("an odd number of hex digits", digits.size() / 2);
  return error_json("not a hex digit", foreign / 2);
}

void Decoder::frames(std::istream& in, const std::function<void(const Json&)>& out) {
  wire::FrameSplitter splitter(k_max_decoded_frame_bytes);
  std::size_t position = 0;
  // Byte by byte, so that every frame before a fault is shown and the fault's place is known.
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get(), ++position) {
    const std::uint8_t byte = static_cast<std::uint8_t>(c);
    auto complete = splitter.push({&byte, 1});
    if (!complete) return out(error_json(complete.error().reason, position));
    for (const wire::Frame& frame : *complete) {
      if (const auto* data = std::get_if<wire::DataFrame>(&frame)) {
        out(frame_json(*data, message(data->message)));
      } else {
        out(frame_json(std::get<wire::AckFrame>(frame)));
      }
    }
  }
  if (splitter.buffered_bytes() != 0) out(error_json("the last frame is cut short", position));
}

}  // namespace ringway::services

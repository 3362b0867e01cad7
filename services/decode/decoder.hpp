// `ringway decode`: RELOAD bytes in, one JSON object for each message out. Never fails: what cannot be
// decoded becomes
// {"error": …, "offset": n}.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string_view>

#include "reload/config/kinds.hpp"
#include "reload/wire/message.hpp"
#include "services/decode/json.hpp"
#include "services/decode/verifier.hpp"

namespace ringway::services {

// The longest frame that is read: all that its 24-bit length can say (RFC 6940 §6.6.2).
inline constexpr std::size_t k_max_decoded_frame_bytes = 0xFFFFFF;

class Decoder {
 public:
  // Without `verify` nothing is checked.
  Decoder(config::Kinds kinds, std::optional<VerifySettings> verify);

  // One message; a fragment keeps its part of the contents as hex.
  Json message(const SharedBytes& bytes);
  // The same, from hex digits; blanks between them do not count.
  Json hex_line(std::string_view line);
  // Frames (RFC 6940 §6.6.2) until the stream ends or stops making sense.
  void frames(std::istream& in, const std::function<void(const Json&)>& out);

 private:
  Json whole_message(const wire::ParsedHeader& header, const SharedBytes& bytes);

  std::shared_ptr<const config::Kinds> kinds_;
  std::optional<Verifier> verifier_;
};

// The object that stands for what could not be decoded.
Json error_json(std::string_view reason, std::size_t offset);

}  // namespace ringway::services

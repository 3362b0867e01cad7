// Cuts a stream (TCP, TLS) into messages by Content-Length (RFC 3261 §18.3), and knows the keep-alives of RFC
// 5626 §3.5.1: CRLF CRLF from the one who opened the stream is a ping, a CRLF back is the pong. WebSockets
// frame by themselves.
//
// A stream that is out of step cannot be mended: after the first message that cannot be cut it stays broken,
// and the driver closes it once the answer, if there is one, is written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "reload/bytes.hpp"
#include "sip-usage/message/parse.hpp"

namespace ringway::sip {

struct PingReceived {};  // answer with k_pong
struct PongReceived {};
struct MessageReceived {
  Message message;
};
// Octets that are no message, cut as one: answer it, the stream goes on.
struct MalformedReceived {
  Refusal refusal;
};
// The stream is out of step: answer if it can be answered, then close.
struct StreamBroken {
  Refusal refusal;
};
using FramerEvent =
    std::variant<PingReceived, PongReceived, MessageReceived, MalformedReceived, StreamBroken>;

inline constexpr std::string_view k_ping = "\r\n\r\n";
inline constexpr std::string_view k_pong = "\r\n";

// Which keep-alives are to be expected: those of a client, or those of the server that answers.
enum class StreamEnd { accepted, opened };

class StreamFramer {
 public:
  explicit StreamFramer(StreamEnd end) : end_(end) {}

  // Octets that have come, in order. At most k_max_message_bytes wait here besides what one call brings:
  // whoever calls takes the events before it brings more.
  void receive(BytesView octets);
  // The next event; nothing until more octets come, and nothing behind StreamBroken.
  std::optional<FramerEvent> next();

  // Part of a message is here: the driver may give up on a stream on which the rest does not come.
  // Line ends between messages are none (RFC 3261 §7.5).
  bool is_within_message() const {
    return !broken_ && rest().find_first_not_of("\r\n") != std::string_view::npos;
  }

 private:
  std::optional<FramerEvent> keep_alive();
  std::optional<FramerEvent> find_size();  // sets size_bytes_, or breaks the stream
  std::optional<FramerEvent> broken(Refusal refusal);
  std::string_view rest() const { return std::string_view(waiting_).substr(at_); }
  void take(std::size_t count);

  StreamEnd end_;
  bool broken_ = false;
  std::string waiting_;
  std::size_t at_ = 0;  // what is before has been taken
  // Of the message that begins there: how much cannot be the end of its header, and its size once that is
  // known. So each octet is looked at once, however small the pieces are in which it comes.
  std::size_t searched_bytes_ = 0;
  std::size_t size_bytes_ = 0;
};

}  // namespace ringway::sip

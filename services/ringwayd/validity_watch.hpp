// When something that a running peer depends on ends: a warning a week before and a day before, an error at
// the end. Each is told once, and again of what comes in its place.
#pragma once

#include <optional>

#include "reload/time.hpp"
#include "services/ringwayd/event_log.hpp"

namespace ringway::services {

class ValidityWatch {
 public:
  struct Words {
    const char* soon;   // the event before
    const char* ended;  // the event at the end
    const char* advice;
  };
  explicit ValidityWatch(const Words& words) : words_(words) {}

  // `end_ms`: nothing if it does not end.
  std::optional<EventLog::Event> observe(std::optional<WallMs> end_ms, WallMs now_ms);

 private:
  enum class Stage { far, a_week, a_day, ended };
  static Stage stage_at(WallMs end_ms, WallMs now_ms);

  const Words& words_;
  std::optional<WallMs> end_ms_;
  Stage told_ = Stage::far;
};

// The overlay's configuration document (RFC 6940 §11.1), and the node's own certificate.
extern const ValidityWatch::Words k_document_words;
extern const ValidityWatch::Words k_certificate_words;
// The first certificate of the users of --user-credentials.
extern const ValidityWatch::Words k_further_user_words;

}  // namespace ringway::services

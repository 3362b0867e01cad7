// When something that a running peer depends on ends: a warning a week before and a day before, an error at
// the end. Each is told once, and again of what comes in its place.
#pragma once

#include <optional>

#include "reload/time.hpp"
#include "services/log/event_log.hpp"

namespace ringway::services {

class ValidityWatch {
 public:
  struct Words {
    const char* soon;   // the event before
    const char* ended;  // the event at the end
    const char* advice;
    const char* advice_at_end = nullptr;  // null: the same
    int soon_level = spdlog::level::warn;
  };
  explicit ValidityWatch(const Words& words) : words_(&words) {}

  // From now on; what was told in other words is told again.
  void use(const Words& words);

  // `end_ms`: nothing if it does not end.
  std::optional<EventLog::Event> observe(std::optional<WallMs> end_ms, WallMs now_ms);

 private:
  enum class Stage { far, a_week, a_day, ended };
  static Stage stage_at(WallMs end_ms, WallMs now_ms);

  const Words* words_;
  std::optional<WallMs> end_ms_;
  Stage told_ = Stage::far;
};

// The overlay's configuration document (RFC 6940 §11.1), which a person brings or the peer looks for.
extern const ValidityWatch::Words k_document_words;
extern const ValidityWatch::Words k_polled_document_words;
// The node's own certificate: a person renews it; the peer does; the peer tries to in vain.
extern const ValidityWatch::Words k_certificate_words;
extern const ValidityWatch::Words k_renewing_certificate_words;
extern const ValidityWatch::Words k_failing_certificate_words;
// The first certificate of the users of --user-credentials.
extern const ValidityWatch::Words k_further_user_words;

}  // namespace ringway::services

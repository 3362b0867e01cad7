#include "services/ringwayd/validity_watch.hpp"

#include "reload/config/utc_time.hpp"

namespace ringway::services {
namespace {

constexpr WallMs k_day_ms = 86'400'000;

}  // namespace

const ValidityWatch::Words k_document_words{
    "the configuration document expires soon",
    "the configuration document has expired: this peer goes on with it, but does not start with it again",
    "write the next one with ringway-enrolld update-config --validity-days, put it in the place of one "
    "peer's overlay.xml and start that peer again (docs/validity.md)"};
const ValidityWatch::Words k_certificate_words{
    "this peer's certificate ends soon",
    "this peer's certificate has ended: the other peers refuse its links and messages",
    "get a new one with ringway-enrolld issue --renew, put node.key and node.crt in the place of the old "
    "ones and start the peer again"};
const ValidityWatch::Words k_further_user_words{
    "the certificate of a user of --user-credentials ends soon",
    "the certificate of a user of --user-credentials has ended: nobody can write as him here",
    "get a new one with ringway-enrolld issue --renew, put node.key and node.crt in the place of the old "
    "ones and start the peer again"};

ValidityWatch::Stage ValidityWatch::stage_at(WallMs end_ms, WallMs now_ms) {
  if (end_ms <= now_ms) return Stage::ended;
  if (end_ms - now_ms <= k_day_ms) return Stage::a_day;
  return end_ms - now_ms <= 7 * k_day_ms ? Stage::a_week : Stage::far;
}

std::optional<EventLog::Event> ValidityWatch::observe(std::optional<WallMs> end_ms, WallMs now_ms) {
  if (end_ms != end_ms_) told_ = Stage::far;
  end_ms_ = end_ms;
  if (!end_ms) return std::nullopt;
  const Stage stage = stage_at(*end_ms, now_ms);
  if (stage <= told_) return std::nullopt;
  told_ = stage;
  EventLog::Fields fields{{"at", config::write_utc(*end_ms)}, {"do", words_.advice}};
  if (stage == Stage::ended) return EventLog::Event{words_.ended, std::move(fields), spdlog::level::err};
  return EventLog::Event{words_.soon, std::move(fields), spdlog::level::warn};
}

}  // namespace ringway::services

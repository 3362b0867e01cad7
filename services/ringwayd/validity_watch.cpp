#include "services/ringwayd/validity_watch.hpp"

#include "reload/config/utc_time.hpp"

namespace ringway::services {
namespace {

constexpr WallMs k_day_ms = 86'400'000;
constexpr const char* k_document_ended =
    "the configuration document has expired: this peer goes on with it, but does not start with it again";
constexpr const char* k_certificate_ended =
    "this peer's certificate has ended: the other peers refuse its links and messages";
constexpr const char* k_enrol_again =
    "an ended certificate cannot be renewed: enrol again with ringway enroll --force, and start the peer "
    "again";

}  // namespace

const ValidityWatch::Words k_document_words{
    "the configuration document expires soon", k_document_ended,
    "write the next one with ringway-enrolld update-config --validity-days, put it in the place of one "
    "peer's overlay.xml and start that peer again (docs/validity.md)"};
const ValidityWatch::Words k_polled_document_words{
    "the configuration document expires soon", k_document_ended,
    "write the next one with ringway-enrolld update-config --validity-days at the enrollment server: this "
    "peer looks for it there by itself (docs/validity.md)"};
const ValidityWatch::Words k_certificate_words{
    "this peer's certificate ends soon", k_certificate_ended,
    "get a new one with ringway-enrolld issue --renew, put node.key and node.crt in the place of the old "
    "ones and start the peer again"};
const ValidityWatch::Words k_further_user_words{
    "the certificate of a user of --user-credentials ends soon",
    "the certificate of a user of --user-credentials has ended: nobody can write as him here",
    "get a new one with ringway-enrolld issue --renew, put node.key and node.crt in the place of the old "
    "ones and start the peer again"};
const ValidityWatch::Words k_renewing_certificate_words{
    "this peer's certificate ends soon: it renews by itself", k_certificate_ended,
    "nothing: ringway status shows the next attempt", k_enrol_again, spdlog::level::info};
const ValidityWatch::Words k_failing_certificate_words{
    "this peer's certificate ends soon, and could not be renewed so far", k_certificate_ended,
    "see in ringway status why; the peer goes on trying until the end", k_enrol_again};

void ValidityWatch::use(const Words& words) {
  if (words_ == &words) return;
  words_ = &words;
  told_ = Stage::far;
}

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
  const bool ended = stage == Stage::ended;
  const char* const advice = ended && words_->advice_at_end ? words_->advice_at_end : words_->advice;
  EventLog::Fields fields{{"at", config::write_utc(*end_ms)}, {"do", advice}};
  if (ended) return EventLog::Event{words_->ended, std::move(fields), spdlog::level::err};
  return EventLog::Event{words_->soon, std::move(fields), words_->soon_level};
}

}  // namespace ringway::services

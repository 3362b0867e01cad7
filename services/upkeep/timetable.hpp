// When a peer asks its enrollment server for something: for a renewed certificate (RenewalTimetable), and
// whether there is a newer configuration document (PollTimetable). Time and chance are passed in.
//
// No moment is the same for two peers, so that a fleet does not come at once, neither by plan nor after a
// failure that all of them have seen.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "reload/random.hpp"
#include "reload/time.hpp"

namespace ringway::services {

struct RenewalTimes {
  Duration first_retry{60'000};  // less for certificates that live for less than two hours
  Duration longest_retry{6 * 3'600'000};
  Duration start_spread{600'000};  // what is overdue when a peer starts waits up to so long
};

class RenewalTimetable {
 public:
  RenewalTimetable(RenewalTimes times, std::shared_ptr<Random> random);

  // This certificate is in use. Of one that has come just now `from_ms` is now; of one from before, when it
  // began.
  void use(WallMs from_ms, WallMs until_ms, WallMs now_ms);
  // `retry_after`: what the server has asked for. A refusal is not mended by asking again soon.
  void failed(bool refused, Duration retry_after, WallMs now_ms);

  // Nothing: the certificate has ended, and cannot be renewed any more.
  std::optional<WallMs> next_ms() const { return next_ms_; }
  std::uint32_t failures() const { return failures_; }  // since the certificate came

 private:
  RenewalTimes times_;
  std::shared_ptr<Random> random_;
  WallMs from_ms_ = 0;
  WallMs until_ms_ = 0;
  std::optional<WallMs> next_ms_;
  std::uint32_t failures_ = 0;
};

struct PollTimes {
  Duration period{6 * 3'600'000};
  Duration first_retry{60'000};  // and the shortest time between two polls
};

class PollTimetable {
 public:
  PollTimetable(PollTimes times, std::shared_ptr<Random> random);

  void start(std::optional<WallMs> expires_ms, WallMs now_ms);
  void succeeded(std::optional<WallMs> expires_ms, WallMs now_ms);
  void failed(std::optional<WallMs> expires_ms, WallMs now_ms);
  // The present document is another one, however it came: it may end sooner.
  void document(std::optional<WallMs> expires_ms, WallMs now_ms);
  // There may be news: at once, unless the last look was only just now.
  void hurry(WallMs now_ms);

  WallMs next_ms() const { return next_ms_; }

 private:
  void plan(Duration after, std::optional<WallMs> expires_ms, WallMs now_ms);
  Duration shortest() const;

  PollTimes times_;
  std::shared_ptr<Random> random_;
  WallMs next_ms_ = 0;
  std::optional<WallMs> looked_ms_;
  std::uint32_t failures_ = 0;
};

}  // namespace ringway::services

#include "tests/fuzz/peer/stage/play.hpp"

#include <algorithm>
#include <array>

#include "tests/fuzz/peer/stage/player.hpp"

namespace ringway::fuzz {
namespace {

constexpr int k_max_steps = 64;
constexpr std::int64_t k_pause_us = 20'000;

StageSettings settings_of(std::size_t flags) {
  StageSettings settings;
  settings.compress_via_lists = (flags & k_compress_via_lists) != 0;
  settings.joins = (flags & k_peer_joins) != 0;
  settings.large_messages = (flags & k_large_messages) != 0;
  return settings;
}

std::int64_t duration_us(std::size_t which) {
  static constexpr std::array<std::int64_t, 10> k_ms{0,     1,     5,      100,    500,
                                                     1'100, 3'100, 16'000, 61'000, 700'000};
  return k_ms[which % k_ms.size()] * 1000;
}

data::Call call_of(Script& script) {
  const std::size_t which = script.number(1);
  const std::string key = key_of(script.number(1));
  std::optional<std::uint64_t> expected;
  if ((which & 0x10U) != 0) expected = script.number(1);
  switch (which % 4) {
    case 0: {
      const Bytes value(script.number(1), 'v');
      return data::PutCall{key, "", value, static_cast<std::uint32_t>(script.number(1) * 60), expected};
    }
    case 1:
      return data::GetCall{key, std::nullopt};
    case 2:
      return data::RemoveCall{key, "", expected};
    default:
      return data::StatCall{key};
  }
}

void one_step(Script& script, Stage& stage) {
  const std::size_t what = script.number(1);
  const std::size_t who = (what >> k_who_shift) % k_neighbors;
  Player player(script, stage, who);
  switch (static_cast<Step>((what & 0x0FU) % static_cast<std::size_t>(Step::count))) {
    case Step::connect:
      stage.connect(who);
      break;
    case Step::hang_up:
      player.hang_up();
      break;
    case Step::silence:
      stage.silence(script.number(1) % 2 == 0 ? std::optional(who) : std::nullopt);
      break;
    case Step::raw:
      player.raw();
      break;
    case Step::send:
      player.send();
      break;
    case Step::answer:
      player.answer();
      break;
    case Step::wait:
      stage.run(duration_us(script.number(1)));
      break;
    case Step::call:
      if (script.number(1) == 0xFF)
        stage.cancel_last_call();
      else
        stage.submit(call_of(script));
      break;
    case Step::ping:
      stage.ping(who);
      break;
    case Step::leave:
      if (script.number(1) == 0xFF) stage.peer().leave();  // seldom: it is the end
      break;
    case Step::count:
      break;
  }
  if ((what & k_then_pause) != 0) stage.run(k_pause_us);
}

}  // namespace

void play(BytesView bytes) {
  Script script(bytes);
  Stage stage(settings_of(script.number(1)));
  stage.run(k_pause_us);
  for (int i = 0; i < k_max_steps && script.more(); ++i) one_step(script, stage);
  stage.finish();
}

}  // namespace ringway::fuzz

#include "tests/support/simulated_wire.hpp"

#include <algorithm>
#include <stdexcept>

namespace ringway::test {

namespace {
constexpr int k_most_steps_without_time = 10'000;
}

SimulatedWire::SimulatedWire(std::uint64_t seed, const PathSettings& path,
                             const link::DatagramLink::Settings& settings)
    : random_(seed), path_(path), links_{link::DatagramLink(settings), link::DatagramLink(settings)} {}

link::DatagramLink::Queued SimulatedWire::send(End from, SharedBytes message) {
  const auto queued = link(from).send({}, message);
  pump(from);
  return queued;
}

void SimulatedWire::pump(End end) {
  while (auto datagram = link(end).poll(now_)) carry(end, *std::move(datagram));
}

void SimulatedWire::inject(End to, Bytes datagram) { deliver(to, std::move(datagram)); }

bool SimulatedWire::gets_through_narrow_place(End from, std::size_t size_bytes, Duration& waited) {
  if (path_.bytes_per_ms == 0) return true;
  auto& free_at_ms = narrow_free_at_ms_.at(static_cast<std::size_t>(from));
  const auto now_ms = static_cast<double>(now_.ms);
  const auto rate = static_cast<double>(path_.bytes_per_ms);
  free_at_ms = std::max(free_at_ms, now_ms);
  if ((free_at_ms - now_ms) * rate + static_cast<double>(size_bytes) > static_cast<double>(path_.queue_bytes))
    return false;
  free_at_ms += static_cast<double>(size_bytes) / rate;
  waited = Duration{static_cast<std::int64_t>(free_at_ms - now_ms)};
  return true;
}

void SimulatedWire::carry(End from, Bytes datagram) {
  ++counters_.datagrams;
  Duration waited{0};
  const bool is_lost = (tamper && !tamper(from, datagram)) || random_.chance(path_.loss);
  if (is_lost) {
    ++counters_.lost;
    return;
  }
  if (!gets_through_narrow_place(from, datagram.size(), waited)) {
    ++counters_.overflowed;
    return;
  }
  const int copies = random_.chance(path_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    MonoTime at = now_ + path_.delay + waited + Duration{random_.between(0, path_.jitter.count())};
    if (random_.chance(path_.lateness)) at = at + path_.late_by;
    on_the_way_.emplace(at, std::pair{other(from), datagram});
  }
}

void SimulatedWire::deliver(End to, Bytes datagram) {
  auto arrived = link(to).receive(now_, SharedBytes(std::move(datagram)));
  if (!arrived) throw std::logic_error("refused: " + arrived.error().reason);
  if (arrived->message)
    delivered_.at(static_cast<std::size_t>(to)).push_back({now_, *std::move(arrived->message)});
  if (!arrived->acknowledgement.empty()) carry(to, std::move(arrived->acknowledgement));
  pump(to);
}

bool SimulatedWire::step(std::optional<MonoTime> not_after) {
  std::optional<MonoTime> next;
  if (!on_the_way_.empty()) next = on_the_way_.begin()->first;
  for (const auto& one : links_)
    if (const auto at = one.next_deadline(now_); at && (!next || *at < *next)) next = at;
  if (!next || (not_after && *next > *not_after)) return false;
  steps_without_time_ = *next > now_ ? 0 : steps_without_time_ + 1;
  if (steps_without_time_ > k_most_steps_without_time) throw std::logic_error("time stands still");
  now_ = std::max(now_, *next);
  while (!on_the_way_.empty() && on_the_way_.begin()->first <= now_) {
    auto event = on_the_way_.extract(on_the_way_.begin());
    deliver(event.mapped().first, std::move(event.mapped().second));
  }
  pump(End::left);
  pump(End::right);
  return true;
}

bool SimulatedWire::run(const std::function<bool()>& done, Duration at_most) {
  const MonoTime end = now_ + at_most;
  while (!done())
    if (!step(end)) return done();
  return true;
}

void SimulatedWire::run_for(Duration time) {
  const MonoTime end = now_ + time;
  run([] { return false; }, time);
  now_ = std::max(now_, end);
}

SharedBytes numbered_message(std::uint32_t number, std::size_t size_bytes) {
  Bytes message(std::max<std::size_t>(size_bytes, 4));
  for (std::size_t i = 0; i < 4; ++i) message[i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  return message;
}

std::uint32_t number_of_message(BytesView message) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < 4 && i < message.size(); ++i) number = number << 8 | message[i];
  return number;
}

}  // namespace ringway::test

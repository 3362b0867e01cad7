#include "reload/data/changes_in_order.hpp"

#include <algorithm>

namespace ringway::data {

void ChangesInOrder::begin(std::uint64_t token, Change change) {
  const KindAt at = change.at;
  places_[token].push_back(at);
  waiting_[at].push_back({token, std::move(change), Waiting::State::under_way});
}

void ChangesInOrder::end(std::uint64_t token, bool changed) {
  const auto places = places_.extract(token);
  if (!places) return;
  for (const KindAt& at : places.mapped()) {
    auto& line = waiting_.at(at);
    const auto mine =
        std::find_if(line.begin(), line.end(), [&](const Waiting& w) { return w.token == token; });
    mine->state = changed ? Waiting::State::changed : Waiting::State::failed;
    for (; !line.empty() && line.front().state != Waiting::State::under_way; line.pop_front())
      if (line.front().state == Waiting::State::changed) ready_.push_back(std::move(line.front().change));
    if (line.empty()) waiting_.erase(at);
  }
}

}  // namespace ringway::data

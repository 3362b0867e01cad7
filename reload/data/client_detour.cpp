// Writes that get no answer (client.hpp, detour.hpp): the responsible peer is searched for and asked by its
// Node-ID, while the request goes on as it began. Whatever answers first counts; a Store that arrives twice
// changes nothing the second time.
#include <utility>

#include "reload/data/client.hpp"

namespace ringway::data {

namespace {

constexpr Duration k_when_others_have_ended{1'000};

}  // namespace

// Its request has just gone out.
void Client::watch_for_silence(const Now& now, Work& work) {
  work.retry_at = now.mono + (work.silent ? Duration{} : k_detour_after);
  retries_.emplace(*work.retry_at, work.id);
}

void Client::begin_detour(const Now& now, Work& work, StorageOutputs& out) {
  if (careful_under_way_ >= k_max_careful_reads) {
    work.retry_at = now.mono + k_when_others_have_ended;
    retries_.emplace(*work.retry_at, work.id);
    return;
  }
  ++careful_under_way_;
  ++data_.statistics.detours;
  work.silent = true;
  work.detour = std::make_unique<Detour>(now, work.plan.at.resource, data_.view->estimated_peers());
  drive_detour(now, work, out);
}

void Client::drive_detour(const Now& now, Work& work, StorageOutputs& out) {
  for (const auto& question : work.detour->next(now)) ask_carefully(work, question, out);
  if (!work.detour->done()) return;
  stop_asking(work, out);
  if (work.request == 0) refused(now, work, refuse(wire::ErrorCode::request_timeout, ""), true, out);
}

void Client::detour_done(const Now& now, Work& work, const routing::RequestDone& done, StorageOutputs& out) {
  const auto asked = work.asked.extract(done.token);
  if (!asked) return;
  const std::uint64_t number = asked.mapped();
  Detour& detour = *work.detour;
  const auto* failure = std::get_if<routing::RequestFailure>(&done.outcome);
  const bool search = detour.is_search(number);
  // Whoever is not responsible was not the right one to ask.
  if (failure != nullptr && (search || failure->local || failure->code == wire::ErrorCode::not_found)) {
    detour.failed(number, why_of(*failure));
  } else if (search) {
    if (const auto named = named_by(*std::get<0>(done.outcome))) {
      detour.found(number, *named);
    } else {
      detour.failed(number, CarefulRead::Failure::refused);
    }
  } else {
    stop_asking(work, out);
    if (work.request != 0) out.emplace_back(routing::CancelRequest{routing::Origin::storage, work.request});
    stop_waiting(work);
    if (failure != nullptr) return refused(now, work, {failure->code, failure->info, 0}, false, out);
    return answered(now, work, *std::get<0>(done.outcome), out);
  }
  drive_detour(now, work, out);
}

}  // namespace ringway::data

#include "services/ringwayd/watcher.hpp"

#include <utility>

#include "reload/link/link_id.hpp"

namespace ringway::services {
namespace {

constexpr WallMs k_patience_to_join_ms = 5'000;
constexpr WallMs k_patience_to_find_ms = 10'000;
constexpr WallMs k_lonely_again_ms = 60'000;

EventLog::Fields list_of(const std::vector<NodeId>& nodes) {
  auto out = EventLog::Fields::array();
  for (const auto& node : nodes) out.push_back(node.hex());
  return out;
}

const ValidityWatch::Words& certificate_words(const TaskReport& renewal) {
  if (!renewal.on) return k_certificate_words;
  return renewal.failing || renewal.next_ms == 0 ? k_failing_certificate_words : k_renewing_certificate_words;
}

// The document may name the peer itself: there it does not look.
EventLog::Fields addresses_of(const std::vector<wire::IpAddressPort>& given,
                              const actors::PeerStatus& status) {
  auto out = EventLog::Fields::array();
  for (const auto& address : given) out.push_back(link::to_text(address));
  if (status.configuration == nullptr) return out;
  const std::string own = link::to_text(status.listening_on);
  for (const auto& [host, port] : status.configuration->bootstrap_nodes) {
    const bool v6 = host.find(':') != std::string::npos;
    const std::string text = (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    if (text != own) out.push_back(text);
  }
  return out;
}

std::optional<WallMs> first_end_of(const data::StorageComponent::Statistics& storage) {
  if (storage.further_users == 0) return std::nullopt;
  return storage.further_users_until_ms;
}

}  // namespace

std::vector<EventLog::Event> Watcher::observe(const actors::PeerStatus& status, WallMs now_ms,
                                              const UpkeepReport& upkeep) {
  std::vector<EventLog::Event> events;
  const auto& view = status.routing.view;
  const bool joined = view != nullptr && view->joined;
  if (joined && !joined_) events.push_back({"joined", {{"alone", view->alone()}}});
  if (!joined && joined_) events.push_back({"not joined any more", {{"phase", status.routing.phase}}});
  joined_ = joined;
  const bool in_company = joined && !view->alone();
  const bool goes = status.routing.phase == "leaving" || status.routing.phase == "left";
  wants_news_ = in_company_ && !in_company && !goes;
  if (wants_news_) events.push_back({"all neighbours are lost", {}, spdlog::level::warn});
  in_company_ = in_company;
  if (!first_ms_) first_ms_ = now_ms;
  const bool late = now_ms >= *first_ms_ + k_patience_to_join_ms;
  if (waits_to_join_ && !joined && !goes && late) wants_news_ = true;
  if (joined || late) waits_to_join_ = false;
  if (status.routing.phase != phase_ && status.routing.phase != "joined") {
    events.push_back({"phase", {{"phase", status.routing.phase}}});
  }
  phase_ = status.routing.phase;
  if (auto event = lonely(status, now_ms)) events.push_back(std::move(*event));
  if (view != nullptr && (view->predecessors != predecessors_ || view->successors != successors_)) {
    predecessors_ = view->predecessors;
    successors_ = view->successors;
    events.push_back({"neighbours changed",
                      {{"predecessors", list_of(predecessors_)}, {"successors", list_of(successors_)}}});
  }
  if (status.routing.bad_signatures > bad_signatures_) {
    bad_signatures_ = status.routing.bad_signatures;
    events.push_back({"messages with bad signatures dropped", {{"total", bad_signatures_}}});
  }
  // Each time they have doubled: a reader who comes again and again does not fill the log.
  if (const std::uint64_t rollbacks = status.storage.rollbacks; rollbacks >= next_rollbacks_) {
    next_rollbacks_ = 2 * rollbacks;
    events.push_back(
        {"values read are older than they were before: what was newer is lost, expired or hidden by its "
         "holder",
         {{"total", rollbacks}},
         spdlog::level::warn});
  }
  if (const std::uint64_t damaged = status.storage.kinds_damaged; damaged >= next_damaged_) {
    next_damaged_ = 2 * damaged;
    events.push_back(
        {"values are damaged on this peer's disk: they are fetched from the other peers that hold them; look "
         "after the disk, and restart the peer when not all come back",
         {{"total", damaged}, {"come_back", status.storage.kinds_mended}},
         spdlog::level::warn});
  }
  document_.use(upkeep.poll.on ? k_polled_document_words : k_document_words);
  certificate_.use(certificate_words(upkeep.renewal));
  for (auto event : {document_.observe(status.configuration_expires_ms, now_ms),
                     certificate_.observe(status.certificate_not_after_ms, now_ms),
                     further_users_.observe(first_end_of(status.storage), now_ms)}) {
    if (event) events.push_back(std::move(*event));
  }
  return events;
}

// RFC 6940 §4.5.2: only who is told to begins a ring. Who is not and finds nobody says so, now and then.
std::optional<EventLog::Event> Watcher::lonely(const actors::PeerStatus& status, WallMs now_ms) {
  if (status.routing.phase != "connecting" || !given_) {
    lonely_since_ms_.reset();
    lonely_told_ = false;
    return std::nullopt;
  }
  if (!lonely_since_ms_) lonely_since_ms_ = now_ms;
  if (now_ms < *lonely_since_ms_ + (lonely_told_ ? k_lonely_again_ms : k_patience_to_find_ms))
    return std::nullopt;
  lonely_since_ms_ = now_ms;
  lonely_told_ = true;
  auto addresses = addresses_of(*given_, status);
  const char* const name =
      addresses.empty()
          ? "knows no address of another peer: give one with --bootstrap; if this is the overlay's first "
            "peer: --first-peer"
          : "has found no peer yet at the addresses that it tries; if this is the overlay's first peer: "
            "--first-peer";
  return EventLog::Event{name, {{"tried", std::move(addresses)}}, spdlog::level::warn};
}

std::optional<EventLog::Event> RefusalWatch::observe(const Refusals::Count& count) {
  if (count.total < next_) return std::nullopt;
  next_ = 2 * count.total;
  return EventLog::Event{"the API has refused calls that its policy does not allow",
                         {{"total", count.total}, {"last", count.last}},
                         spdlog::level::warn};
}

}  // namespace ringway::services

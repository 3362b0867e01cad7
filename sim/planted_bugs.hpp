// Bugs planted on purpose, to see that the checkers of a simulation catch them. Each stands between the
// components of a peer, where the dispatcher hands on what they put out; the components themselves are as
// always.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

#include "reload/data/digest_messages.hpp"
#include "reload/peer/wiring.hpp"
#include "reload/wire/codes.hpp"

namespace ringway::sim {

enum class PlantedBug : std::uint8_t {
  none,
  replica_not_sent,     // a new value is said to be copied, and is not
  wrong_interval_end,   // what a peer is to hold copies of ends one neighbour too early
  update_not_sent,      // neighbours are told nothing of changes (RFC 6940 §10.7)
  hand_over_not_made,   // a joining peer gets nothing, it is said that it has everything, and nobody compares
  always_equal,         // whoever is asked for digests says that it has the very same
  notice_not_sent,      // nobody who watches is told of a change
  generation_not_kept,  // of a Kind's generation only the first gets onto the disk
  generation_not_compared,  // what others write is stored whichever generation they expect
};

// Receives in a peer's stead what its dispatcher hands on, and passes it on but for the bug.
template <peer::Receiver Peer>
class BuggyReceiver {
 public:
  BuggyReceiver(Peer& peer, PlantedBug bug) : peer_(peer), bug_(bug) {}

  void to_routing(routing::Input input) {
    if (auto* message = std::get_if<routing::SendOnChannel>(&input)) {
      if (bug_ == PlantedBug::notice_not_sent && message->application == routing::Application::watch) return;
      if (bug_ == PlantedBug::always_equal && message->application == routing::Application::replication)
        say_equal(*message);
    }
    // Comparing what two peers hold would mend the bug within a second.
    const auto* channel = std::get_if<routing::OpenChannel>(&input);
    if (bug_ == PlantedBug::hand_over_not_made && channel != nullptr &&
        channel->application == routing::Application::replication)
      return;
    peer_.to_routing(std::move(input));
  }

  void to_storage(data::StorageInput input) {
    if (auto* request = std::get_if<routing::DeliverRequest>(&input);
        bug_ == PlantedBug::generation_not_compared && request != nullptr && request->message->store)
      expect_no_generation(*request);
    peer_.to_storage(std::move(input));
  }

  void to_replication(data::ReplicationInput input) {
    if (const auto* order = std::get_if<data::Replicate>(&input);
        bug_ == PlantedBug::replica_not_sent && order != nullptr)
      return peer_.to_storage(data::Replicated{order->token, {}, true});
    // An order for a range without keys is soon carried out.
    if (auto* order = std::get_if<routing::HandOver>(&input);
        bug_ == PlantedBug::hand_over_not_made && order != nullptr)
      order->after = ring_subtract(order->joining, ring_power_of_two(0));
    auto* change = std::get_if<routing::RingChanged>(&input);
    if (bug_ == PlantedBug::wrong_interval_end && change != nullptr && change->view->replicas > 0) {
      auto wrong = std::make_shared<topology::RingView>(*change->view);
      --wrong->replicas;
      change->view = std::move(wrong);
    }
    peer_.to_replication(std::move(input));
  }

  template <typename Effect>
  void perform(Effect&& effect) {
    if constexpr (std::is_same_v<std::remove_cvref_t<Effect>, routing::Transmit>)
      if (bug_ == PlantedBug::update_not_sent && is_update(effect)) return;
    if constexpr (std::is_same_v<std::remove_cvref_t<Effect>, data::Commit>)
      if (bug_ == PlantedBug::generation_not_kept) keep_first_generation(effect);
    peer_.perform(std::forward<Effect>(effect));
  }

 private:
  static void say_equal(routing::SendOnChannel& message) {
    const auto said = data::decode_digest_message(message.message);
    const auto* digests = said ? std::get_if<data::Digests>(&*said) : nullptr;
    if (digests != nullptr) message.message = SharedBytes(data::encode(data::Digests{digests->number, {}}));
  }
  static bool is_update(const routing::Transmit& message) {
    if (message.payload.size() < 2) return false;
    const BytesView code = message.payload.view();
    return static_cast<wire::MessageCode>((code[0] << 8) | code[1]) == wire::MessageCode::update_req;
  }

  // A copy says which generation it is of; 0 is what a writer sends who expects none.
  static void expect_no_generation(routing::DeliverRequest& request) {
    if (request.message->store->replica_number != 0) return;
    auto changed = std::make_shared<security::InspectedMessage>(*request.message);
    for (auto& kind : changed->store->kind_data) kind.generation_counter = 0;
    request.message = std::move(changed);
  }
  static void keep_first_generation(data::Commit& commit) {
    std::erase_if(commit.batch, [](const data::Write& write) {
      const auto* set = std::get_if<data::SetGeneration>(&write);
      return set != nullptr && set->generation_counter > 1;
    });
  }

  Peer& peer_;
  PlantedBug bug_;
};

}  // namespace ringway::sim

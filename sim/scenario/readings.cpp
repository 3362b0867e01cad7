#include "sim/scenario/readings.hpp"

#include <memory>
#include <utility>

namespace ringway::sim {

namespace {

constexpr std::size_t k_reads_at_once = 64;

struct Open {
  std::string key;
  int tries_left = 1;
};

class Reader {
 public:
  Reader(Stage& stage, const std::vector<std::string>& keys, Reading how) : stage_(stage), how_(how) {
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) waiting_.push_back({*key, how.tries});
  }

  std::vector<Misread> run() {
    const Duration limit{Errands::k_patience_ms * (how_.tries + 1) +
                         static_cast<std::int64_t>(waiting_.size()) * 1000};
    const bool all_read = stage_.pass(limit, [this] {
      while (!waiting_.empty() && stage_.errands().under_way() < k_reads_at_once) {
        Open next = std::move(waiting_.back());
        waiting_.pop_back();
        read(std::move(next));
      }
      return waiting_.empty() && stage_.errands().under_way() == 0;
    });
    if (!all_read) give_up();
    return std::move(misread_);
  }

 private:
  // The time is over.
  void give_up() {
    // What is still under way refers to this reader, and ends when the errands lose their patience.
    stage_.pass(Duration{2 * Errands::k_patience_ms}, [this] { return stage_.errands().under_way() == 0; });
    if (!how_.quiet) return;
    for (const Open& open : waiting_)
      misread_.push_back({open.key, Law::calls_answered, open.key + " was not read in time"});
  }

  void read(Open open) {
    ++stage_.measured().gets.total;
    const PeerNumber via = stage_.anyone();
    stage_.errands().call(via, data::GetCall{open.key, std::nullopt, stage_.consistency()},
                          [this, via, open](const data::CallResult* result) { answered(open, via, result); });
  }

  void answered(Open open, PeerNumber via, const data::CallResult* result) {
    const auto* got = result == nullptr ? nullptr : std::get_if<data::GetResult>(result);
    const auto* failure = result == nullptr ? nullptr : std::get_if<data::CallFailure>(result);
    const bool definite =
        got != nullptr || (failure != nullptr && failure->error == data::CallError::not_found);
    if (!definite) {
      if (--open.tries_left > 0) return waiting_.push_back(std::move(open));
      if (how_.quiet)
        misread_.push_back({open.key, Law::calls_answered,
                            open.key + " cannot be read through peer " + std::to_string(via) + ": " +
                                (failure == nullptr ? "no answer" : failure->message)});
      return;
    }
    const std::vector<data::Entry> nothing;
    const auto& entries = got == nullptr ? nothing : got->entries;
    const auto fault = stage_.ledger().judge(open.key, entries, how_.quiet);
    if (!stage_.ledger().judge(open.key, entries, true)) ++stage_.measured().gets.ok;
    if (!fault) return;
    if (fault->law == Law::value_genuine) return stage_.violate(fault->law, fault->what, via);
    misread_.push_back(
        {open.key, fault->law, fault->what + " (read through peer " + std::to_string(via) + ")"});
  }

  Stage& stage_;
  Reading how_;
  std::vector<Open> waiting_;
  std::vector<Misread> misread_;
};

}  // namespace

std::vector<Misread> read_values(Stage& stage, const std::vector<std::string>& keys, Reading how) {
  return Reader(stage, keys, how).run();
}

}  // namespace ringway::sim

// The requester's side: calls of applications become Stores, Fetches and Stats, or are done here at once when
// this peer is responsible (STORE-50). What comes from other peers is checked: signature, writer, name, age.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/call_plan.hpp"
#include "reload/data/careful_read.hpp"
#include "reload/data/detour.hpp"
#include "reload/data/holder.hpp"
#include "reload/data/item_times.hpp"
#include "reload/data/messages.hpp"
#include "reload/data/peer_data.hpp"
#include "reload/data/written_values.hpp"
#include "reload/table_size.hpp"

namespace ringway::data {

// Tokens of calls, and numbers of requests and own stores, that other parts of this component make; those of
// applications' calls are smaller.
inline constexpr std::uint64_t k_first_own_number = std::uint64_t{1} << 62U;

inline constexpr std::size_t k_max_renewed_at_once = 32;  // values that are signed or put again

class Client {
 public:
  Client(PeerData& data, Holder& holder);

  void calls(const Now& now, Calls calls, StorageOutputs& out);
  void cancel(const Now& now, const CancelCalls& cancel, StorageOutputs& out);
  // False: not a commit of this part.
  bool committed(const Now& now, const Committed& outcome, StorageOutputs& out);
  void request_done(const Now& now, const routing::RequestDone& done, StorageOutputs& out);
  void stored_here(const Now& now, Holder::Outcome outcome, StorageOutputs& out);
  // What a bad-node has written, dated into the future perhaps, must not make what replaces it look old.
  void nodes_revoked() { times_.forget_all(); }
  // There is a new certificate, of this peer or of a further user: what was put under another one of that
  // user is signed again.
  void signer_changed(const Now& now);
  // What this peer has become responsible for is done here from now on.
  void ring_changed(const Now& now, StorageOutputs& out);
  void on_timer(const Now& now, StorageOutputs& out);
  std::optional<MonoTime> next_deadline() const;

  // The results of calls with tokens from k_first_own_number, and which responsible peer has answered a get;
  // nobody when none did.
  struct OwnResult {
    CallsDone done;
    NodeId holder;
  };
  std::vector<OwnResult> take_own_results() { return std::exchange(own_results_, {}); }

  std::size_t pending() const { return works_.size(); }
  TableSizes tables() const;

 private:
  enum class Stage {
    learn,        // Stat of the item before it is written: its storage_time and what remains of its lifetime
    note,         // a fact of written_ is being made durable: before a value is signed again, or an answer
    write,        // Store
    read,         // Fetch or Stat, as called
    list,         // Stat of all keys, because all values at once were too large
    chunk,        // Fetch of some of those keys
    next_holder,  // Ping to whoever comes after the responsible peer, whose answer cannot be right
    copy,         // Fetch from that one
    careful,      // several holders are asked (careful_read.hpp)
  };
  struct Batch {
    std::vector<std::optional<CallResult>> results;
    std::size_t missing = 0;
    NodeId holder;  // the responsible peer that has answered a get
  };
  struct Work {
    std::uint64_t id = 0;
    std::uint64_t batch = 0;
    std::size_t index = 0;
    Call call;
    CallPlan plan;
    Stage stage = Stage::read;
    MonoTime started;
    std::uint64_t request = 0;         // of routing, under way; 0: none
    bool here = false;                 // a Store of this peer's own, under way in the holder
    std::optional<MonoTime> retry_at;  // in retries_ as well; with a request under way: to look for a detour
    unsigned attempts = 0;
    // Writing.
    std::optional<wire::StoredData> value;  // signed
    std::uint64_t previous_ms = 0;          // storage_time of what is replaced, once learned
    std::uint32_t previous_lifetime_s = 0;
    Bytes certificate_sha256;  // of whom it was signed with
    WallMs certificate_not_after_ms = 0;
    WallMs signed_ms = 0;           // when its lifetime began, as nearly as is known here
    std::uint64_t renews_ms = 0;    // signs again what was stored at that time; 0: a call
    bool renewed = false;           // signed once more, after Error_Data_Too_Old
    bool asked_all = false;         // the responsible peer may lack what is stored: all were asked, once
    std::optional<PutResult> kept;  // the answer, when the fact that it is kept is durable
    wire::MessageCode own_code = wire::MessageCode::invalid;  // what is under way, for a detour
    SharedBytes own_body;
    std::unique_ptr<Detour> detour;  // while one is looked for
    bool silent = false;             // one was needed already
    // Reading in chunks.
    struct Key {
      Bytes key;
      std::size_t size_bytes = 0;
    };
    std::deque<Key> keys;  // still to fetch
    std::size_t asked_keys = 0;
    std::size_t most_keys = SIZE_MAX;
    GetResult gathered;
    bool removed = false;  // its writer says so
    // A second opinion.
    NodeId holder;  // who gave the first
    std::optional<wire::Destination> elsewhere;
    GetResult first;
    // Of a careful read.
    std::unique_ptr<CarefulRead> careful;          // once it is its turn
    std::map<std::uint64_t, std::uint64_t> asked;  // by the request under way: its question, or the detour's
  };

  bool responsible(const Work& work) const { return data_.view->responsible_for(work.plan.at.resource); }
  void start(const Now& now, std::uint64_t batch, std::size_t index, Call call, StorageOutputs& out);
  void set_result(std::uint64_t batch, std::size_t index, CallResult result, StorageOutputs& out);
  void answered_by(std::uint64_t batch, const NodeId& holder);
  void finish(Work& work, CallResult result, StorageOutputs& out);
  void drive(const Now& now, Work& work, StorageOutputs& out);
  void send(Work& work, wire::MessageCode code, Bytes body, StorageOutputs& out);
  void answered(const Now& now, Work& work, const security::InspectedMessage& message, StorageOutputs& out);
  void refused(const Now& now, Work& work, const Refusal& refusal, bool found_here, StorageOutputs& out);
  static bool asks_all_then(const Work& work);
  void retry_later(const Now& now, Work& work);
  void stop_waiting(Work& work);

  // client_write.cpp
  void learn(const Now& now, Work& work, StorageOutputs& out);
  void learned(const Now& now, Work& work, const wire::StoredMetaData* present, StorageOutputs& out);
  void write(const Now& now, Work& work, StorageOutputs& out);
  const security::Signer& signer_of(const Work& work) const {
    return work.plan.as_user ? *work.plan.as_user : *data_.signer;
  }
  BytesView present_certificate(const std::string& user) const;
  void remember(const Work& work);
  void keep_written(StorageOutputs& out);
  bool wait_for_fact(Work& work, StorageOutputs& out);
  void sign(const Now& now, Work& work);
  void written(Work& work, const wire::StoreAns& answer, StorageOutputs& out);

  // client_detour.cpp
  void watch_for_silence(const Now& now, Work& work);
  void begin_detour(const Now& now, Work& work, StorageOutputs& out);
  void drive_detour(const Now& now, Work& work, StorageOutputs& out);
  void detour_done(const Now& now, Work& work, const routing::RequestDone& done, StorageOutputs& out);

  // client_renew.cpp
  void renew_values(const Now& now, StorageOutputs& out);
  void renew(const Now& now, WrittenValue value, StorageOutputs& out);
  bool still_ours(const Work& work, const wire::StoredMetaData* present) const;
  void plan_renewals(const Now& now);
  void renewal_ended(const Work& work, const CallResult& result, StorageOutputs& out);

  // client_read.cpp
  std::optional<CallResult> read_here(const Now& now, std::uint64_t batch, const Call& call,
                                      const CallPlan& plan);
  // What is asked for is not here, but may be at others (newly_held.hpp).
  bool may_lack(const Now& now, const CallPlan& plan);
  bool hidden(const CallPlan& plan);
  bool lacks_generation(const CallPlan& plan);
  void ask(Work& work, StorageOutputs& out);
  void fetched(const Now& now, Work& work, const security::InspectedMessage& message, StorageOutputs& out);
  void listed(const Now& now, Work& work, const wire::StatKindResponse& response, StorageOutputs& out);
  // Of a value in an answer to a Fetch.
  static std::size_t answer_size_bytes(const CallPlan& plan, const wire::StoredMetaData& value);
  std::optional<wire::StatKindResponse> stat_answer(const Work& work,
                                                    const security::InspectedMessage& message) const;
  static bool is_answer_to_get(const Work& work, const security::InspectedMessage& message);
  void gather(Work& work, const wire::FetchKindResponse& response,
              const std::vector<security::ValueVerdict>& verdicts);
  bool acceptable(const Work& work, const wire::StoredData& value, const security::ValueVerdict& verdict);
  bool rolled_back(const CallPlan& plan, const ItemKey& item, std::uint64_t storage_time_ms);
  Entry entry_of_record(const CallPlan& plan, const Record& record, WallMs now_ms);
  static bool of_another_name(const CallPlan& plan, const wire::StoredData& value);
  static Entry entry_of_value(std::string entry, const wire::StoredData& value,
                              const security::ValueVerdict& verdict);
  Bytes query(const Work& work, std::vector<Bytes> keys) const;
  void next_chunk(const Now& now, Work& work, StorageOutputs& out);
  std::vector<Bytes> keys_of_chunk(const Work& work) const;
  CallResult stat_result(const Work& work, const wire::StatKindResponse& response) const;
  CallResult read_store(const Now& now, const Call& call, const CallPlan& plan);

  // client_doubt.cpp
  bool doubtful(const Work& work);
  static bool is_second(const Work& work) {
    return work.stage == Stage::next_holder || work.stage == Stage::copy;
  }
  void ask_again(const Now& now, const NodeId& holder, Work& work, StorageOutputs& out);
  void second_answered(const Now& now, Work& work, const security::InspectedMessage& message,
                       StorageOutputs& out);

  // client_careful.cpp
  static bool is_careful(const Call& call);
  static CarefulRead::Failure why_of(const routing::RequestFailure& failure);
  static std::optional<NodeId> named_by(const security::InspectedMessage& message);
  static Consistency consistency_of(const Call& call);
  void become_careful(Work& work);
  void start_careful_reads(const Now& now, StorageOutputs& out);
  void begin_careful(const Now& now, Work& work);
  void drive_careful(const Now& now, Work& work, StorageOutputs& out);
  void ask_carefully(Work& work, const CarefulRead::Question& question, StorageOutputs& out);
  void careful_done(const Now& now, Work& work, const routing::RequestDone& done, StorageOutputs& out);
  HeldItems held_here(const Now& now, const CallPlan& plan);
  HeldItems held_by(Work& work, const wire::FetchKindResponse& response,
                    const std::vector<security::ValueVerdict>& verdicts);
  static HeldItems listed_by(const Work& work, const wire::StatKindResponse& response);
  void careful_answer(Work& work, std::uint64_t number, const security::InspectedMessage& message);
  void finish_careful(const Now& now, Work& work, StorageOutputs& out);
  void read_in_chunks(const Now& now, Work& work, NodeId holder, StorageOutputs& out);
  void end_careful(Work& work, StorageOutputs& out);
  void learned_carefully(const Now& now, Work& work, StorageOutputs& out);
  bool is_stored_already(const Work& work, const HeldItem& newest) const;
  void stop_asking(Work& work, StorageOutputs& out);

  PeerData& data_;
  Holder& holder_;
  ItemTimes times_;
  WrittenValues written_;
  std::size_t renewing_ = 0;  // under way
  std::optional<MonoTime> renew_at_;
  std::vector<OwnResult> own_results_;
  std::uint64_t last_id_ = 0;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_commit_ = k_first_own_number;
  std::unordered_map<std::uint64_t, std::uint64_t> works_of_commits_;
  std::unordered_map<std::uint64_t, Batch> batches_;
  std::unordered_map<std::uint64_t, Work> works_;
  std::unordered_map<std::uint64_t, std::uint64_t> works_of_requests_;
  std::set<std::pair<MonoTime, std::uint64_t>> retries_;
  HolderCache known_holders_;
  // Works whose turn has not come. An empty deque would take 600 bytes.
  std::list<std::uint64_t> careful_waiting_;
  std::size_t careful_under_way_ = 0;
};

// Of a call that writes.
std::optional<std::uint64_t> expected_generation(const Call& call);
// The entries in the order of their names.
GetResult sorted(GetResult found);
// What a get found, as a result: not_found and data_loss when there is nothing to show.
CallResult get_result(GetResult found);
CallResult stat_of_values(const CallPlan& plan, const GetResult& found);

}  // namespace ringway::data

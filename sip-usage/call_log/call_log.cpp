#include "sip-usage/call_log/call_log.hpp"

#include <algorithm>
#include <iterator>

#include "reload/wire/codec.hpp"

namespace ringway::sip {

namespace {

constexpr std::uint8_t k_version = 2, k_version_without_caller = 1;

constexpr std::array<std::size_t, 3> k_logged = {k_max_logged_calls, k_max_logged_calls_of_peers,
                                                 k_max_logged_calls_of_strangers};
constexpr std::array<std::size_t, 3> k_under_way = {k_max_calls_under_way, k_max_calls_of_peers_under_way,
                                                    k_max_calls_of_strangers_under_way};

std::size_t at(Caller caller) { return static_cast<std::size_t>(caller); }

std::string key_of(std::string_view call_id, std::string_view caller_tag) {
  return std::string(call_id) + '\n' + std::string(caller_tag);
}

std::string address_of(const NameAddr& name) {
  return name.uri.print().substr(0, k_max_logged_address_bytes);
}

bool asks_for_credentials(unsigned status) { return status == 401 || status == 407; }

void write_time(wire::Writer& out, const std::optional<WallMs>& time_ms) { out.u64(time_ms.value_or(0)); }
std::optional<WallMs> read_time(wire::Reader& in) {
  const WallMs time_ms = in.u64();
  return time_ms == 0 ? std::nullopt : std::optional(time_ms);
}

}  // namespace

Bytes encode(const CallRecord& record) {
  wire::Writer out;
  out.u8(k_version);
  out.u64(record.number);
  out.opaque(1, view_of(record.user.name()));
  out.boolean(record.is_outgoing);
  out.opaque(1, view_of(record.other));
  out.u64(record.began_ms);
  write_time(out, record.answered_ms);
  write_time(out, record.ended_ms);
  out.u16(static_cast<std::uint16_t>(record.status));
  out.u8(static_cast<std::uint8_t>(record.caller));
  return out.take();
}

Result<CallRecord> decode_call_record(SharedBytes octets) {
  wire::Reader in(std::move(octets));
  const auto version = in.u8();
  if (version != k_version && version != k_version_without_caller)
    in.fail("another version of a call's record");
  const std::uint64_t number = in.u64();
  const Bytes user = in.opaque_copy(1);
  auto aor = Aor::of_user_name(std::string(user.begin(), user.end()));
  if (in.ok() && !aor) in.fail("a call of nobody");
  const bool is_outgoing = in.boolean();
  const Bytes other = in.opaque_copy(1);
  const WallMs began_ms = in.u64();
  const auto answered_ms = read_time(in), ended_ms = read_time(in);
  const unsigned status = in.u16();
  const std::uint8_t caller = version == k_version ? in.u8() : std::uint8_t{0};
  if (caller > static_cast<std::uint8_t>(Caller::stranger)) in.fail("a call of nobody knows whom");
  if (in.more()) in.fail("more than a call's record");
  if (!in.ok()) return in.failure();
  CallRecord out{number,        *std::move(aor), is_outgoing, std::string(other.begin(), other.end()),
                 began_ms,      answered_ms,     ended_ms,    status,
                 Caller{caller}};
  out.is_end_unknown = !ended_ms;  // who reads it has seen nothing of the call
  return out;
}

CallLog::CallLog(std::vector<CallRecord> kept) {
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  for (auto& record : kept) {
    last_number_ = record.number;
    ++finished_of_[at(record.caller)];
    finished_.push_back(std::move(record));
  }
  told_up_to_ = last_number_;
  forget_beyond_bounds();
}

void CallLog::forget_beyond_bounds() {
  for (const auto caller : {Caller::stranger, Caller::peer})
    while (finished_of_[at(caller)] > k_logged[at(caller)])
      forget(std::find_if(finished_.begin(), finished_.end(),
                          [&](const CallRecord& record) { return record.caller == caller; }));
  while (finished_.size() > k_max_logged_calls) forget(finished_.begin());
}

// What nobody has been told of yet need not be taken back.
void CallLog::forget(std::deque<CallRecord>::iterator record) {
  changed_.erase(record->number);
  if (record->number <= told_up_to_) forgotten_.push_back(record->number);
  --finished_of_[at(record->caller)];
  finished_.erase(record);
}

// For one more call.
void CallLog::make_room(Caller caller) {
  if (calls_of_[at(caller)] >= k_under_way[at(caller)])
    finish(
        std::find_if(calls_.begin(), calls_.end(), [&](const Call& call) { return call.caller == caller; }));
  if (calls_.size() >= k_max_calls_under_way) finish(calls_.begin());
}

void CallLog::on_invite(WallMs now_ms, const Message& invite, const Aor& user, bool is_outgoing,
                        Caller caller) {
  if (!invite.to.tag().empty() || invite.call_id.size() > k_max_logged_call_id_bytes) return;
  const std::string key = key_of(invite.call_id, invite.from.tag());
  auto found = by_key_.find(key);
  if (found == by_key_.end()) {
    make_room(caller);
    ++calls_of_[at(caller)];
    found = by_key_.emplace(key, calls_.insert(calls_.end(), {key, {}, {}, caller})).first;
  }
  Call& call = *found->second;
  const auto is_it = [&](const CallRecord& record) {
    return record.user == user && record.is_outgoing == is_outgoing;
  };
  const auto again = std::find_if(call.records.begin(), call.records.end(), is_it);
  if (again != call.records.end()) {
    again->status = 0;  // with credentials
    return;
  }
  call.records.push_back({++last_number_,
                          user,
                          is_outgoing,
                          address_of(is_outgoing ? invite.to : invite.from),
                          now_ms,
                          {},
                          {},
                          0,
                          caller});
  note(call.records.back());
}

void CallLog::on_answer(WallMs now_ms, const Message& response) {
  if (response.cseq.method != "INVITE" || response.status() < 200) return;
  const auto found = by_key_.find(key_of(response.call_id, response.from.tag()));
  if (found == by_key_.end()) return;
  Call& call = *found->second;
  const unsigned status = response.status();
  // What comes after a 2xx is of another branch, or of an INVITE within the dialog.
  const bool is_answered =
      std::any_of(call.records.begin(), call.records.end(),
                  [](const CallRecord& record) { return record.answered_ms.has_value(); });
  if (is_answered) return;
  for (CallRecord& record : call.records) {
    record.status = status;
    if (status < 300) record.answered_ms = now_ms;
  }
  if (status < 300) {
    call.callee_tag = response.to.tag();
    for (const CallRecord& record : call.records) note(record);
  } else if (!asks_for_credentials(status)) {
    for (CallRecord& record : call.records) record.ended_ms = now_ms;
    finish(found->second);
  }
}

void CallLog::on_bye(WallMs now_ms, const Message& bye) {
  for (const auto& [caller, callee] :
       {std::pair(bye.from.tag(), bye.to.tag()), std::pair(bye.to.tag(), bye.from.tag())}) {
    const auto found = by_key_.find(key_of(bye.call_id, caller));
    if (found == by_key_.end() || found->second->callee_tag != callee) continue;
    for (CallRecord& record : found->second->records) record.ended_ms = now_ms;
    return finish(found->second);
  }
}

void CallLog::finish(Calls::iterator call) {
  for (CallRecord& record : call->records) {
    record.is_end_unknown = !record.ended_ms;
    note(record);
    const auto place =
        std::upper_bound(finished_.begin(), finished_.end(), record.number,
                         [](std::uint64_t number, const CallRecord& other) { return number < other.number; });
    ++finished_of_[at(record.caller)];
    finished_.insert(place, std::move(record));
  }
  --calls_of_[at(call->caller)];
  by_key_.erase(call->key);
  calls_.erase(call);
  forget_beyond_bounds();
}

std::vector<CallRecord> CallLog::take_changed() {
  std::vector<CallRecord> out;
  for (auto& [number, record] : changed_) out.push_back(std::move(record));
  changed_.clear();
  has_news_of_own_users_ = false;
  told_up_to_ = last_number_;
  return out;
}

std::vector<CallRecord> CallLog::newest(std::size_t limit, const std::optional<Aor>& user) const {
  std::vector<CallRecord> out;
  const auto add = [&](const CallRecord& record) {
    if (!user || record.user == *user) out.push_back(record);
  };
  for (const Call& call : calls_) std::for_each(call.records.begin(), call.records.end(), add);
  std::for_each(finished_.begin(), finished_.end(), add);
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.number > b.number; });
  if (out.size() > limit) out.erase(out.begin() + static_cast<std::ptrdiff_t>(limit), out.end());
  return out;
}

TableSizes CallLog::sizes() const {
  return {
      {"calls under way", calls_.size(), k_max_calls_under_way},
      {"calls that are over", finished_.size(), k_max_logged_calls},
      {"calls of strangers under way", calls_of_[at(Caller::stranger)], k_max_calls_of_strangers_under_way},
      {"calls of strangers that are over", finished_of_[at(Caller::stranger)],
       k_max_logged_calls_of_strangers}};
}

}  // namespace ringway::sip

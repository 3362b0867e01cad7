// The calls of a peer's own users, as the peer's proxy sees them: who called whom, when it was answered, how
// it ended. Requests and answers go in with the time; records come out. Only what passes the peer is known:
// where a BYE goes another way the end of a call is not.
//
// A call is an INVITE that begins a dialog (RFC 3261 §12), known by its Call-ID and the caller's tag: so is
// the one that comes again with credentials. A user of this peer who calls another one is two records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/result.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_logged_calls = 1000;     // that are over; the oldest goes
inline constexpr std::size_t k_max_calls_under_way = 4096;  // past it the oldest counts as over
inline constexpr std::size_t k_max_kept_calls = k_max_logged_calls + 2 * k_max_calls_under_way;  // two sides
// What others than own users have called: past it the oldest of theirs goes, so that nobody outside can make
// the log forget what the users want to know.
inline constexpr std::size_t k_max_logged_calls_of_peers = 500, k_max_calls_of_peers_under_way = 2048;
inline constexpr std::size_t k_max_logged_calls_of_strangers = 250, k_max_calls_of_strangers_under_way = 1024;
inline constexpr std::size_t k_max_logged_address_bytes = 255;  // of the other side; a longer one is cut
inline constexpr std::size_t k_max_logged_call_id_bytes = 256;  // calls with a longer one are not logged

enum class Caller : std::uint8_t { own_user, peer, stranger };

struct CallRecord {
  std::uint64_t number = 0;  // counts up, also across restarts
  Aor user;                  // of this peer
  bool is_outgoing = false;
  std::string other;  // the other side's URI: To of a call that goes out, From of one that comes in
  WallMs began_ms = 0;
  std::optional<WallMs> answered_ms;  // with 2xx
  std::optional<WallMs> ended_ms;     // BYE, or a refusal; nothing: under way, or it was not seen
  unsigned status = 0;                // the final one of the INVITE (RFC 3261 §21); 0: none yet
  Caller caller = Caller::own_user;
  // It is over, and when that was nobody knows: this peer was started anew, or has not seen it.
  bool is_end_unknown = false;
};

Bytes encode(const CallRecord& record);
Result<CallRecord> decode_call_record(SharedBytes octets);

class CallLog {
 public:
  // The records that were kept, by number. Calls that were under way are over: nothing here knows them now.
  explicit CallLog(std::vector<CallRecord> kept = {});

  // An INVITE of, or to, a user of this peer. One within a dialog is no call.
  void on_invite(WallMs now_ms, const Message& invite, const Aor& user, bool is_outgoing,
                 Caller caller = Caller::own_user);
  // The answer that goes back to the caller.
  void on_answer(WallMs now_ms, const Message& response);
  void on_bye(WallMs now_ms, const Message& bye);

  // The newest first: calls under way, too. At most `limit`, of that user if one is named.
  std::vector<CallRecord> newest(std::size_t limit, const std::optional<Aor>& user = std::nullopt) const;
  // To be kept: what has begun, was answered or is over since the last time; and the numbers of those that
  // were forgotten, if they had been told of before.
  bool has_news() const { return !changed_.empty() || !forgotten_.empty(); }
  // Of what the peer's own users do: nobody else can make it write as often as he likes.
  bool has_news_of_own_users() const { return has_news_of_own_users_; }
  std::vector<CallRecord> take_changed();
  std::vector<std::uint64_t> take_forgotten() { return std::exchange(forgotten_, {}); }

  TableSizes sizes() const;

 private:
  struct Call {
    std::string key;
    std::string callee_tag;           // of the answer that was 2xx
    std::vector<CallRecord> records;  // one, or two
    Caller caller = Caller::own_user;
  };
  using Calls = std::list<Call>;  // the one that began first is the first

  void note(const CallRecord& record) {
    changed_.insert_or_assign(record.number, record);
    has_news_of_own_users_ = has_news_of_own_users_ || record.caller == Caller::own_user;
  }
  void finish(Calls::iterator call);
  void make_room(Caller caller);
  void forget_beyond_bounds();
  void forget(std::deque<CallRecord>::iterator record);

  std::uint64_t last_number_ = 0;
  std::deque<CallRecord> finished_;                        // by number
  std::array<std::size_t, 3> finished_of_{}, calls_of_{};  // by Caller
  Calls calls_;
  std::map<std::string, Calls::iterator, std::less<>> by_key_;
  std::map<std::uint64_t, CallRecord> changed_;  // since the last time
  bool has_news_of_own_users_ = false;
  std::uint64_t told_up_to_ = 0;
  std::vector<std::uint64_t> forgotten_;
};

}  // namespace ringway::sip

// What waits in a user's mailbox, for programs that ask: read without a phone, and taken away when they say
// so.
//
// No I/O, clock or random source: calls in, outputs out, to be carried out in their order.
//
//   a program asks             -> read     -> AskOverlay …
//   the overlay has answered   -> on_call  -> AskOverlay …, MailboxRead
//   next_wake() has come       -> on_timer -> MailboxRead
//
// What is taken away is noted as received, in the value in which the user's peers note what they have
// delivered (Received), and by compare-and-swap as they do: whoever delivers meanwhile finds it there.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "sip-usage/messages/calls.hpp"
#include "sip-usage/messages/mailbox.hpp"
#include "sip-usage/messages/received.hpp"

namespace ringway::sip::messages {

inline constexpr std::size_t k_max_reads = 64;            // at once
inline constexpr std::size_t k_max_shown_messages = 100;  // in one answer: each is opened here
inline constexpr std::size_t k_max_taken_away = 100;      // in one call
inline constexpr Duration k_read_time{30'000};
inline constexpr unsigned k_max_note_attempts = 5;  // when others write at the same time

enum class ReadId : std::uint64_t {};  // the driver's, never used twice

// One message of all that wait for a user.
struct MessageName {
  NodeId sender;
  std::uint64_t id = 0;
  auto operator<=>(const MessageName&) const = default;

  // "<32 digits>-<id>", as its Call-ID begins.
  std::string print() const;
  static std::optional<MessageName> parse(std::string_view text);
};

struct WaitingMessage {
  MessageName name;
  std::string sender;  // user name
  WallMs sent_ms = 0, until_ms = 0;
  std::string content_type;  // empty: not said
  std::string body;
};

struct MailboxRequest {
  Aor user;
  std::size_t limit = k_max_shown_messages;
  std::vector<MessageName> take_away{};  // before what is left is shown
};
struct MailboxContents {
  std::vector<WaitingMessage> messages;  // the oldest first
  std::size_t waiting = 0;               // all of them
  std::size_t unopened = 0;              // of those that were looked at: closed for other devices
  std::size_t taken_away = 0;
};
struct MailboxRead {
  ReadId id{};
  std::variant<MailboxContents, data::CallFailure> result;
};
using ReaderOutput = std::variant<AskOverlay, MailboxRead>;

class Reader {
 public:
  explicit Reader(std::vector<OwnUser> users);
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  void use_users(std::vector<OwnUser> users);

  void read(Now now, ReadId id, MailboxRequest request);
  void on_call(Now now, CallId id, const data::CallResult& result);
  void on_timer(Now now);
  Deadline next_wake() const;

  std::vector<ReaderOutput> take_outputs() { return std::exchange(outputs_, {}); }
  TableSize size() const { return {"mailboxes that programs read", reads_.size(), k_max_reads}; }

 private:
  enum class Stage { mailbox, received, preparing, noting };
  struct Waiting {
    std::string writer;
    NodeId node;
    KeptMessage message;
  };
  struct Read {
    MailboxRequest request;
    std::string mailbox;
    MonoTime deadline;
    CallId call{};
    Stage stage = Stage::mailbox;
    std::vector<Waiting> waiting;  // by sender and id
    Received received;
    std::uint64_t generation = 0;
    std::size_t taken_away = 0;
    unsigned attempts = 0;
  };
  using Reads = std::map<ReadId, Read>;

  void ask(Reads::iterator at, Stage stage, data::Call call);
  void ask_received(Reads::iterator at);
  void take_mailbox(Now now, Reads::iterator at, const data::CallResult& result);
  void take_received(Now now, Reads::iterator at, const data::CallResult& result);
  static void note(Now now, Read& read);
  void write(Now now, Reads::iterator at);
  void on_written(Now now, Reads::iterator at, const data::CallResult& result);
  void show(Reads::iterator at);
  void fail(Reads::iterator at, data::CallFailure failure);
  void end(Reads::iterator at, std::variant<MailboxContents, data::CallFailure> result);

  std::map<Aor, OwnUser> users_;
  Reads reads_;
  std::map<CallId, ReadId> asked_;
  std::set<std::pair<MonoTime, ReadId>> deadlines_;
  std::uint64_t last_call_ = 0;
  std::vector<ReaderOutput> outputs_;
};

}  // namespace ringway::sip::messages

// The dialogs that INVITEs through this proxy have begun, for two purposes that the proxy's tokens do not
// serve: who sends its ACK and its BYE without the Route that it was given (SIPp's own scenarios do) is
// understood all the same, and the flows of a call that goes on are not given up: a phone's, and the
// connection with the other side's peer, or the call could not be ended when nobody finds the way to that
// peer any more (RFC 7904 §5.2).
//
// It is a help with a bound, no state that anything else depends on: a dialog that is not in here goes on by
// its Route as ever.
//
// Of a hidden dialog the user here stays unknown to the other side. Where its phone leaves out the Route,
// that is put back in: the direct way would show who it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/table_size.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/message.hpp"
#include "sip-usage/proxy/settings.hpp"
#include "sip-usage/proxy/target.hpp"

namespace ringway::sip::proxy {

inline constexpr std::size_t k_max_dialogs = 8192;  // then the one that was begun or renewed first goes
// Of what one says; longer ones are not kept. And of a hidden one's Route, without which it is kept.
inline constexpr std::size_t k_max_dialog_bytes = 2048;
inline constexpr std::size_t k_max_flows_in_calls = 4096;  // that are held for them
// Of these with other peers: half of the connections that there can be, so that others find room.
inline constexpr std::size_t k_max_peers_in_calls = 512;
inline constexpr Duration k_dialog_time{4 * 3'600'000};  // without a session timer (RFC 4028)
inline constexpr Duration k_session_grace{32'000};       // behind the end of one

// Where a request within a dialog goes.
struct DialogWay {
  Hop hop;
  Uri uri;                         // its Request-URI there
  std::vector<NameAddr> routes{};  // of a hidden dialog
};

// A call goes over that flow, or none does any more.
struct HoldFlow {
  NetworkFlow flow;
  bool held = false;
};

class DialogTable {
 public:
  // `response` is a 2xx to an INVITE, or to what renews its session, that `target` has sent; `to_caller` is
  // hop_to_caller() of the request. Of a hidden dialog `hidden_route` is how the other side is reached.
  void note(MonoTime now, const Message& request, const Message& response, const Target& target,
            const Source& source, std::optional<Hop> to_caller,
            std::optional<std::vector<NameAddr>> hidden_route = std::nullopt);
  // Nothing unless it is the dialog's other end that sends it, by its Call-ID, tags and flow.
  std::optional<DialogWay> way(const Message& request, const Source& source) const;
  // Whose it is, if that is so: of the side where its sender was when the dialog began.
  std::optional<Side> side_of(const Message& request, const Source& source) const;
  // Where who was called has said that it is to be reached from then on (RFC 3261 §12.1.2).
  const Uri* remote_target(const Message& request) const;
  // Is its dialog a hidden one? Nothing: it is not known.
  std::optional<bool> is_hidden(const Message& request) const;
  void end(const Message& request);
  void on_timer(MonoTime now);
  Deadline next_wake() const { return ends_.empty() ? Deadline() : Deadline(ends_.begin()->first); }

  bool is_in_call(const NetworkFlow& flow) const;
  std::vector<HoldFlow> take_holds();
  TableSize size() const { return {"dialogs of the SIP proxy", dialogs_.size(), k_max_dialogs}; }

 private:
  struct Dialog {
    Source caller;
    Hop to_callee;
    bool is_callee_here = false;  // a user of this peer
    Uri callee;                   // as the next hop knows it
    Uri target;                   // as it calls itself
    std::optional<Hop> to_caller;
    Uri caller_contact;
    bool is_hidden = false;
    std::vector<NameAddr> route;  // of a hidden one: from the user here; empty where none is known
    std::vector<NetworkFlow> flows;
    MonoTime ends_at;
    std::uint64_t order = 0;
  };
  using Dialogs = std::map<std::string, Dialog>;
  struct FlowInCalls {
    NetworkFlow flow;
    bool is_of_peer = false;
    std::size_t calls = 0;
    bool is_held = false;
  };

  // With the other tag first where who was called sends it.
  static std::string key_of(const Message& message, bool from_caller);
  static void hide(Dialog& dialog, std::vector<NameAddr> route);
  Dialogs::const_iterator find(const Message& request) const;
  void renew(MonoTime now, Dialogs::iterator dialog, const Message& response);
  void forget(Dialogs::iterator dialog);
  void hold(const NetworkFlow& flow, bool is_of_peer);
  void release(const NetworkFlow& flow);

  Dialogs dialogs_;
  std::set<std::pair<MonoTime, std::string>> ends_;
  std::map<std::uint64_t, std::string> by_order_;
  std::map<std::string, FlowInCalls> flows_;
  std::size_t held_count_ = 0, held_peers_ = 0;
  std::uint64_t last_order_ = 0;
  std::vector<HoldFlow> holds_;
};

// How the sender of an INVITE is reached from here within the dialog. Who is in the overlay, or outside where
// users may call anybody: what it has put into Record-Route, or its Contact, without what says whom of its
// users it means. Otherwise it is where the INVITE came from, which is no place that the sender could choose,
// and may be the only one that leads to it. Nothing: it says nothing.
std::optional<Hop> hop_to_caller(const Message& request, const Source& source, const Settings& settings);

}  // namespace ringway::sip::proxy

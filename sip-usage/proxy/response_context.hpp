// One request under way through the proxy: RFC 3261 §16.6's response context, from the first target to the
// end of the last transaction. It decides whom to ask next, which response goes upstream, and what to cancel.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "reload/deadline.hpp"
#include "reload/time.hpp"
#include "sip-usage/proxy/best_response.hpp"
#include "sip-usage/proxy/routing.hpp"
#include "sip-usage/proxy/shared.hpp"
#include "sip-usage/proxy/target_set.hpp"

namespace ringway::sip::proxy {

class ResponseContext {
 public:
  // `request` without the Routes that were reached; `asked` is Branches::asked_for of it as it came.
  // `shared` outlives the context.
  ResponseContext(Shared& shared, ServerId server, Message request, std::string asked, Source source);

  void begin(MonoTime now, bool is_responsible);  // ask the location service
  void begin(MonoTime now, OneHop next);          // the one target is known (§16.5)
  void on_found(MonoTime now, FindId id, Found found);
  void on_not_found(MonoTime now, FindId id, unsigned status);
  void on_response(MonoTime now, BranchId id, Message response, std::optional<NetworkFlow> peer);
  void on_failure(MonoTime now, BranchId id, BranchFailure failure);
  void on_branch_ended(MonoTime now, BranchId id);
  void add_alternatives(BranchId id, std::vector<Hop> servers);
  void on_server_ended(MonoTime now);
  void cancel(MonoTime now);         // §16.10
  std::optional<Message> give_up();  // of no INVITE; what others have answered
  void on_timer(MonoTime now);

  Deadline next_wake() const;
  // All its transactions have ended (§16.7 step 9).
  bool is_done() const { return server_ended_ && branches_.empty() && finds_.empty(); }
  const Source& source() const { return source_; }

 private:
  struct Branch {
    BranchId id{};
    Target target;
    unsigned max_breadth = 0;
    bool has_provisional = false;
    bool is_final = false;
    bool is_success = false;    // its transaction goes on for further 2xx (RFC 6026)
    bool is_cancelled = false;  // that it should be
    bool has_cancel = false;    // that the CANCEL is out
    Deadline deadline;          // timer C, then that of the CANCEL; of INVITE
  };
  struct Find {
    FindId id{};
    Uri uri;
    bool is_responsible = false;
    std::size_t depth = 0;
    std::optional<Uri> redirected_by;  // an own user's phone
    std::string user;
    bool is_redirection = false;  // of a phone, here or elsewhere
    MonoTime deadline;
  };

  bool is_invite() const { return request_.method() == "INVITE"; }
  Branch* branch_of(BranchId id);
  void forget(BranchId id);
  std::size_t active_count() const;
  std::size_t breadth_left() const;
  Message own_response(unsigned status);

  void ask(MonoTime now, Find find);
  std::optional<Find> take_find(FindId id);
  void add_found(const Find& find, Found found);
  bool use_fallback();
  void advance(MonoTime now);
  void open_group();
  void start_ready(MonoTime now);
  void start(MonoTime now, Target target, unsigned max_breadth);
  void set_group_deadline(MonoTime now);
  void end_group(MonoTime now);

  void provisional(MonoTime now, Branch& branch, Message response);
  void success(MonoTime now, const Branch& branch, Message response);
  void failure_response(MonoTime now, Branch& branch, Message response, bool is_ours);
  bool is_device_elsewhere(const Target& target) const;
  bool try_alternative(const Branch& branch, unsigned status);
  bool follow(MonoTime now, const Branch& branch, Message& redirection);
  bool may_follow(const Branch& branch, const Uri& contact) const;
  void note_dialog(MonoTime now, const Branch& branch, const Message& response);
  std::optional<std::vector<NameAddr>> hidden_route(const Branch& branch, const Message& response) const;
  bool redirect(const Found& found);
  void keep(Message response, bool is_ours);

  void stop_asking();
  void cancel_branches(MonoTime now);
  void cancel_branch(MonoTime now, Branch& branch);
  void send_cancel(MonoTime now, Branch& branch);
  void on_branch_deadline(MonoTime now, BranchId id);
  void finish_if_over();
  void send_final(Message response, const Branch* of = nullptr);
  void send(Message response, const Branch* of = nullptr);

  Shared& shared_;
  ServerId server_;
  Message request_;
  std::string asked_;
  Source source_;
  bool by_token_ = false;
  bool is_responsible_ = false;
  unsigned incoming_breadth_ = 0;
  std::vector<Branch> branches_;
  std::vector<Find> finds_;
  TargetSet targets_;
  BestResponse best_;
  std::optional<Target> fallback_;  // the flow of a token, where the GRUU beside it is not known any more
  std::vector<Uri> asked_for_;      // the Request-URI and the Contacts that were followed
  Deadline group_deadline_;
  std::size_t started_ = 0;
  bool stopped_ = false;  // nobody else is asked
  bool cancelled_ = false;
  bool final_sent_ = false;
  bool server_ended_ = false;
};

// RFC 5393 §5.3.3: what the request says, up to what this proxy allows; what it allows where it says nothing.
unsigned incoming_max_breadth(const Message& request);

}  // namespace ringway::sip::proxy

// message: a text to a user's phones. mailbox: what waits for a user of this peer.
#include <CLI/CLI.hpp>

#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "ringway/v1/directory.grpc.pb.h"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

// A phone that is silent is waited for before its message is kept (docs/phones.md): longer than other calls
// take.
constexpr double k_message_timeout_s = 40;

struct MessageOptions {
  std::string to, as_user, content_type;
  std::optional<std::string> text;
  std::uint32_t lifetime_s = 0;
};
struct MailboxOptions {
  std::string as_user;
  std::uint32_t limit = 50;
  bool takes_away = false;
};

Session patient(const Session& session) {
  Session out = session;
  const bool is_as_ever = out.timeout_s == Session{.in = out.in, .out = out.out, .err = out.err}.timeout_s;
  if (is_as_ever) out.timeout_s = k_message_timeout_s;
  return out;
}

int send_message(const Session& session, const MessageOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::SendMessageRequest request;
  request.set_as_user(options.as_user);
  request.set_to(options.to);
  request.set_content_type(options.content_type);
  request.set_lifetime_s(options.lifetime_s);
  if (options.text) {
    request.set_body(*options.text);
  } else {
    request.set_body(std::string(std::istreambuf_iterator<char>(session.in), {}));
    if (session.in.bad()) return session.fail_reading("standard input");
  }
  v1::SendMessageResponse response;
  const auto context = patient(session).context();
  const auto status = v1::Directory::NewStub(channel)->SendMessage(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  const bool is_kept = response.outcome() == v1::SendMessageResponse::OUTCOME_KEPT;
  if (session.json)
    session.print({{"outcome", is_kept ? "kept" : "delivered"}, {"status", response.status()}});
  else if (is_kept)
    session.out << "kept: it is shown when " << printable(options.to) << " registers a phone\n";
  else
    session.out << "delivered\n";
  return k_exit_ok;
}

Json message_json(const v1::KeptMessage& message) {
  Json out = {{"id", message.id()},
              {"sender", message.sender()},
              {"sender_node", message.sender_node()},
              {"sent_ms", message.sent_ms()},
              {"until_ms", message.until_ms()},
              {"content_type", message.content_type()}};
  add_value(out, message.body());
  return out;
}

void print_messages(const Session& session, const v1::MailboxResponse& response) {
  for (const auto& each : response.messages())
    session.out << time_text(each.sent_ms()) << "  " << printable(each.sender()) << ": "
                << printable(each.body()) << '\n';
  const auto looked_at = static_cast<std::uint32_t>(response.messages_size()) + response.unopened();
  if (response.unopened() > 0)
    session.err << "ringway: " << response.unopened()
                << " more can only be opened by another device of the user\n";
  if (response.waiting() > looked_at)
    session.err << "ringway: there are " << response.waiting() - looked_at << " newer ones\n";
}

// First they are shown, then they go: whatever breaks in between, none is lost.
int mailbox(const Session& session, const MailboxOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  const auto stub = v1::Directory::NewStub(channel);
  v1::MailboxRequest request;
  request.set_as_user(options.as_user);
  request.set_limit(options.limit);
  v1::MailboxResponse shown;
  const auto context = session.context();
  if (const auto status = stub->Mailbox(context.get(), request, &shown); !status.ok())
    return session.fail(status, *context);
  Json messages = Json::array();
  for (const auto& each : shown.messages()) messages.push_back(message_json(each));
  if (!session.json) print_messages(session, shown);
  std::uint32_t taken_away = 0;
  if (options.takes_away && shown.messages_size() > 0) {
    session.out.flush();
    for (const auto& each : shown.messages()) request.add_take_away(each.id());
    request.set_limit(1);
    v1::MailboxResponse left;
    const auto again = session.context();
    if (const auto status = stub->Mailbox(again.get(), request, &left); !status.ok())
      return session.fail(status, *again);
    taken_away = left.taken_away();
  }
  if (session.json)
    session.print({{"messages", std::move(messages)},
                   {"waiting", shown.waiting()},
                   {"unopened", shown.unopened()},
                   {"taken_away", taken_away}});
  return k_exit_ok;
}

void add_user(CLI::App& command, std::string& user) {
  command
      .add_option(
          "--as", user,
          "This user, whose credentials the peer holds, if its policy lets us; the peer's own user if not "
          "given")
      ->check(utf8_text())
      ->type_name("USER");
}

}  // namespace

void add_message(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<MessageOptions>();
  auto* command =
      app.add_subcommand("message", "Send a text message to a user's phones, or have it kept for them");
  command->add_option("to", options->to, "sip:bob@example.org, bob@example.org")
      ->required()
      ->check(utf8_text());
  command->add_option("text", options->text, "The message; read from standard input if not given");
  command->add_option("--type", options->content_type, "What it is (text/plain if not given)")
      ->check(utf8_text())
      ->type_name("TYPE");
  command
      ->add_option("-l,--lifetime", options->lifetime_s,
                   "For how long it is of use: 90, 15m, 12h, 7d (a week if not given, and at most)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint32_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}))
      ->type_name("TIME");
  add_user(*command, options->as_user);
  command->callback([options, &session, &chosen] {
    chosen = [options, &session] { return send_message(session, *options); };
  });
}

void add_mailbox(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<MailboxOptions>();
  auto* command =
      app.add_subcommand("mailbox", "Show the messages that wait for a user of this peer, the oldest first");
  command->add_option("-n,--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  command->add_flag("--take-away", options->takes_away,
                    "What has been shown here is not shown by phones, nor here again");
  add_user(*command, options->as_user);
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return mailbox(session, *options); }; });
}

}  // namespace ringway::services

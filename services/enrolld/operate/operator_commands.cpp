#include "services/enrolld/operate/operator_commands.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "ringway/v1/enrollment.grpc.pb.h"
#include "services/enrolld/authority/secret_source.hpp"
#include "services/enrolld/operate/server_access.hpp"

namespace ringway::enrolld {

namespace {

constexpr std::uint32_t k_page_size = 1000;

using Access = std::shared_ptr<ServerAccess>;

struct InviteOptions {
  std::string user;
  std::uint32_t uses = 1;
  std::uint32_t valid_s = 7 * 86'400;
};

int invite(const ServerAccess& access, const InviteOptions& options) {
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  v1::InviteRequest request;
  request.set_user(options.user);
  request.set_uses(options.uses);
  request.set_valid_s(options.valid_s);
  grpc::ClientContext context;
  access.prepare(context);
  v1::InviteResponse response;
  const auto status = v1::Enrollment::NewStub(channel)->Invite(&context, request, &response);
  if (!status.ok()) return access.fail(status, context);
  if (access.json) {
    OutputJson json{{"token", response.token()},
                    {"id", response.id()},
                    {"expires_ms", response.expires_ms()},
                    {"uses", options.uses}};
    if (!options.user.empty()) json["user"] = options.user;
    access.print(json);
    return k_operator_done;
  }
  // Alone on its line, so that a script can take it.
  access.out << printable(response.token()) << '\n';
  access.err << "an invitation for " << (options.user.empty() ? "anybody" : printable(options.user))
             << ", good " << (options.uses == 1 ? "once" : std::to_string(options.uses) + " times")
             << " until " << time_text(response.expires_ms()) << "; it is shown this once\n"
             << "to take it back: "
             << printable(access.command_text({"ringway-enrolld", "withdraw", response.id()})) << '\n';
  return k_operator_done;
}

OutputJson invitation_json(const v1::Invitation& invitation) {
  OutputJson json{{"id", invitation.id()}};
  if (!invitation.user().empty()) json["user"] = invitation.user();
  json["uses_left"] = invitation.uses_left();
  json["made_ms"] = invitation.made_ms();
  json["expires_ms"] = invitation.expires_ms();
  return json;
}

void print_invitation(std::ostream& out, const v1::Invitation& invitation) {
  const auto uses = invitation.uses_left();
  out << printable(invitation.id()) << "  for "
      << (invitation.user().empty() ? "anybody" : printable(invitation.user())) << "  "
      << (uses == 0 ? "used up" : std::to_string(uses) + (uses == 1 ? " use" : " uses") + " left")
      << "  made " << time_text(invitation.made_ms()) << "  until " << time_text(invitation.expires_ms())
      << '\n';
}

int invitations(const ServerAccess& access, const std::string& user) {
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  const auto stub = v1::Enrollment::NewStub(channel);
  v1::ListInvitationsRequest request;
  request.set_user(user);
  request.set_page_size(k_page_size);
  OutputJson found = OutputJson::array();
  bool any = false;
  do {
    grpc::ClientContext context;
    access.prepare(context);
    v1::ListInvitationsResponse response;
    const auto status = stub->ListInvitations(&context, request, &response);
    if (!status.ok()) return access.fail(status, context);
    any = any || response.invitations_size() > 0;
    for (const auto& invitation : response.invitations()) {
      if (access.json) {
        found.push_back(invitation_json(invitation));
      } else {
        print_invitation(access.out, invitation);
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (access.json) access.print({{"invitations", std::move(found)}});
  if (!access.json && !any) access.err << "no invitation is open\n";
  return k_operator_done;
}

bool is_hex(const std::string& text, std::size_t digits) {
  return text.size() == digits && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

int withdraw(const ServerAccess& access, const std::string& id) {
  if (!is_hex(id, 16))
    return access.fail(k_operator_usage,
                       "an invitation's id has 16 hexadecimal digits, and is not its token; see: " +
                           access.command_text({"ringway-enrolld", "invitations"}));
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  v1::WithdrawInvitationRequest request;
  request.set_id(id);
  grpc::ClientContext context;
  access.prepare(context);
  v1::WithdrawInvitationResponse response;
  const auto status = v1::Enrollment::NewStub(channel)->WithdrawInvitation(&context, request, &response);
  if (!status.ok()) return access.fail(status, context);
  if (access.json) {
    access.print({{"id", id}});
  } else {
    access.out << "invitation " << printable(id) << " enrols nobody any more; who has come by it stays\n";
  }
  return k_operator_done;
}

// A Node-ID has 32 hex digits; every user name has an @ or begins with tel:.
bool is_node(const std::string& who) { return is_hex(who, 32); }
bool may_be_user(const std::string& who) {
  return who.find('@') != std::string::npos || who.starts_with("tel:");
}

int revoke(const ServerAccess& access, const std::string& who, const std::string& reason) {
  if (!is_node(who) && !may_be_user(who))
    return access.fail(
        k_operator_usage,
        who + ": a Node-ID has 32 hexadecimal digits, a user name has the form user@domain or tel:+digits");
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  v1::RevokeRequest request;
  if (is_node(who)) {
    request.set_node(who);
  } else {
    request.set_user(who);
  }
  request.set_reason(reason);
  grpc::ClientContext context;
  access.prepare(context);
  v1::RevokeResponse response;
  const auto status = v1::Enrollment::NewStub(channel)->Revoke(&context, request, &response);
  if (!status.ok()) return access.fail(status, context);
  if (access.json) {
    OutputJson nodes = OutputJson::array();
    for (const auto& node : response.nodes()) nodes.push_back(node);
    access.print(
        {{"nodes", std::move(nodes)}, {"configuration_sequence", response.configuration_sequence()}});
    return k_operator_done;
  }
  for (const auto& node : response.nodes()) access.out << "revoked " << printable(node) << '\n';
  if (response.nodes().empty()) {
    access.out << "no node was there; invitations and the password of that name are good no more\n";
    return k_operator_done;
  }
  access.out << "configuration " << response.configuration_sequence()
             << " shuts them out; the peers tell it to each other\n";
  return k_operator_done;
}

OutputJson device_json(const v1::Device& device) {
  return {{"node", device.node()},
          {"label", device.label()},
          {"issued_ms", device.issued_ms()},
          {"not_after_ms", device.not_after_ms()},
          {"revoked_ms", device.revoked_ms()},
          {"shut_out", device.shut_out()}};
}

void print_account(std::ostream& out, const v1::Account& account) {
  out << printable(account.user()) << ", since " << time_text(account.created_ms()) << '\n';
  for (const auto& device : account.devices()) {
    out << "  " << printable(device.node()) << "  "
        << (device.revoked_ms() == 0 ? "until " + time_text(device.not_after_ms())
                                     : "revoked " + time_text(device.revoked_ms()));
    if (device.revoked_ms() == 0 && device.shut_out()) out << "  shut out by the configuration document";
    if (!device.label().empty()) out << "  " << printable(device.label());
    out << '\n';
  }
}

// A user whose devices are on two pages is one user.
void add_json(OutputJson& accounts, const v1::Account& account) {
  if (accounts.empty() || accounts.back()["user"] != account.user()) {
    accounts.push_back(
        {{"user", account.user()}, {"created_ms", account.created_ms()}, {"devices", OutputJson::array()}});
  }
  for (const auto& device : account.devices()) accounts.back()["devices"].push_back(device_json(device));
}

int list(const ServerAccess& access, const std::string& user) {
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  const auto stub = v1::Enrollment::NewStub(channel);
  v1::ListRequest request;
  request.set_user(user);
  request.set_page_size(k_page_size);
  OutputJson accounts = OutputJson::array();
  bool any = false;
  do {
    grpc::ClientContext context;
    access.prepare(context);
    v1::ListResponse response;
    const auto status = stub->List(&context, request, &response);
    if (!status.ok()) return access.fail(status, context);
    any = any || response.accounts_size() > 0;
    for (const auto& account : response.accounts()) {
      if (access.json) {
        add_json(accounts, account);
      } else {
        print_account(access.out, account);
      }
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!any && !user.empty()) return access.fail(k_operator_not_found, "nobody is enrolled as " + user);
  if (access.json) access.print({{"accounts", std::move(accounts)}});
  if (!access.json && !any) access.err << "nobody is enrolled yet\n";
  return k_operator_done;
}

int set_password(const ServerAccess& access, const std::string& user, const SecretSource& source) {
  auto password = source.given() ? find_secret(source) : ask_for_new_secret(source);
  if (!password) return access.fail(k_operator_usage, password.error().reason);
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  v1::SetPasswordRequest request;
  request.set_user(user);
  request.set_password(std::string(password->reveal()));
  grpc::ClientContext context;
  access.prepare(context);
  v1::SetPasswordResponse response;
  const auto status = v1::Enrollment::NewStub(channel)->SetPassword(&context, request, &response);
  wipe(*request.mutable_password());
  if (!status.ok()) return access.fail(status, context);
  if (access.json) {
    access.print({{"user", user}});
  } else {
    access.out << printable(user) << " has this password now\n";
  }
  return k_operator_done;
}

int statistics(const ServerAccess& access, bool all) {
  const auto channel = access.channel();
  if (!channel) return k_operator_usage;
  grpc::ClientContext context;
  access.prepare(context);
  v1::StatisticsResponse response;
  const auto status = v1::Enrollment::NewStub(channel)->Statistics(&context, {}, &response);
  if (!status.ok()) return access.fail(status, context);
  if (access.json) {
    OutputJson counters = OutputJson::object();
    OutputJson gauges = OutputJson::object();
    for (const auto& one : response.counters()) counters[one.name()] = one.value();
    for (const auto& one : response.gauges()) gauges[one.name()] = one.value();
    access.print({{"counters", std::move(counters)}, {"gauges", std::move(gauges)}});
    return k_operator_done;
  }
  const auto print = [&](const char* title, const auto& measures) {
    access.out << title << '\n';
    for (const auto& one : measures) {
      if (all || one.value() != 0) access.out << "  " << printable(one.name()) << ' ' << one.value() << '\n';
    }
  };
  print("since the start", response.counters());
  print("now", response.gauges());
  return k_operator_done;
}

Access make_access(CLI::App& command, std::ostream& out, std::ostream& err) {
  auto access = std::make_shared<ServerAccess>(out, err);
  access->add_options(command);
  return access;
}

CLI::Validator duration() {
  return CLI::AsNumberWithUnit(
      std::map<std::string, std::uint32_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}});
}

void add_invite(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand("invite", "Make an invitation: a token that enrols whoever has it");
  const auto access = make_access(*command, out, err);
  const auto options = std::make_shared<InviteOptions>();
  command
      ->add_option("--user", options->user,
                   "Whom it is for; may be left out, for any free name, where names are proved by invitation "
                   "or password only")
      ->type_name("NAME");
  command->add_option("--uses", options->uses, "How many enrolments it is good for")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--valid", options->valid_s, "How long it is good: 90m, 12h, 7d, up to 365d")
      ->transform(duration())
      ->check(CLI::Range(1, 365 * 86'400))
      ->default_str("7d")
      ->type_name("TIME");
  command->footer(
      "The token alone goes to standard output:\n"
      "  ringway-enrolld invite --state state --user alice@example.org > token\n"
      "Its holder: ringway enroll alice@example.org --config-url https://... --invitation-file token");
  command->callback([=, &chosen] { chosen = [=] { return invite(*access, *options); }; });
}

void add_invitations(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand("invitations", "Show the invitations that have not expired");
  const auto access = make_access(*command, out, err);
  const auto user = std::make_shared<std::string>();
  command->add_option("user", *user, "Only those for this user");
  command->callback([=, &chosen] { chosen = [=] { return invitations(*access, *user); }; });
}

void add_withdraw(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand("withdraw", "Take an invitation back: nobody enrols with it any more");
  const auto access = make_access(*command, out, err);
  const auto id = std::make_shared<std::string>();
  command
      ->add_option("id", *id,
                   "Its id, as `ringway-enrolld invitations` shows it: 16 hex digits, not the token")
      ->required();
  command->callback([=, &chosen] { chosen = [=] { return withdraw(*access, *id); }; });
}

void add_revoke(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand(
      "revoke",
      "Shut a node, or all nodes of a user, out of the overlay, by the next configuration document");
  const auto access = make_access(*command, out, err);
  const auto who = std::make_shared<std::string>();
  const auto reason = std::make_shared<std::string>();
  command->add_option("who", *who, "A Node-ID of 32 hex digits, or a user's name")->required();
  command->add_option("--reason", *reason, "For the audit trail, at most 256 bytes")->type_name("TEXT");
  command->callback([=, &chosen] { chosen = [=] { return revoke(*access, *who, *reason); }; });
}

void add_list(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand("list", "Show users and their nodes");
  const auto access = make_access(*command, out, err);
  const auto user = std::make_shared<std::string>();
  command->add_option("user", *user, "Only this user");
  command->callback([=, &chosen] { chosen = [=] { return list(*access, *user); }; });
}

void add_set_password(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command = app.add_subcommand("set-password",
                                     "Give a name a password to enrol with; the one it had is good no more");
  const auto access = make_access(*command, out, err);
  const auto user = std::make_shared<std::string>();
  const auto source = std::make_shared<SecretSource>(
      SecretSource{"the new password", "--password-file", "", "RINGWAY_PASSWORD", true});
  command->add_option("user", *user, "The user's name")->required();
  command
      ->add_option(
          "--password-file", source->file,
          "File whose first line is the password; or the environment's RINGWAY_PASSWORD, or asked for")
      ->type_name("FILE");
  command->callback([=, &chosen] { chosen = [=] { return set_password(*access, *user, *source); }; });
}

void add_statistics(CLI::App& app, std::ostream& out, std::ostream& err, std::function<int()>& chosen) {
  auto* command =
      app.add_subcommand("statistics", "Show what the server has done and refused since its start");
  const auto access = make_access(*command, out, err);
  const auto all = std::make_shared<bool>(false);
  command->add_flag("--all", *all, "Also what is zero");
  command->callback([=, &chosen] { chosen = [=] { return statistics(*access, *all); }; });
}

}  // namespace

void add_operator_commands(CLI::App& app, std::ostream& out, std::ostream& err,
                           std::function<int()>& chosen) {
  for (const auto add :
       {add_invite, add_invitations, add_withdraw, add_revoke, add_list, add_set_password, add_statistics})
    add(app, out, err, chosen);
}

}  // namespace ringway::enrolld

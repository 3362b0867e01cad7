// register, unregister, resolve: where users can be called. call-log: who was.
#include <CLI/CLI.hpp>

#include <map>
#include <memory>
#include <string>

#include "ringway/v1/directory.grpc.pb.h"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

struct RegisterOptions {
  std::string as_user, forward_to, contact_prefs;
  std::uint32_t lifetime_s = 0;
  bool keep = false;
};

std::string copies_text(std::uint32_t copies, std::uint32_t wanted) {
  std::string out = std::to_string(copies) + (copies == 1 ? " copy" : " copies");
  if (copies < wanted)
    out += " of " + std::to_string(wanted) + " wanted (the ring has too few peers, or is mending)";
  return out;
}

int register_user(const Session& session, const RegisterOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::RegisterRequest request;
  request.set_as_user(options.as_user);
  request.set_forward_to(options.forward_to);
  request.set_contact_prefs(options.contact_prefs);
  request.set_lifetime_s(options.lifetime_s);
  request.set_keep(options.keep);
  v1::RegisterResponse response;
  const auto context = session.context();
  const auto status = v1::Directory::NewStub(channel)->Register(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    session.print({{"address", response.address()},
                   {"gruu", response.gruu()},
                   {"copies", response.copies()},
                   {"copies_wanted", response.copies_wanted()}});
    return k_exit_ok;
  }
  session.out << "registered " << printable(response.address()) << ": "
              << copies_text(response.copies(), response.copies_wanted()) << '\n';
  if (!response.gruu().empty()) session.out << "this device alone: " << printable(response.gruu()) << '\n';
  return k_exit_ok;
}

int unregister(const Session& session, const RegisterOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::UnregisterRequest request;
  request.set_as_user(options.as_user);
  v1::UnregisterResponse response;
  const auto context = session.context();
  const auto status = v1::Directory::NewStub(channel)->Unregister(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    session.print({{"address", response.address()},
                   {"copies", response.copies()},
                   {"copies_wanted", response.copies_wanted()}});
    return k_exit_ok;
  }
  session.out << "not registered any more: " << printable(response.address()) << '\n';
  return k_exit_ok;
}

const char* name_of(v1::SipScheme scheme) {
  switch (scheme) {
    case v1::SIP_SCHEME_EITHER:
      return "either";
    case v1::SIP_SCHEME_SIP:
      return "sip";
    case v1::SIP_SCHEME_SIPS:
      return "sips";
    default:
      return "neither";
  }
}

Json device_json(const v1::ResolvedDevice& device) {
  return {{"address", device.address()},
          {"registered_by", device.registered_by()},
          {"node", device.node()},
          {"gruu", device.gruu()},
          {"contact_prefs", device.contact_prefs()},
          {"scheme", name_of(device.scheme())},
          {"q_thousandths", device.q_thousandths()},
          {"expires_s", device.expires_s()},
          {"forwarded", device.forwarded()}};
}

// "3f…c1  bob@example.org, sips only, expires in 58m 2s"
void print_device(std::ostream& out, const v1::ResolvedDevice& device) {
  out << (device.node().empty() ? "(behind another peer)" : device.node()) << "  "
      << printable(device.address());
  if (device.scheme() != v1::SIP_SCHEME_EITHER) out << ", " << name_of(device.scheme()) << " only";
  if (device.forwarded() > 0)
    out << ", forwarded " << device.forwarded() << (device.forwarded() == 1 ? " time" : " times");
  if (!device.registered_by().empty()) out << ", expires in " << duration_text(device.expires_s());
  out << '\n';
}

int resolve(const Session& session, const std::string& address) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::ResolveRequest request;
  request.set_address(address);
  v1::ResolveResponse response;
  const auto context = session.context();
  const auto status = v1::Directory::NewStub(channel)->Resolve(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    Json devices = Json::array();
    for (const auto& device : response.devices()) devices.push_back(device_json(device));
    session.print({{"address", address},
                   {"devices", std::move(devices)},
                   {"cut_short", response.cut_short()},
                   {"unreadable", response.unreadable()}});
    return k_exit_ok;
  }
  for (const auto& device : response.devices()) print_device(session.out, device);
  if (response.unreadable() > 0)
    session.err << "ringway: " << response.unreadable()
                << " registrations were left out: they make no sense\n";
  if (response.cut_short()) session.err << "ringway: there are more than are looked at\n";
  return k_exit_ok;
}

struct CallLogOptions {
  std::string as_user;
  std::uint32_t limit = 50;
};

Json call_json(const v1::LoggedCall& call) {
  return {{"number", call.number()},     {"user", call.user()},         {"outgoing", call.outgoing()},
          {"other", call.other()},       {"began_ms", call.began_ms()}, {"answered_ms", call.answered_ms()},
          {"ended_ms", call.ended_ms()}, {"status", call.status()},     {"end_unknown", call.end_unknown()}};
}

// "answered, 3m 2s", "486"
std::string outcome_text(const v1::LoggedCall& call) {
  if (call.status() == 0 && call.end_unknown()) return "not answered as far as is known";
  if (call.status() == 0) return call.ended_ms() == 0 ? "ringing" : "not answered";
  if (call.answered_ms() == 0) return "not answered: " + std::to_string(call.status());
  if (call.end_unknown()) return "answered, its end is not known";
  if (call.ended_ms() == 0) return "answered";
  return "answered, " + duration_text((call.ended_ms() - call.answered_ms()) / 1000);
}

int call_log(const Session& session, const CallLogOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::CallLogRequest request;
  request.set_as_user(options.as_user);
  request.set_limit(options.limit);
  v1::CallLogResponse response;
  const auto context = session.context();
  const auto status = v1::Directory::NewStub(channel)->CallLog(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    Json calls = Json::array();
    for (const auto& call : response.calls()) calls.push_back(call_json(call));
    session.print({{"calls", std::move(calls)}});
    return k_exit_ok;
  }
  for (const auto& call : response.calls()) {
    session.out << time_text(call.began_ms()) << (call.outgoing() ? "  to    " : "  from  ")
                << printable(call.other()) << ", " << outcome_text(call) << '\n';
  }
  return k_exit_ok;
}

void add_user(CLI::App& command, RegisterOptions& options) {
  command
      .add_option(
          "--as", options.as_user,
          "This user, whose credentials the peer holds, if its policy lets us; the peer's own user if not "
          "given")
      ->check(utf8_text())
      ->type_name("USER");
}

}  // namespace

void add_register(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<RegisterOptions>();
  auto* command =
      app.add_subcommand("register", "Have a user's calls come to this peer, or to another address");
  command
      ->add_option("-t,--forward-to", options->forward_to,
                   "Have them come to this address instead: sip:sam@example.org, tel:+431")
      ->check(utf8_text())
      ->type_name("ADDRESS");
  command
      ->add_option("-c,--contact-prefs", options->contact_prefs,
                   "What the device can do, as RFC 2533 writes it: \"(sip.schemes=SIPS)\"")
      ->check(utf8_text())
      ->type_name("PREDICATE");
  command
      ->add_option("-l,--lifetime", options->lifetime_s,
                   "How long it lives: 90, 15m, 12h, 7d (an hour if not given)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint32_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}))
      ->type_name("TIME");
  command->add_flag("-k,--keep", options->keep,
                    "The peer registers again before the lifetime ends, until the user is unregistered");
  add_user(*command, *options);
  command->callback([options, &session, &chosen] {
    chosen = [options, &session] { return register_user(session, *options); };
  });
}

void add_unregister(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<RegisterOptions>();
  auto* command = app.add_subcommand("unregister", "Take back what this peer has registered for a user");
  add_user(*command, *options);
  command->callback([options, &session, &chosen] {
    chosen = [options, &session] { return unregister(session, *options); };
  });
}

void add_resolve(CLI::App& app, Session& session, Action& chosen) {
  auto address = std::make_shared<std::string>();
  auto* command = app.add_subcommand("resolve", "Show the devices that a call to an address rings");
  command->add_option("address", *address, "sip:bob@example.org, bob@example.org, tel:+431, or a GRUU")
      ->required()
      ->check(utf8_text());
  command->callback(
      [address, &session, &chosen] { chosen = [address, &session] { return resolve(session, *address); }; });
}

void add_call_log(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<CallLogOptions>();
  auto* command = app.add_subcommand("call-log", "Show the calls of a user of this peer, the newest first");
  command->add_option("-n,--limit", options->limit, "At most so many")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command
      ->add_option(
          "--as", options->as_user,
          "This user, whose credentials the peer holds, if its policy lets us; the peer's own user if not "
          "given")
      ->check(utf8_text())
      ->type_name("USER");
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return call_log(session, *options); }; });
}

}  // namespace ringway::services

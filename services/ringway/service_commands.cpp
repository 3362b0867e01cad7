// service register, service unregister, service find: who provides what in the overlay.
#include <CLI/CLI.hpp>

#include <map>
#include <memory>
#include <string>

#include "ringway/v1/services.grpc.pb.h"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

struct ServiceOptions {
  std::string service, key;
  std::uint32_t lifetime_s = 0;
};

int register_service(const Session& session, const ServiceOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::RegisterServiceRequest request;
  request.set_service(options.service);
  request.set_lifetime_s(options.lifetime_s);
  v1::RegisterServiceResponse response;
  const auto context = session.context();
  const auto status = v1::Services::NewStub(channel)->Register(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    session.print({{"service", options.service}, {"node", response.node()}, {"records", response.records()}});
    return k_exit_ok;
  }
  session.out << "this peer provides " << printable(options.service) << " as " << response.node() << '\n';
  return k_exit_ok;
}

int unregister_service(const Session& session, const ServiceOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::UnregisterServiceRequest request;
  request.set_service(options.service);
  v1::UnregisterServiceResponse response;
  const auto context = session.context();
  const auto status = v1::Services::NewStub(channel)->Unregister(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    session.print({{"service", options.service}});
  } else {
    session.out << "this peer does not provide " << printable(options.service) << " any more\n";
  }
  return k_exit_ok;
}

int find_service(const Session& session, const ServiceOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::FindServiceRequest request;
  request.set_service(options.service);
  request.set_key(options.key);
  v1::FindServiceResponse response;
  const auto context = session.context();
  const auto status = v1::Services::NewStub(channel)->Find(context.get(), request, &response);
  if (!status.ok()) return session.fail(status, *context);
  if (session.json) {
    Json providers = Json::array();
    for (const auto& provider : response.providers()) providers.push_back({{"node", provider.node()}});
    session.print(
        {{"service", options.service}, {"providers", std::move(providers)}, {"fetches", response.fetches()}});
    return k_exit_ok;
  }
  for (const auto& provider : response.providers()) session.out << provider.node() << '\n';
  return k_exit_ok;
}

using Run = int (*)(const Session&, const ServiceOptions&);

CLI::App* add_one(CLI::App& to, const char* name, const char* help,
                  const std::shared_ptr<ServiceOptions>& options, Session& session, Action& chosen, Run run) {
  auto* command = to.add_subcommand(name, help);
  command->add_option("service", options->service, "Its name: turn-server, voice-mail, or one of your own")
      ->required()
      ->check(utf8_text())
      ->type_name("NAME");
  command->callback([options, &session, &chosen, run] {
    chosen = [options, &session, run] { return run(session, *options); };
  });
  return command;
}

}  // namespace

void add_service(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<ServiceOptions>();
  auto* service = app.add_subcommand("service", "Provide services to the overlay, and find who does");
  service->require_subcommand(1);
  service->fallthrough();
  auto* registers = add_one(*service, "register", "This peer provides the service, until it leaves", options,
                            session, chosen, register_service);
  registers
      ->add_option(
          "-l,--lifetime", options->lifetime_s,
          "How long its records live without a refresh, at least 60s: 90, 15m, 1h (10 minutes if not "
          "given)")
      ->transform(CLI::AsNumberWithUnit(
          std::map<std::string, std::uint32_t>{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}}))
      ->type_name("TIME");
  add_one(*service, "unregister", "This peer does not provide the service any more", options, session, chosen,
          unregister_service);
  auto* finds = add_one(*service, "find", "Show who provides the service, the nearest one first", options,
                        session, chosen, find_service);
  finds
      ->add_option("-k,--key", options->key,
                   "Nearest behind this point of the ring, 32 hex digits; behind this peer if not given")
      ->check(utf8_text())
      ->type_name("NODE-ID");
}

}  // namespace ringway::services

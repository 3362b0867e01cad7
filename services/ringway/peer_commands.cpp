// status, ring, ping, leave.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <iomanip>
#include <memory>
#include <sstream>

#include "ringway/v1/peer.grpc.pb.h"
#include "services/ringway/commands.hpp"
#include "services/ringway/ring_picture.hpp"

namespace ringway::services {
namespace {

// Every field of a message of counters, by its name in the contract.
Json counters_json(const google::protobuf::Message& message) {
  Json out = Json::object();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    out[field->name()] = message.GetReflection()->GetUInt64(message, field);
  }
  return out;
}

Json task_json(const v1::UpkeepTask& task) {
  if (!task.on()) return {{"on", false}};
  return {{"on", true},
          {"succeeded", task.succeeded()},
          {"failed", task.failed()},
          {"last_ms", task.last_ms()},
          {"last_result", task.last_result()},
          {"failing", task.failing()},
          {"next_ms", task.next_ms()}};
}

Json phones_json(const v1::PhoneStatus& phones) {
  Json tables = Json::object();
  for (const auto& table : phones.tables())
    tables[table.name()] = {{"size", table.size()}, {"bound", table.bound()}};
  return {
      {"listening_on", std::vector<std::string>(phones.listening_on().begin(), phones.listening_on().end())},
      {"counters", counters_json(phones.counters())},
      {"tables", tables}};
}

Json relay_json(const v1::RelayStatus& relay) {
  return {
      {"listening_on", std::vector<std::string>(relay.listening_on().begin(), relay.listening_on().end())},
      {"draining", relay.draining()},
      {"counters", counters_json(relay.counters())}};
}

Json status_json(const v1::StatusResponse& status) {
  return {{"node", status.node()},
          {"user", status.user()},
          {"users_unverified", status.users_unverified()},
          {"namesakes", std::vector<std::string>(status.namesakes().begin(), status.namesakes().end())},
          {"overlay", status.overlay()},
          {"configuration_sequence", status.configuration_sequence()},
          {"configuration_expires_ms", status.configuration_expires_ms()},
          {"listening_on", status.listening_on()},
          {"uptime_s", status.uptime_s()},
          {"certificate_not_after_ms", status.certificate_not_after_ms()},
          {"phase", status.phase()},
          {"estimated_peers", status.estimated_peers()},
          {"version", status.version()},
          {"store", counters_json(status.store())},
          {"routing", counters_json(status.routing())},
          {"storage", counters_json(status.storage())},
          {"replication", counters_json(status.replication())},
          {"links", counters_json(status.links())},
          {"api", counters_json(status.api())},
          {"phones", status.has_phones() ? phones_json(status.phones()) : Json()},
          {"relay", status.has_relay() ? relay_json(status.relay()) : Json()},
          {"renewal", task_json(status.renewal())},
          {"configuration_poll", task_json(status.configuration_poll())}};
}

void print_counters(std::ostream& out, const char* title, const google::protobuf::Message& message) {
  out << title;
  std::size_t column = 0;
  const Json counters = counters_json(message);  // outlives the loop over its items
  for (const auto& [name, number] : counters.items()) {
    const bool moment = name.ends_with("_until_ms");
    if (moment && number == 0) continue;
    std::string label = moment ? name.substr(0, name.size() - 3) : name;
    std::replace(label.begin(), label.end(), '_', ' ');
    out << (column++ == 0 ? "" : ", ") << label << ' '
        << (moment ? time_text(number.get<std::uint64_t>()) : number.dump());
  }
  out << '\n';
}

std::string configuration_text(const v1::StatusResponse& status) {
  std::string text = "configuration " + std::to_string(status.configuration_sequence());
  if (status.configuration_expires_ms() != 0)
    text += " until " + time_text(status.configuration_expires_ms());
  return text;
}

std::string task_text(const v1::UpkeepTask& task, const char* off) {
  if (!task.on()) return off;
  std::string text = task.next_ms() == 0 ? "never again" : "next " + time_text(task.next_ms());
  text += ", " + std::to_string(task.succeeded()) + " times, " + std::to_string(task.failed()) + " in vain";
  if (task.last_ms() != 0)
    text += "; the last " + time_text(task.last_ms()) + ": " + printable(task.last_result());
  return text;
}

void print_status(const Session& session, const v1::StatusResponse& status) {
  auto& out = session.out;
  out << "node          " << status.node() << '\n'
      << "user          " << printable(status.user())
      << (status.users_unverified() ? " (names are not verified in this overlay)" : "") << '\n';
  for (const auto& node : status.namesakes()) out << "namesake      " << node << " has this user name, too\n";
  out << "overlay       " << printable(status.overlay()) << ", " << configuration_text(status) << '\n'
      << "phase         " << status.phase() << ", up " << duration_text(status.uptime_s()) << '\n';
  // Where nodes make their own credentials any peer begins the ring.
  if (status.phase() == "connecting" && !status.users_unverified())
    out << "hint          no peer found yet, ringwayd's log says where it looks; if this is the overlay's "
           "first peer: --first-peer\n";
  out << "listening on  " << status.listening_on() << '\n'
      << "certificate   until " << time_text(status.certificate_not_after_ms()) << '\n'
      << "renewal       " << task_text(status.renewal(), "not by itself") << '\n'
      << "document      " << task_text(status.configuration_poll(), "not looked for") << '\n'
      << "ring          about " << std::llround(status.estimated_peers()) << " peers\n"
      << "version       " << status.version() << '\n';
  print_counters(out, "store         ", status.store());
  print_counters(out, "routing       ", status.routing());
  print_counters(out, "storage       ", status.storage());
  print_counters(out, "replication   ", status.replication());
  print_counters(out, "links         ", status.links());
  print_counters(out, "API           ", status.api());
  for (const auto& each : status.relay().listening_on())
    out << "relay at      " << each << (status.relay().draining() ? ", takes no more clients\n" : "\n");
  if (status.has_relay()) print_counters(out, "relay         ", status.relay().counters());
  if (!status.has_phones()) return;
  for (const auto& each : status.phones().listening_on()) out << "phones at     " << each << '\n';
  print_counters(out, "phones        ", status.phones().counters());
}

int status(const Session& session) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::StatusResponse response;
  const auto context = session.context();
  const auto outcome = v1::Peer::NewStub(channel)->Status(context.get(), {}, &response);
  if (!outcome.ok()) return session.fail(outcome, *context);
  if (session.json) {
    session.print(status_json(response));
  } else {
    print_status(session, response);
  }
  return k_exit_ok;
}

template <typename List>
Json list_json(const List& list) {
  Json out = Json::array();
  for (const auto& item : list) out.push_back(item);
  return out;
}

Json ring_json(const v1::RingResponse& ring) {
  Json links = Json::array();
  for (const auto& link : ring.links()) {
    links.push_back({{"node", link.node()},
                     {"remote", link.remote()},
                     {"suspected", link.suspected()},
                     {"routable", link.routable()}});
  }
  return {{"node", ring.node()},
          {"user", ring.user()},
          {"overlay", ring.overlay()},
          {"listening_on", ring.listening_on()},
          {"joined", ring.joined()},
          {"phase", ring.phase()},
          {"predecessors", list_json(ring.predecessors())},
          {"successors", list_json(ring.successors())},
          {"fingers", list_json(ring.fingers())},
          {"links", std::move(links)},
          {"replicas", ring.replicas()},
          {"estimated_peers", ring.estimated_peers()},
          {"version", ring.version()}};
}

std::string remote_of(const v1::RingResponse& ring, const std::string& node) {
  for (const auto& link : ring.links()) {
    if (link.node() == node) return "  " + link.remote() + (link.suspected() ? "  (suspected)" : "");
  }
  return "  (no link)";
}

std::string picture_of(const v1::RingResponse& ring) {
  std::vector<RingPoint> points;
  for (const auto& link : ring.links()) points.push_back({link.node(), '+'});
  for (const auto& node : ring.fingers()) points.push_back({node, 'f'});
  // The nearest last, so that it is on top.
  for (int i = ring.predecessors_size(); i-- > 0;) points.push_back({ring.predecessors(i), 'p'});
  for (int i = ring.successors_size(); i-- > 0;) points.push_back({ring.successors(i), 's'});
  points.push_back({ring.node(), '@'});
  return ring_picture(points);
}

void print_ring(const Session& session, const v1::RingResponse& ring) {
  auto& out = session.out;
  out << printable(ring.overlay()) << ": this peer is " << ring.phase() << ", about "
      << std::llround(ring.estimated_peers()) << " peers\n\n"
      << picture_of(ring)
      << "\n  @ this peer   p predecessors   s successors   f fingers   + other links\n\n";
  for (int i = ring.predecessors_size(); i-- > 0;) {
    out << "  predecessor " << i + 1 << "  " << ring.predecessors(i) << remote_of(ring, ring.predecessors(i))
        << '\n';
  }
  out << "@ this peer      " << ring.node() << "  " << ring.listening_on() << "  " << printable(ring.user())
      << '\n';
  for (int i = 0; i < ring.successors_size(); ++i) {
    out << "  successor " << i + 1 << "    " << ring.successors(i) << remote_of(ring, ring.successors(i))
        << '\n';
  }
  out << ring.fingers_size() << " fingers, " << ring.links_size() << " links, every value on this peer and "
      << ring.replicas() << " more\n";
}

int ring(const Session& session) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::RingResponse response;
  const auto context = session.context();
  const auto outcome = v1::Peer::NewStub(channel)->Ring(context.get(), {}, &response);
  if (!outcome.ok()) return session.fail(outcome, *context);
  if (session.json) {
    session.print(ring_json(response));
  } else {
    print_ring(session, response);
  }
  return k_exit_ok;
}

struct PingOptions {
  std::string node, key, resource;
};

int ping(const Session& session, const PingOptions& options) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::PingRequest request;
  if (!options.node.empty()) request.set_node(options.node);
  if (!options.key.empty()) request.set_key(options.key);
  if (!options.resource.empty()) request.set_resource(options.resource);
  v1::PingResponse response;
  const auto context = session.context();
  const auto outcome = v1::Peer::NewStub(channel)->Ping(context.get(), request, &response);
  if (!outcome.ok()) return session.fail(outcome, *context);
  if (session.json) {
    session.print({{"responder", response.responder()},
                   {"response_id", response.response_id()},
                   {"responder_time_ms", response.responder_time_ms()},
                   {"round_trip_ms", response.round_trip_ms()}});
  } else {
    session.out << response.responder() << " answered in " << std::fixed << std::setprecision(2)
                << response.round_trip_ms() << " ms, its time is " << time_text(response.responder_time_ms())
                << '\n';
  }
  return k_exit_ok;
}

int leave(const Session& session) {
  const auto channel = session.channel();
  if (!channel) return k_exit_usage;
  v1::LeaveResponse response;
  const auto context = session.context();
  const auto outcome = v1::Peer::NewStub(channel)->Leave(context.get(), {}, &response);
  if (!outcome.ok()) return session.fail(outcome, *context);
  if (session.json) {
    session.print({{"left", true}});
  } else {
    session.out << "the peer has left the ring\n";
  }
  return k_exit_ok;
}

}  // namespace

void add_status(CLI::App& app, Session& session, Action& chosen) {
  app.add_subcommand("status", "Show who the peer is, its phase and its counters")
      ->callback([&session, &chosen] { chosen = [&session] { return status(session); }; });
}

void add_ring(CLI::App& app, Session& session, Action& chosen) {
  app.add_subcommand("ring", "Show the peer's neighbours, drawn as a ring")->callback([&session, &chosen] {
    chosen = [&session] { return ring(session); };
  });
}

void add_ping(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<PingOptions>();
  auto* command =
      app.add_subcommand("ping", "Send a RELOAD Ping through the overlay and measure the round trip");
  auto* whom = command->add_option_group("whom");
  whom->add_option("node", options->node, "A Node-ID, 32 hex digits")->check(utf8_text());
  whom->add_option("-k,--key", options->key, "Whoever is responsible for this key")->check(utf8_text());
  whom->add_option("-r,--resource", options->resource,
                   "Whoever is responsible for this Resource-ID, 32 hex digits")
      ->check(utf8_text());
  whom->require_option(1);
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return ping(session, *options); }; });
}

void add_leave(CLI::App& app, Session& session, Action& chosen) {
  app.add_subcommand("leave", "Make the peer hand over what it holds, leave the ring and stop")
      ->callback([&session, &chosen] { chosen = [&session] { return leave(session); }; });
}

}  // namespace ringway::services

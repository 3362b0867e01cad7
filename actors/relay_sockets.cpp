#include "actors/relay_sockets.hpp"

#include <utility>

#include "actors/system_random.hpp"
#include "net/relay/relay_path.hpp"

namespace ringway::actors {
namespace {

class PathSockets : public RelaySockets {
 public:
  PathSockets(RelayFoundation below, std::unique_ptr<net::relay::RelayPath> path,
              std::vector<net::relay::RelayedFrom> relayed_from)
      : below_(std::move(below)), path_(std::move(path)), relayed_from_(std::move(relayed_from)) {}

  void start() override { path_->start(); }
  void stop() override { path_->stop(); }
  void perform(relay::Output output) override { path_->perform(std::move(output)); }
  void handled(const relay::ClientPath& from, std::size_t messages) override {
    path_->handled(from, messages);
  }

  RelayTraffic traffic() const override {
    RelayTraffic out;
    for (std::size_t thread = 0; thread < path_->threads(); ++thread) {
      const auto& each = path_->counters(thread);
      const auto not_passed = [&each](relay::Passed why) {
        return each.not_passed.at(static_cast<std::size_t>(why)).get();
      };
      out.packets_to_peers += each.packets_to_peers.get();
      out.bytes_to_peers += each.bytes_to_peers.get();
      out.packets_to_clients += each.packets_to_clients.get();
      out.bytes_to_clients += each.bytes_to_clients.get();
      out.bindings += each.bindings.get();
      out.bindings_dropped += each.bindings_dropped.get();
      out.errors_told += each.errors_told.get();
      out.not_sent += each.not_sent.get();
      out.control_dropped += each.control_dropped.get();
      out.no_allocation += each.no_allocation.get();
      out.streams_refused += each.streams_refused.get();
      out.malformed += not_passed(relay::Passed::malformed);
      out.no_channel += not_passed(relay::Passed::no_channel);
      out.no_permission += not_passed(relay::Passed::no_permission);
      out.over_rate += not_passed(relay::Passed::over_rate);
    }
    return out;
  }

  std::vector<stun::IpAddress> own_addresses() const override { return path_->own_addresses(); }

  std::vector<std::string> listening_on() const override {
    std::vector<std::string> out;
    const auto add = [&out](const char* transport, const std::vector<stun::Address>& addresses) {
      for (const auto& each : addresses) out.push_back(transport + stun::to_text(each));
    };
    add("udp:", path_->listening_udp());
    add("tcp:", path_->listening_tcp());
    add("tls:", path_->listening_tls());
    return out;
  }

  std::optional<wire::IpAddressPort> reached_at() const override {
    for (const auto& from : relayed_from_)
      for (const auto& each : path_->listening_udp())
        if (each.ip == from.local) return stun::to_wire({from.external, each.port});
    return std::nullopt;
  }

 private:
  const RelayFoundation below_;  // outlives the path
  const std::unique_ptr<net::relay::RelayPath> path_;
  const std::vector<net::relay::RelayedFrom> relayed_from_;
};

}  // namespace

Result<RelayFoundation> RelayFoundation::lay(const RelaySettings& settings) {
  RelayFoundation out;
  net::relay::RelaySettings sockets = settings.sockets;
  if (!settings.secrets.certificates_pem.empty()) {
    auto made = RelayCertificate::make(settings.secrets.private_key_pem, settings.secrets.certificates_pem);
    if (!made) return Failure{"the relay's certificate: " + made.error().reason};
    out.certificate = *std::move(made);
    sockets.tls_context = out.certificate->listening();
  }
  out.bridge = std::make_shared<RelayBridge>();
  auto path =
      net::relay::RelayPath::open(sockets, *out.bridge, [] { return std::make_unique<SystemRandom>(); });
  if (!path) return Failure{"the relay: " + path.error().reason};
  RelayFoundation below = out;
  out.sockets = std::make_shared<PathSockets>(std::move(below), *std::move(path), sockets.relayed_from);
  return out;
}

}  // namespace ringway::actors

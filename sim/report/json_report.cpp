#include "sim/report/json_report.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

namespace ringway::sim {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Samples& samples) {
  return {{"mean", samples.mean()},
          {"p50", samples.percentile(0.5)},
          {"p99", samples.percentile(0.99)},
          {"max", samples.maximum()}};
}

Json json_of(const Tally& tally) { return {{"ok", tally.ok}, {"total", tally.total}}; }

// JSON's numbers are not sure to keep 64 bits.
std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

Json json_of(const Report::Broken& broken) {
  Json json{{"seed", broken.seed},
            {"law", name_of(broken.violation.law)},
            {"virtual_ms", broken.violation.time_ms},
            {"line", broken.violation.line},
            {"what", broken.violation.what}};
  if (broken.violation.peer) json["peer"] = *broken.violation.peer;
  return json;
}

}  // namespace

std::string json_of(const Report& report) {
  const Measurements& measured = report.measured;
  Json json;
  json["scenario"] = report.scenario;
  json["seed"] = report.first_seed;
  json["runs"] = report.runs;
  json["crypto"] = report.crypto;
  if (!report.ring.empty()) json["ring"] = report.ring;
  json["peers"] = measured.peers;
  json["virtual_s"] = measured.virtual_s;
  json["trace"] = hexadecimal(report.trace.hash());
  json["wall_s"] = report.wall_s;
  json["events"] = measured.events;
  json["hops"] = json_of(measured.hops);
  json["latency_ms"] = json_of(measured.latency_ms);
  json["lookups"] = json_of(measured.lookups);
  json["puts"] = json_of(measured.puts);
  json["gets"] = json_of(measured.gets);
  json["values"] = {{"acknowledged", measured.values_acknowledged}, {"excused", measured.values_excused}};
  json["traffic"] = {{"bytes_per_peer_s", measured.upkeep_bytes_per_peer_s},
                     {"messages_per_peer_minute", measured.upkeep_messages_per_peer_minute},
                     {"messages_per_lookup", measured.messages_per_lookup}};
  json["load"] = json_of(measured.load);
  json["violations"] = Json::array();
  for (const auto& broken : report.violations) json["violations"].push_back(json_of(broken));
  if (!report.shortest.empty()) json["shortest"] = report.shortest;
  return json.dump(2) + "\n";
}

void add(Measurements& all, Measurements one) {
  all.peers = one.peers;
  all.virtual_s += one.virtual_s;
  all.events += one.events;
  for (const auto samples : {&Measurements::hops, &Measurements::latency_ms, &Measurements::load,
                             &Measurements::traffic_bytes_per_s})
    for (const double value : (one.*samples).values()) (all.*samples).add(value);
  for (const auto tally : {&Measurements::lookups, &Measurements::puts, &Measurements::gets}) {
    (all.*tally).ok += (one.*tally).ok;
    (all.*tally).total += (one.*tally).total;
  }
  all.values_acknowledged += one.values_acknowledged;
  all.values_excused += one.values_excused;
  all.upkeep_bytes_per_peer_s = one.upkeep_bytes_per_peer_s;
  all.messages_per_lookup = one.messages_per_lookup;
  all.upkeep_messages_per_peer_minute = one.upkeep_messages_per_peer_minute;
}

}  // namespace ringway::sim

// decode: RELOAD bytes to JSON, and --verify.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "reload/config/configuration.hpp"
#include "services/decode/decoder.hpp"
#include "services/decode/names.hpp"
#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

struct DecodeOptions {
  bool verify = false;
  std::vector<std::string> ca_files;
  std::string frame_file, config_file, at, resource;
};

Result<std::vector<SharedBytes>> read_roots(const std::vector<std::string>& files) {
  std::vector<SharedBytes> roots;
  for (const auto& path : files) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_file(path.c_str(), "r"), &BIO_free);
    if (!bio) return Failure{"cannot read " + path};
    const auto before = roots.size();
    for (;;) {
      const std::unique_ptr<X509, decltype(&X509_free)> certificate(
          PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), &X509_free);
      if (!certificate) break;
      Bytes der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
      unsigned char* end = der.data();
      i2d_X509(certificate.get(), &end);
      roots.emplace_back(std::move(der));
    }
    if (roots.size() == before) return Failure{path + " holds no PEM certificate"};
  }
  return roots;
}

WallMs wall_now_ms() {
  using namespace std::chrono;
  return static_cast<WallMs>(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

// RFC 3339 without fractions: 2026-11-21T01:24:00Z or …+01:00.
Result<WallMs> parse_time(const std::string& text) {
  std::tm parts{};
  const char* end = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S%z", &parts);
  if (end == nullptr || *end != '\0') {
    return Failure{"'" + text + "' is no time like 2026-11-21T01:24:00Z (--at)"};
  }
  const long offset_s = parts.tm_gmtoff;  // timegm() forgets it
  return static_cast<WallMs>(::timegm(&parts) - offset_s) * 1000;
}

Result<ResourceId> parse_resource(const std::string& text) {
  Bytes bytes;
  if (!from_hex(text, bytes) || bytes.size() != k_node_id_size_bytes) {
    return Failure{"a Resource-ID has 32 hex digits (--resource)"};
  }
  return as_resource(ring_id_from(bytes));
}

struct DecodeInputs {
  config::Kinds kinds = well_known_kinds();
  VerifySettings verify;
};

Outcome<> add_configuration(const std::string& path, DecodeInputs& to) {
  auto text = read_file(path);
  if (!text) return text.error();
  const auto configuration = config::parse_configuration(SharedBytes(copy_of(view_of(*text))), "");
  if (!configuration) return Failure{path + ": " + configuration.error().reason};
  for (const auto& [kind, definition] : (*configuration)->kinds.all()) to.kinds.add(definition);
  to.verify.trust = (*configuration)->trust_settings();
  return Done{};
}

Result<DecodeInputs> inputs_of(const DecodeOptions& options) {
  DecodeInputs inputs;
  inputs.verify.at_ms = wall_now_ms();
  if (!options.config_file.empty()) {
    if (const auto added = add_configuration(options.config_file, inputs); !added) return added.error();
  }
  auto roots = read_roots(options.ca_files);
  if (!roots) return roots.error();
  auto& trusted = inputs.verify.trust.root_certificates_der;
  trusted.insert(trusted.end(), roots->begin(), roots->end());
  if (options.verify && trusted.empty() && !inputs.verify.trust.self_signed_permitted) {
    return Failure{"--verify needs the overlay's roots: --ca FILE, or --config FILE that lists them"};
  }
  if (!options.at.empty()) {
    const auto at = parse_time(options.at);
    if (!at) return at.error();
    inputs.verify.at_ms = *at;
  }
  if (!options.resource.empty()) {
    const auto resource = parse_resource(options.resource);
    if (!resource) return resource.error();
    inputs.verify.fetch_resource = *resource;
  }
  return inputs;
}

int decode_frames(const Session& session, Decoder& decoder, const std::string& path) {
  const auto print = [&session](const Json& line) { session.print(line); };
  if (path == "-") {
    errno = 0;
    decoder.frames(session.in, print);
    return session.in.bad() ? session.fail_reading("standard input") : k_exit_ok;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return session.fail(k_exit_usage, "cannot read " + path);
  errno = 0;
  decoder.frames(file, print);
  return file.bad() ? session.fail_reading(path) : k_exit_ok;
}

int decode(const Session& session, const DecodeOptions& options) {
  auto inputs = inputs_of(options);
  if (!inputs) return session.fail(k_exit_usage, inputs.error().reason);
  std::optional<VerifySettings> verify;
  if (options.verify) verify = std::move(inputs->verify);
  Decoder decoder(std::move(inputs->kinds), std::move(verify));
  if (!options.frame_file.empty()) return decode_frames(session, decoder, options.frame_file);
  errno = 0;
  for (std::string line; std::getline(session.in, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    session.print(decoder.hex_line(line));
    session.out.flush();
  }
  return session.in.bad() ? session.fail_reading("standard input") : k_exit_ok;
}

}  // namespace

void add_decode(CLI::App& app, Session& session, Action& chosen) {
  auto options = std::make_shared<DecodeOptions>();
  auto* command = app.add_subcommand(
      "decode",
      "Show RELOAD messages as JSON: hex on standard input, one message a line, one line of JSON for each");
  command
      ->add_option("--frame", options->frame_file,
                   "Read framed bytes from this file instead, - for standard input")
      ->type_name("FILE");
  command->add_flag(
      "--verify", options->verify,
      "Check the signatures of message and values, add \"verified\" and, when false, \"reason\"");
  command->add_option("--ca", options->ca_files, "The overlay's root certificates, PEM; may be repeated")
      ->type_name("FILE");
  command->add_option("--config", options->config_file, "The overlay's configuration: more Kinds and roots")
      ->type_name("FILE");
  command
      ->add_option("--at", options->at, "Check certificates against this time, not now: 2026-11-21T01:24:00Z")
      ->type_name("TIME");
  command
      ->add_option("--resource", options->resource,
                   "The Resource-ID that fetch answers are about, 32 hex digits")
      ->type_name("HEX");
  command->footer(
      "What cannot be decoded becomes {\"error\": reason, \"offset\": byte} on its line; the exit code stays "
      "0.");
  command->callback(
      [options, &session, &chosen] { chosen = [options, &session] { return decode(session, *options); }; });
}

}  // namespace ringway::services

// What `ringway-enrolld serve` can be told: by flag, by environment variable (RINGWAY_ENROLLD_...) or in a
// TOML file, in this order of precedence. Reading and cross-checking only; no file but the settings file is
// opened here. Secrets are in files or in the environment: everyone on the machine sees flags.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "reload/wire/bodies.hpp"
#include "services/enrolld/authority/secret_source.hpp"
#include "services/enrolld/folder/keyring.hpp"
#include "services/enrolld/proofs/mail_sender.hpp"
#include "services/enrolld/records/record_types.hpp"
#include "services/enrolld/registrar/registrar_types.hpp"

namespace ringway::enrolld {

// What `ringway-enrolld serve` exits with.
enum ServeExit : int {
  k_serve_stopped = 0,      // as asked
  k_serve_not_started = 1,  // an address is taken, the database cannot be reached, ...
  k_serve_usage = 2,        // settings or the authority's folder are not acceptable
  k_serve_cut_short = 130,  // a second signal while stopping
};

struct ServeSettings {
  std::string directory;  // the authority's
  std::string state = "/var/lib/ringway-enrolld";
  std::string database;  // empty: records.sqlite in the state folder
  std::string code_key_file;
  std::size_t database_connections = 8;

  std::string https = "0.0.0.0:443";
  std::string https_certificate, https_key;
  std::string public_url;  // empty: https:// and the overlay's name
  std::string grpc;        // empty: no gRPC but on the operators' socket
  std::string grpc_certificate, grpc_key;
  std::string grpc_public;  // empty: the host of the public URL and the port of --grpc
  std::vector<std::string> operators;
  std::vector<std::string> push_to;  // peers that get each new document, besides its bootstrap nodes

  std::vector<std::string> proofs{"invitation"};
  std::string smtp, smtp_user, smtp_ca_file, mail_from, mail_from_name;
  std::string webhook, webhook_ca_file;
  std::vector<std::string> foreign_roots;  // PEM files
  SecretSource smtp_password{"the mail server's password", "--smtp-password-file", "",
                             "RINGWAY_ENROLLD_SMTP_PASSWORD", false};
  SecretSource webhook_secret{"the webhook's secret", "--webhook-secret-file", "",
                              "RINGWAY_ENROLLD_WEBHOOK_SECRET", false};
  KeySources keys;

  double certificate_days = 365;
  std::int64_t proof_minutes = 30;
  Limits limits;
  std::size_t connections_per_address = 64;
  std::size_t workers = 16;

  std::string log_level = "info";
  std::string log_format = "text";
  std::string ready_file;

  // Derived by parse_serve_settings().
  std::set<Method> methods;
  wire::IpAddressPort https_address;
  std::optional<wire::IpAddressPort> grpc_address;
  std::vector<wire::IpAddressPort> push_addresses;
  std::set<std::string> operator_names;    // spelt as in certificates
  std::set<Digest> operator_fingerprints;  // SHA-256 of a certificate

  std::string database_or_file() const { return database.empty() ? state + "/records.sqlite" : database; }
  std::string operator_socket() const { return state + "/operator.sock"; }
};

// smtp://HOST[:PORT] (STARTTLS) or smtps://HOST[:PORT], without user and path.
struct SmtpPlace {
  std::string host;
  std::uint16_t port = 0;
  SmtpServer::Tls tls = SmtpServer::Tls::starttls;
};
std::optional<SmtpPlace> read_smtp_url(const std::string& url);

// `argv` starts with the program's name. Nothing when there is nothing to run: help was printed, or an error;
// `exit_code` says which.
std::optional<ServeSettings> parse_serve_settings(int argc, const char* const* argv, std::ostream& out,
                                                  std::ostream& err, int& exit_code);

}  // namespace ringway::enrolld

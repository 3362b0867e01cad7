#include "services/enrolld/issue/server_records.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <utility>

#include "reload/config/configuration.hpp"
#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/issue/served_mark.hpp"
#include "services/options/shell_words.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_source = "ringway-enrolld issue";  // in the audit trail
constexpr const char* k_way_out = "; --without-records issues all the same, and the name may be somebody's";

WallMs wall_now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<WallMs>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

Digest digest_of(const services::Key& key) {
  const Bytes info = services::public_key_info_der(key);
  Digest out{};
  SHA256(info.data(), info.size(), out.data());
  return out;
}

// To be typed into a shell: a user name may have characters that mean something there.
std::string invitation_for(const std::string& user) {
  return services::command_text({"ringway-enrolld", "invite", "--user", user});
}

std::string cannot_ask(const std::string& where, const Failure& failure) {
  return "the server's records (" + where + ") cannot be asked: " + failure.reason +
         "; if a server is using them, stop it, or let it enrol";
}

Failure taken(const std::string& user) {
  return {user +
          " is enrolled at the server already, or a name is that differs in upper and lower case alone "
          "(ringway-enrolld list). Another node for the same user comes by " +
          invitation_for(user)};
}

Failure refusal(Verdict verdict, const std::string& user) {
  switch (verdict) {
    case Verdict::name_taken:
      return taken(user);
    case Verdict::account_blocked:
      return {
          user +
          " is blocked in the server's records, or was issued from another copy of this folder: nobody gets "
          "that name"};
    default:
      return {user + " cannot be issued beside what the server's records say: " + name_of(verdict)};
  }
}

class ServerRecords final : public IssueRecords {
 public:
  ServerRecords(std::unique_ptr<Records> records, std::string where)
      : records_(std::move(records)), where_(std::move(where)) {}

  Outcome<> check(const Wanted& wanted) override {
    if (wanted.renew) {
      const auto device = device_of(wanted);
      if (!device) return device.error();
      if (*device) return may_renew(**device, wanted);
    }
    const auto account = records_->find_account(wanted.user_name);
    if (!account) return trouble(account.error(), wanted);
    if (!*account) return Done{};
    return refusal((*account)->blocked_ms ? Verdict::account_blocked : Verdict::name_taken, wanted.user_name);
  }

  Result<Kept> keep(const Wanted& wanted, const Certify& certify) override {
    const Sign sign = [&](const Device& device) -> Result<Certificate> {
      const auto made = certify(device.nodes);
      if (!made) return made.error();
      const auto& certificate = *made->certificate;
      return Certificate{copy_of(certificate.der()), made->serial_hex, now_ms_, certificate.not_after_ms()};
    };
    if (!wanted.renew) return enrol(wanted, wanted.nodes, false, sign);
    const auto device = device_of(wanted);
    if (!device) return device.error();
    // Issued before there were records: they learn of it now.
    if (!*device) return enrol(wanted, wanted.nodes, false, sign);
    if (auto good = may_renew(**device, wanted); !good) return Kept{{}, good.error()};
    if (!(*device)->revoked_ms) return renew(wanted, **device, sign);
    // Who was shut out comes back with other Node-IDs.
    std::vector<NodeId> fresh;
    while (fresh.size() < wanted.nodes.size()) {
      const auto node = services::random_node_id();
      if (!node) return node.error();
      fresh.push_back(*node);
    }
    return enrol(wanted, fresh, true, sign);
  }

 private:
  Result<std::optional<Device>> device_of(const Wanted& wanted) {
    auto device = records_->find_device(wanted.nodes.front());
    if (!device) return trouble(device.error(), wanted);
    return device;
  }

  static Outcome<> may_renew(const Device& device, const Wanted& wanted) {
    if (device.user_name != wanted.user_name)
      return Failure{"Node-ID " + wanted.nodes.front().hex() + " is " + device.user_name +
                     "'s in the server's records"};
    if (!device.revoked_ms && device.nodes.size() != wanted.nodes.size())
      return Failure{wanted.user_name + " has " + std::to_string(device.nodes.size()) +
                     " Node-IDs in the server's records, and keeps as many"};
    return Done{};
  }

  Result<Kept> enrol(const Wanted& wanted, const std::vector<NodeId>& nodes, bool again, const Sign& sign) {
    EnrolRequest request;
    request.proof = FolderProof{again};
    request.user_name = wanted.user_name;
    request.key = digest_of(wanted.key);
    request.nodes = nodes;
    request.quota_nodes = static_cast<std::uint32_t>(nodes.size());
    request.source = k_source;
    request.now_ms = now_ms_;
    return told(records_->enrol(request, sign), wanted);
  }

  Result<Kept> renew(const Wanted& wanted, const Device& device, const Sign& sign) {
    RenewRequest request;
    request.node = device.nodes.front();
    request.held_key = device.key;
    request.new_key = digest_of(wanted.key);
    request.from_folder = true;
    request.source = k_source;
    request.now_ms = now_ms_;
    return told(records_->renew(request, sign), wanted);
  }

  Result<Kept> told(Result<Enrolled> enrolled, const Wanted& wanted) const {
    if (!enrolled) return trouble(enrolled.error(), wanted);
    if (!made_certificate(enrolled->verdict) || !enrolled->device)
      return Kept{{}, refusal(enrolled->verdict, wanted.user_name)};
    return Kept{std::move(enrolled->device->nodes), {}};
  }

  Failure trouble(const Failure& failure, const Wanted& wanted) const {
    return {cannot_ask(where_, failure) + ": " + invitation_for(wanted.user_name)};
  }

  const std::unique_ptr<Records> records_;
  const std::string where_;  // for people: no address, which may hold a password
  const WallMs now_ms_ = wall_now_ms();
};

// Renewed, a root's certificate keeps its key; made anew, the overlay has another one.
Result<std::set<Bytes>> root_keys(const config::Configuration& configuration) {
  std::set<Bytes> out;
  for (const SharedBytes& der : configuration.root_certificates_der) {
    const std::uint8_t* at = der.view().data();
    const std::unique_ptr<X509, decltype(&::X509_free)> root(
        d2i_X509(nullptr, &at, static_cast<long>(der.size())), ::X509_free);
    unsigned char* encoded = nullptr;
    const int size = root ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(root.get()), &encoded) : -1;
    if (size <= 0) return Failure{"a root certificate in a document cannot be read"};
    out.emplace(encoded, encoded + size);
    OPENSSL_free(encoded);
  }
  return out;
}

// Whoever mixes up two state folders, or two authorities of one name, gives a name of the wrong overlay.
Outcome<> check_overlay(Records& records, const std::string& directory) {
  const auto newest = records.newest_document();
  if (!newest) return newest.error();
  // A server publishes a document before it gives the first name: others would let every name pass.
  if (!*newest) return Failure{"no server has served from them yet"};
  const auto own = read_document(directory);
  if (!own) return own.error();
  const auto configuration = config::parse_configuration(SharedBytes(*own), "");
  if (!configuration) return configuration.error();
  const auto theirs =
      config::parse_configuration(SharedBytes((*newest)->bytes), (*configuration)->instance_name);
  if (!theirs) return Failure{"they are not of this overlay: " + theirs.error().reason};
  const auto own_roots = root_keys(**configuration), their_roots = root_keys(**theirs);
  if (!own_roots) return own_roots.error();
  if (!their_roots) return their_roots.error();
  const auto is_ours = [&](const Bytes& key) { return own_roots->contains(key); };
  if (std::none_of(their_roots->begin(), their_roots->end(), is_ours))
    return Failure{"they are not of this overlay: its document has another root"};
  return Done{};
}

std::string listed(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& one : all) out += out.empty() ? one : ", " + one;
  return out;
}

// The database to ask, empty where no server enrols. What the folder knows of must all be asked: who names
// other records, or only some of them, would give a name twice.
Result<std::string> database_to_ask(const std::string& directory, const std::string& named) {
  const auto marked = read_served_mark(directory);
  if (!marked) return marked.error();
  if (marked->empty()) return named;
  if (marked->size() > 1)
    return Failure{"more than one set of records gave the names of this folder (" + listed(*marked) +
                   "): take those that hold no names out of " + directory + k_served_mark + k_way_out};
  const std::string& one = marked->front();
  if (named.empty() && one != k_postgres_records) return one;
  if (named.empty())
    return Failure{
        std::string("a server with a PostgreSQL database gives the names of this folder: name it with "
                    "--database, or let the server enrol: ringway-enrolld invite") +
        k_way_out};
  if (marked_as(named) != one)
    return Failure{"the server of this folder keeps other records (" + one +
                   ") than those that --database or "
                   "RINGWAY_ENROLLD_DATABASE names (" +
                   marked_as(named) + ")" + k_way_out};
  return named;
}

}  // namespace

Result<std::unique_ptr<IssueRecords>> open_server_records(const std::string& directory,
                                                          const std::string& database,
                                                          const RecordsOptions& given) {
  const auto to_ask = database_to_ask(directory, database);
  if (!to_ask) return to_ask.error();
  if (to_ask->empty()) return std::unique_ptr<IssueRecords>();
  RecordsOptions options = given;
  options.database = *to_ask;
  const bool is_file = options.database.find("://") == std::string::npos;
  const std::string where = is_file ? options.database : "PostgreSQL";
  // Never made here: empty ones would let every name pass.
  if (is_file && !exists(options.database))
    return Failure{"a server gives the names of this folder, and its records are not here (" + where +
                   "): issue where they are, or name them with --database" + k_way_out};
  auto records = Records::open(options);
  if (!records) return Failure{cannot_ask(where, records.error()) + k_way_out};
  if (auto good = check_overlay(**records, directory); !good)
    return Failure{"the server's records (" + where + "): " + good.error().reason};
  return std::unique_ptr<IssueRecords>(std::make_unique<ServerRecords>(std::move(*records), where));
}

}  // namespace ringway::enrolld

#include "services/enroll_client/credentials_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "reload/security/signer.hpp"
#include "services/enrolld/folder/files.hpp"

namespace ringway::services {

namespace {

using enrolld::Access;

constexpr const char* k_pending = "pending";
constexpr const char* k_complete = "complete";
constexpr const char* k_key = "node.key";
constexpr const char* k_state = "enrolment.json";
// The key last: without it there are no credentials.
constexpr std::array k_credentials{"overlay.xml", "enrollment.json", "node.crt", k_key};
// Of a renewal that the credentials before have left behind; its pair would be taken for the newer one.
constexpr std::array k_left_by_renewal{"node.crt.next", "node.key.next"};

Failure failed(const std::string& what, const std::string& path) {
  return {what + " " + path + ": " + std::strerror(errno)};
}

// False when it was there.
Result<bool> make_private_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  return failed("cannot make", path);
}

Result<bool> make_folders(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::absolute(path, error).parent_path();
  if (!error) std::filesystem::create_directories(parent, error);
  if (error) return Failure{"cannot make " + path + ": " + error.message()};
  return make_private_folder(path);
}

// Who can write there could put a key of his own in the place of ours.
Outcome<> check_private(const std::string& path) {
  struct ::stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed("cannot use", path);
  if ((status.st_mode & 022U) == 0) return Done{};
  return Failure{"others may write to " + path + ": take another folder, or chmod go-w it"};
}

Outcome<> remove_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return Failure{"cannot remove " + path + ": " + error.message()};
  return Done{};
}

// What was renamed in it outlives a loss of power.
void sync_folder(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

Result<PendingEnrolment> read_state(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  PendingEnrolment out;
  if (!json.is_object()) return Failure{"it is no JSON object"};
  for (const auto& [name, into] : {std::pair{"user", &out.user},
                                   {"overlay", &out.overlay},
                                   {"proof", &out.proof},
                                   {"grpc", &out.grpc},
                                   {"enrolment", &out.enrolment},
                                   {"instruction", &out.instruction}}) {
    if (!json.contains(name) || !json[name].is_string()) return Failure{std::string("it has no ") + name};
    *into = json[name].get<std::string>();
  }
  if (json.contains("expires_ms") && json["expires_ms"].is_number_unsigned())
    out.expires_ms = json["expires_ms"].get<WallMs>();
  return out;
}

std::string write_state(const PendingEnrolment& pending) {
  const nlohmann::ordered_json json{{"user", pending.user},
                                    {"overlay", pending.overlay},
                                    {"proof", pending.proof},
                                    {"grpc", pending.grpc},
                                    {"enrolment", pending.enrolment},
                                    {"instruction", pending.instruction},
                                    {"expires_ms", pending.expires_ms}};
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<CredentialsFolder> CredentialsFolder::open(const std::string& path) {
  const auto made = make_folders(path);
  if (!made) return made.error();
  if (auto good = check_private(path); !good) return good.error();
  const int lock = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock < 0) return failed("cannot open", path);
  CredentialsFolder folder(path, lock, *made);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Failure{"another enrolment into " + path + " is under way"};
    return failed("cannot lock", path);
  }
  if (enrolld::exists(folder.file(k_complete))) {
    if (auto moved = folder.move_complete(); !moved) return moved.error();
  }
  return folder;
}

CredentialsFolder::CredentialsFolder(CredentialsFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)), made_(other.made_) {}

CredentialsFolder::~CredentialsFolder() {
  if (lock_ < 0) return;
  if (made_) ::rmdir(path_.c_str());  // stays when something is in it
  ::close(lock_);
}

bool CredentialsFolder::has_credentials() const { return enrolld::exists(file(k_key)); }

// The newest pair first: a renewal that was cut short (services/upkeep/credential_files.hpp) has left the
// server with its key, not with the one before.
std::optional<PresentCredentials> CredentialsFolder::credentials() const {
  constexpr std::array pairs{std::pair{"node.key.next", "node.crt.next"}, std::pair{k_key, "node.crt.next"},
                             std::pair{k_key, "node.crt"}};
  for (const auto& [key_name, certificate_name] : pairs) {
    if (!enrolld::exists(file(key_name)) || !enrolld::exists(file(certificate_name))) continue;
    auto key = enrolld::read_file(file(key_name));
    const auto certificates = enrolld::read_file(file(certificate_name));
    if (!key || !certificates) continue;
    auto secret = enrolld::Secret::take(*key);
    if (const auto signer = security::load_signer(secret.reveal(), *certificates))
      return PresentCredentials{std::move(secret), (*signer)->certificate()};
  }
  return std::nullopt;
}

Result<std::optional<PendingEnrolment>> CredentialsFolder::pending() const {
  const std::string folder = file(k_pending) + "/";
  if (!enrolld::exists(folder + k_state)) return std::optional<PendingEnrolment>();
  const auto text = enrolld::read_file(folder + k_state);
  if (!text) return text.error();
  auto state = read_state(*text);
  if (!state) return Failure{folder + k_state + ": " + state.error().reason};
  auto key = enrolld::read_file(folder + k_key);
  if (!key) return key.error();
  state->private_key_pem = enrolld::Secret::take(*key);
  return std::optional<PendingEnrolment>(std::move(*state));
}

Outcome<> CredentialsFolder::keep(const PendingEnrolment& pending) const {
  const std::string folder = file(k_pending);
  if (auto made = make_private_folder(folder); !made) return made.error();
  std::string key(pending.private_key_pem.reveal());
  const auto kept = enrolld::write_file(folder + "/" + k_key, key, Access::owner_only);
  enrolld::wipe(key);
  if (!kept) return kept.error();
  return enrolld::write_file(folder + "/" + k_state, write_state(pending), Access::owner_only);
}

Outcome<> CredentialsFolder::forget_pending() const { return remove_folder(file(k_pending)); }

Outcome<> CredentialsFolder::finish(const CredentialTexts& texts) const {
  const std::string folder = file(k_pending) + "/";
  for (const auto& [name, text] : {std::pair{"node.crt", &texts.node_crt},
                                   {"overlay.xml", &texts.overlay_xml},
                                   {"enrollment.json", &texts.enrollment_json}}) {
    if (auto written = enrolld::write_file(folder + name, *text, Access::everyone); !written)
      return written.error();
  }
  if (::rename(file(k_pending).c_str(), file(k_complete).c_str()) != 0)
    return failed("cannot write", file(k_complete));
  sync_folder(path_);
  return move_complete();
}

Outcome<> CredentialsFolder::move_complete() const {
  for (const char* name : k_left_by_renewal) {
    if (::unlink(file(name).c_str()) != 0 && errno != ENOENT) return failed("cannot remove", file(name));
  }
  for (const char* name : k_credentials) {
    const std::string from = file(k_complete) + "/" + name;
    if (::rename(from.c_str(), file(name).c_str()) != 0 && errno != ENOENT)
      return failed("cannot write", file(name));
  }
  sync_folder(path_);
  return remove_folder(file(k_complete));
}

}  // namespace ringway::services

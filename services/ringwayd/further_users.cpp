#include "services/ringwayd/further_users.hpp"

#include <algorithm>
#include <filesystem>
#include <mutex>
#include <utility>

#include "reload/data/user_signers.hpp"
#include "reload/security/trust.hpp"
#include "services/upkeep/credential_files.hpp"

namespace ringway::services {
namespace {

namespace fs = std::filesystem;

bool holds_credentials(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / "node.key", ignored);
}

// The folders of single users, in the order of their names.
Result<std::vector<std::string>> users_in(const std::string& folder) {
  if (holds_credentials(folder)) return std::vector{folder};
  std::vector<std::string> out;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (holds_credentials(at->path())) out.push_back(at->path().string());
    if (out.size() > data::k_max_further_users) {
      return Failure{folder + ": a peer holds the credentials of at most " +
                     std::to_string(data::k_max_further_users) + " further users"};
    }
  }
  if (failed) return Failure{"cannot read " + folder + ": " + failed.message()};
  if (out.empty()) {
    return Failure{folder +
                   " holds no node.key and node.crt of a user, and no folder that does (`ringway-enrolld "
                   "issue` writes them)"};
  }
  std::sort(out.begin(), out.end());
  return out;
}

Result<FurtherUser> load_user(const std::string& folder, const Credentials& peer,
                              const security::Trust& trust, WallMs now_ms) {
  FurtherUser out;
  out.folder = folder;
  auto pair = CredentialFiles(folder).load();
  if (!pair) return pair.error();
  const auto signer = security::load_signer(pair->private_key_pem, pair->certificates_pem);
  if (!signer) return Failure{folder + ": node.key and node.crt: " + signer.error().reason};
  auto enrollment = read_enrollment_file(folder);
  if (!enrollment) return enrollment.error();
  out.enrollment = enrollment->value_or(EnrollmentServer{});
  const auto& certificate = *(*signer)->certificate();
  out.user = certificate.user_name();
  out.node = (*signer)->node_id();
  out.not_valid_now = !certificate.valid_at(now_ms);
  // The document that is used instead of an expired one may have other roots.
  if (!out.not_valid_now && !peer.configuration->expired_at(now_ms)) {
    const auto trusted = trust.check(certificate, (*signer)->chain_der(), now_ms);
    if (!trusted) return Failure{folder + "/node.crt is not of this overlay: " + trusted.error().reason};
  }
  out.credentials = {std::move(pair->private_key_pem), std::move(pair->certificates_pem)};
  out.key_readable_by_others = readable_by_others(folder + "/node.key");
  return out;
}

}  // namespace

Result<std::vector<FurtherUser>> load_further_users(const std::vector<std::string>& folders,
                                                    const Credentials& peer, WallMs now_ms) {
  const auto trust = security::Trust::make(peer.configuration->trust_settings());
  if (!trust) return trust.error();
  std::vector<FurtherUser> out;
  for (const std::string& folder : folders) {
    const auto found = users_in(folder);
    if (!found) return found.error();
    for (const std::string& one : *found) {
      auto user = load_user(one, peer, **trust, now_ms);
      if (!user) return user.error();
      out.push_back(std::move(*user));
    }
  }
  return out;
}

namespace {

// Counts the peers' answers, which come from their threads; the last one is passed on.
struct Answers {
  std::mutex mutex;
  std::size_t missing = 0;
  std::optional<std::string> refusal;
  std::function<void(std::optional<std::string>)> done;

  void take(std::optional<std::string> answer) {
    {
      const std::scoped_lock lock(mutex);
      if (answer && !refusal) refusal = std::move(answer);
      if (--missing > 0) return;
    }
    done(std::move(refusal));
  }
};

}  // namespace

void UsersInUse::renew(std::size_t user, actors::UserCredentials renewed, const Peers& peers,
                       std::function<void(std::optional<std::string>)> done) {
  users_.at(user) = std::move(renewed);
  if (peers.empty()) return done(std::nullopt);
  const auto answers = std::make_shared<Answers>();
  answers->missing = peers.size();
  answers->done = std::move(done);
  for (const auto& peer : peers)
    peer->use_users(users_,
                    [answers](std::optional<std::string> answer) { answers->take(std::move(answer)); });
}

}  // namespace ringway::services

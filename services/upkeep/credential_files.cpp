#include "services/upkeep/credential_files.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "reload/security/signer.hpp"
#include "services/enroll_client/signing_request.hpp"
#include "services/enrolld/folder/files.hpp"

namespace ringway::services {
namespace {

constexpr const char* k_key = "node.key";
constexpr const char* k_certificate = "node.crt";
constexpr const char* k_next_key = "node.key.next";
constexpr const char* k_next_certificate = "node.crt.next";

// Nothing when the two do not fit.
security::CertificatePtr certificate_of(const std::string& key_path, const std::string& certificates_pem) {
  auto key = enrolld::read_file(key_path);
  if (!key) return nullptr;
  const auto signer = security::load_signer(*key, certificates_pem);
  enrolld::wipe(*key);
  return signer ? (*signer)->certificate() : nullptr;
}

bool fit(const std::string& key_path, const std::string& certificates_pem) {
  return certificate_of(key_path, certificates_pem) != nullptr;
}

Outcome<> move_file(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) == 0) return Done{};
  return Failure{"cannot put " + from + " in the place of " + to + ": " + std::strerror(errno)};
}

}  // namespace

Result<KeyAndCertificate> CredentialFiles::load() const {
  const auto lock = enrolld::FolderLock::try_take(folder_);
  if (!lock) return lock.error();
  // A peer may start while an enrolment waits for its proof.
  if (*lock) {
    if (auto recovered = recover(); !recovered) return recovered.error();
  }
  auto key = enrolld::read_file(path(k_key));
  if (!key) return key.error();
  auto certificates = enrolld::read_file(path(k_certificate));
  if (!certificates) return certificates.error();
  if (const auto signer = security::load_signer(*key, *certificates); !signer)
    return Failure{
        folder_ + ": node.key and node.crt: " + signer.error().reason +
        (*lock ? "" : "; an enrolment into this folder is under way: start again when it has ended")};
  return KeyAndCertificate{std::move(*key), std::move(*certificates)};
}

// The key goes first: without its certificate it is of no use to anyone, so whoever finds it alone knows what
// has happened.
Outcome<> CredentialFiles::recover() const {
  if (!enrolld::exists(path(k_next_certificate))) return Done{};
  const auto next = enrolld::read_file(path(k_next_certificate));
  if (!next) return next.error();
  if (fit(path(k_next_key), *next)) {
    if (auto moved = move_file(path(k_next_key), path(k_key)); !moved) return moved;
    enrolld::sync_folder(folder_);
  } else if (!fit(path(k_key), *next)) {
    // Of neither key: from an operator who has put other credentials here meanwhile.
    ::unlink(path(k_next_certificate).c_str());
    return Done{};
  }
  if (auto moved = move_file(path(k_next_certificate), path(k_certificate)); !moved) return moved;
  enrolld::sync_folder(folder_);
  return Done{};
}

Result<enrolld::Secret> CredentialFiles::next_key() const {
  if (enrolld::exists(path(k_next_key))) {
    auto kept = enrolld::read_file(path(k_next_key));
    if (!kept) return kept.error();
    return enrolld::Secret::take(*kept);
  }
  auto made = make_node_key();
  if (!made) return made.error();
  std::string text(made->reveal());
  const auto written = enrolld::write_file(path(k_next_key), text, enrolld::Access::owner_only);
  enrolld::wipe(text);
  if (!written) return written.error();
  return std::move(*made);
}

Outcome<> CredentialFiles::exchange(const std::string& certificates_pem) const {
  const auto lock = enrolld::FolderLock::try_take(folder_);
  if (!lock) return lock.error();
  if (!*lock) return Failure{"an enrolment into " + folder_ + " is under way"};
  const auto next = certificate_of(path(k_next_key), certificates_pem);
  if (!next) return Failure{"the certificate is not for the key in " + path(k_next_key)};
  const auto present_pem = enrolld::read_file(path(k_certificate));
  const auto present = present_pem ? certificate_of(path(k_key), *present_pem) : nullptr;
  if (present && present->node_ids() != next->node_ids())
    return Failure{folder_ + " has another node's credentials now: start the peer again"};
  const auto written =
      enrolld::write_file(path(k_next_certificate), certificates_pem, enrolld::Access::everyone);
  if (!written) return written;
  return recover();
}

}  // namespace ringway::services

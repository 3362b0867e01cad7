// Records on either database, empty at the start of each test, and the values that the tests fill them with.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/enrolld/records/records.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/records/postgres_server.hpp"

namespace ringway::enrolld {

inline constexpr WallMs k_now_ms = 1'800'000'000'000;
inline constexpr WallMs k_day_ms = 86'400'000;

inline Digest digest(unsigned number) {
  Digest out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  out[31] = 0xaa;
  return out;
}
inline PendingId pending_id(unsigned number) {
  PendingId out{};
  for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}
inline NodeId node(unsigned number) {
  NodeId out;
  for (std::size_t i = 0; i < 4; ++i) out.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  out.bytes[0] = 0x40;
  return out;
}

inline Pending pending(unsigned number, const std::string& user_name) {
  Pending out;
  out.id = pending_id(number);
  out.user_name = user_name;
  out.method = "mail";
  out.source = "192.0.2.1";
  out.code = digest(1000 + number);
  out.link = digest(2000 + number);
  out.csr = {1, 2, 3, 0, 255};
  out.key = digest(number);
  out.attempts_left = 3;
  out.begun_ms = k_now_ms;
  out.expires_ms = k_now_ms + 3'600'000;
  return out;
}

// The key and the Node-ID have the same number.
inline EnrolRequest request(unsigned number, const std::string& user_name, Proof proof = OwnerProof{}) {
  EnrolRequest out;
  out.proof = proof;
  out.user_name = user_name;
  out.key = digest(number);
  out.nodes = {node(number)};
  out.quota_nodes = 5;
  out.source = "192.0.2.1";
  out.now_ms = k_now_ms;
  return out;
}

inline Revocation revocation(WallMs now_ms = k_now_ms) { return {"stolen", "operator", now_ms}; }

// Signs for one day from `now_ms`, each time with another serial number.
inline Sign signer(WallMs now_ms = k_now_ms) {
  return [now_ms](const Device& device) -> Result<Certificate> {
    static std::atomic<unsigned> serial{0};
    const std::string text = device.user_name + " " + device.nodes.at(0).hex();
    return Certificate{copy_of(view_of(text)), std::to_string(++serial), now_ms, now_ms + k_day_ms};
  };
}

class RecordsTest : public testing::TestWithParam<const char*> {
 protected:
  RecordsTest() {
    options_.database =
        on_postgres() ? PostgresServer::shared().new_database() : folder_.file("records.sqlite");
  }
  static bool on_postgres() { return GetParam() == std::string("postgres"); }

  std::unique_ptr<Records> open_another() const {
    auto opened = Records::open(options_);
    if (!opened) throw std::runtime_error(opened.error().reason);
    return std::move(*opened);
  }
  Records& records() {
    if (!records_) records_ = open_another();
    return *records_;
  }

  Verdict enrol(const EnrolRequest& wanted) {
    return records().enrol(wanted, signer(wanted.now_ms)).value().verdict;
  }
  Device device(unsigned number) { return records().find_device(node(number)).value().value(); }
  bool has_device(unsigned number) { return records().find_device(node(number)).value().has_value(); }
  bool has_account(const std::string& user_name) {
    return records().find_account(user_name).value().has_value();
  }
  std::uint32_t attempts_left(unsigned number) {
    return records().find_pending(pending_id(number)).value().value().pending.attempts_left;
  }
  std::vector<std::string> events() {
    std::vector<std::string> out;
    const auto found = records().audit_trail(0, 1000).value();
    for (const auto& entry : found) out.insert(out.begin(), entry.event);
    return out;
  }

  const services::TemporaryFolder folder_;
  RecordsOptions options_;

 private:
  std::unique_ptr<Records> records_;
};

inline const auto k_both = testing::Values("sqlite", "postgres");
inline std::string database_name(const testing::TestParamInfo<const char*>& info) { return info.param; }

}  // namespace ringway::enrolld

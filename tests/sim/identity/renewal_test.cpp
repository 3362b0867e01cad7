// A certificate is renewed while its peer runs (RFC 6940 §8, §11.3).
#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "tests/sim/overlay.hpp"

namespace ringway::sim {
namespace {

using std::chrono::hours;
constexpr Duration k_hour{3'600'000};

// Five peers; the certificate of one ends after two hours.
class Renewal : public testing::Test {
 protected:
  Renewal() : simulation(settings()) {
    EXPECT_TRUE(simulation.grow(4)) << simulation.ring_fault();
    renewing = simulation.add_peer(std::nullopt, hours{2});
    simulation.start(renewing);
    EXPECT_TRUE(forms_ring(simulation));
  }
  static SimulationSettings settings() {
    auto settings = settings_of(701);
    settings.configure = [](auto& values) {
      values.max_message_size_bytes = 65'536;
      for (const KindId id : {config::k_certificate_by_node, config::k_certificate_by_user}) {
        auto kind = *config::iana_kind(id);
        kind.max_count = 8;
        kind.max_size_bytes = 4096;
        values.kinds.add(kind);
      }
    };
    return settings;
  }
  bool put(const std::string& key, std::string_view value,
           std::uint32_t lifetime_s = data::k_default_lifetime_s) {
    data::PutCall call;
    call.key = key;
    call.value = copy_of(view_of(value));
    call.lifetime_s = lifetime_s;
    return std::holds_alternative<data::PutResult>(simulation.call(renewing, call));
  }
  std::string get(const std::string& key) {
    const auto got = simulation.call(0, data::GetCall{key, std::nullopt});
    const auto* result = std::get_if<data::GetResult>(&got);
    return result == nullptr || result->entries.empty() ? "" : std::string(text_of(result->entries[0].value));
  }
  std::size_t certificates() {
    auto answer = std::make_shared<std::optional<data::CertificatesFound>>();
    simulation.peer(0).find_certificates(simulation.peer(renewing).node_id(),
                                         [answer](auto found) { *answer = std::move(found); });
    EXPECT_TRUE(simulation.run_until([&] { return answer->has_value(); }, Duration{60'000}));
    return answer->has_value() ? (*answer)->certificates.size() : 0;
  }
  Simulation simulation;
  PeerNumber renewing = 0;
};

TEST_F(Renewal, BothAreGoodAndNothingIsLostWhenTheOldOneEnds) {
  // Shows: SEC-38, CERT-04.
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(put("user4@example.org/" + std::to_string(i), std::to_string(i)));
  ASSERT_TRUE(put("user4@example.org/removed", "x"));
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(
      simulation.call(renewing, data::RemoveCall{"user4@example.org/removed", "", {}})));
  simulation.run_for(k_hour);
  EXPECT_EQ(certificates(), 1U);
  simulation.renew(renewing);
  simulation.run_for(Duration{30'000});
  EXPECT_EQ(certificates(), 2U);
  EXPECT_EQ(simulation.peer(renewing).storage().statistics().values_signed_again, 50U);
  EXPECT_EQ(get("user4@example.org/7"), "7");
  ASSERT_TRUE(put("user4@example.org/later", "later"));
  simulation.run_for(2 * k_hour);
  EXPECT_EQ(certificates(), 1U);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(get("user4@example.org/" + std::to_string(i)), std::to_string(i)) << "value " << i;
  EXPECT_EQ(get("user4@example.org/later"), "later");
  EXPECT_EQ(get("user4@example.org/removed"), "");
  EXPECT_TRUE(simulation.is_one_ring(3)) << simulation.ring_fault(3);
}

TEST_F(Renewal, WhatWasPutBeforeARestartIsSignedAgainToo) {
  // Shows: SEC-38.
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(put("user4@example.org/" + std::to_string(i), std::to_string(i)));
  ASSERT_TRUE(put("user4@example.org/soon", "over before the certificate", 600));
  ASSERT_TRUE(put("user4@example.org/removed", "x"));
  ASSERT_TRUE(std::holds_alternative<data::PutResult>(
      simulation.call(renewing, data::RemoveCall{"user4@example.org/removed", "", {}})));
  simulation.kill(renewing);
  simulation.run_for(Duration{60'000});
  simulation.restart(renewing);
  ASSERT_TRUE(forms_ring(simulation));
  simulation.renew(renewing);
  simulation.run_for(Duration{120'000});
  EXPECT_EQ(simulation.peer(renewing).storage().statistics().values_signed_again, 10U);
  simulation.run_for(3 * k_hour);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(get("user4@example.org/" + std::to_string(i)), std::to_string(i)) << "value " << i;
  EXPECT_EQ(get("user4@example.org/removed"), "");
}

TEST_F(Renewal, WithoutItWhatTheCertificateSignedEnds) {
  // Shows: SEC-17.
  ASSERT_TRUE(put("user4@example.org/x", "x"));
  simulation.run_for(3 * k_hour);
  EXPECT_EQ(get("user4@example.org/x"), "");
}

}  // namespace
}  // namespace ringway::sim

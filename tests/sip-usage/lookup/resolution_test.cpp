// From an address to devices: what is asked, what is followed, where it ends.
#include "sip-usage/lookup/resolution.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "sip-usage/registration/gruu.hpp"
#include "sip-usage/registration/sip_registration.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::sip {
namespace {

using ringway::test::node_id;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr MonoTime k_start{1'000};
const std::string k_own = "overlay.example.org";

Bytes at_node(const NodeId& node, std::string prefs = {}) {
  return wire::encode(registration_of_node(node, std::move(prefs)));
}
Bytes at_address(std::string uri) { return wire::encode(SipRegistration{UriRegistration{std::move(uri)}}); }
FetchedRegistration entry(std::uint8_t key, Bytes value, std::uint32_t lifetime_s = 60) {
  return {node_id(key), std::move(value), lifetime_s};
}
FetchedRegistration device(std::uint8_t node, std::string prefs = {}) {
  return entry(node, at_node(node_id(node), std::move(prefs)));
}

// A world that answers: what is registered in the overlay and what is in DNS, each answered in the order of
// the questions or in the reverse order.
struct World {
  std::map<std::string, std::vector<FetchedRegistration>> overlay;
  std::map<std::string, std::vector<DnsTarget>> dns;
  ResolutionSettings settings;
  bool backwards = false;
  std::vector<std::string> asked;  // "overlay name", "dns name"

  World() { settings.overlay_name = k_own; }

  void answer(Resolution& resolution) {
    for (auto outputs = resolution.take_outputs(); !outputs.empty(); outputs = resolution.take_outputs()) {
      if (backwards) std::reverse(outputs.begin(), outputs.end());
      for (const auto& output : outputs) {
        if (const auto* fetch = std::get_if<FetchRegistrations>(&output)) {
          asked.push_back("overlay " + fetch->aor.name());
          resolution.fetched(fetch->number, overlay[fetch->aor.name()]);
        } else if (const auto* ask = std::get_if<AskDns>(&output)) {
          asked.push_back("dns " + ask->aor.name());
          resolution.found_in_dns(ask->number, dns[std::string(ask->aor.domain())]);
        }
      }
    }
  }
  ResolutionResult resolve(const std::string& uri) {
    asked.clear();
    Resolution resolution(settings, k_start, uri);
    answer(resolution);
    EXPECT_TRUE(resolution.done());
    EXPECT_EQ(resolution.next_deadline(), std::nullopt);
    return resolution.result();
  }
  ResolutionError error_of(const std::string& uri) {
    const auto result = resolve(uri);
    EXPECT_FALSE(result.ok());
    return result ? ResolutionError{} : result.error().error;
  }
};

std::vector<NodeId> nodes_of(const ResolutionResult& result) {
  std::vector<NodeId> out;
  if (!result) return out;
  for (const Device& one : result->devices)
    out.push_back(std::get<wire::NodeDestination>(one.route.back()).node);
  return out;
}

TEST(Resolutions, FindAllDevicesOfAUser) {
  // Shows: SIP-03, SIP-13, SIP-14.
  World world;
  world.overlay["bob@overlay.example.org"] = {device(0x22),
                                              entry(0x11, at_node(node_id(0x11), "(sip.schemes=SIPS)"), 7)};
  const auto result = world.resolve("sip:bob@Overlay.Example.org");
  ASSERT_TRUE(result.ok()) << result.error().reason;
  EXPECT_THAT(world.asked, ElementsAre("overlay bob@overlay.example.org"));
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x11), node_id(0x22)));
  const Device& first = result->devices.front();
  EXPECT_EQ(first.key, node_id(0x11));
  EXPECT_EQ(first.expires_s, 7U);
  EXPECT_EQ(first.preferences.scheme(), SchemePreference::sips);
  EXPECT_EQ(first.aor.name(), "bob@overlay.example.org");
  EXPECT_FALSE(result->cut_short);
}

TEST(Resolutions, UseAGruuOfThisOverlayWithoutAsking) {
  // Shows: SIP-13, SIP-23.
  World world;
  const auto gruu = make_gruu(*Aor::of_user_name("bob@" + k_own), {wire::to_node(node_id(0x33))});
  const auto result = world.resolve("sip:" + *gruu);
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x33)));
  EXPECT_THAT(world.asked, IsEmpty());
  EXPECT_EQ(result->devices.front().expires_s, std::nullopt);
  EXPECT_EQ(world.error_of("sip:bob@" + k_own + ";gr=urn:uuid:1"), ResolutionError::bad_address);
  EXPECT_THAT(world.asked, IsEmpty());
}

TEST(Resolutions, LeaveGruusOfOtherDomainsToThem) {
  // Shows: SIP-13.
  World world;
  world.settings.hosts = [](std::string_view) { return false; };
  world.dns["other.example"] = {{"sip.other.example", 5060, ServerTransport::udp}};
  const auto gruu = make_gruu(*Aor::of_user_name("bob@other.example"), {wire::to_node(node_id(0x33))});
  const auto result = world.resolve("sip:" + *gruu);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->devices, IsEmpty());
  EXPECT_THAT(result->outside, SizeIs(1));
}

TEST(Resolutions, FollowForwardingAndDropDuplicates) {
  // Shows: SIP-05, SIP-15.
  World world;
  world.overlay["bob@a.example"] = {device(0x11), entry(0x12, at_address("sip:sam@a.example")),
                                    entry(0x13, at_address("team@a.example")),
                                    entry(0x14, at_node(node_id(0x11)))};
  world.overlay["sam@a.example"] = {device(0x21), entry(0x22, at_address("sips:team@a.example"))};
  world.overlay["team@a.example"] = {device(0x21), device(0x05)};
  for (const bool backwards : {false, true}) {
    world.backwards = backwards;
    world.settings.policy = LookupPolicy::overlay_only;
    const auto result = world.resolve("sip:bob@a.example");
    ASSERT_TRUE(result.ok());
    // The nearest first; 0x11 once though two of bob's devices go there, 0x21 for each of the two users who
    // have phones there: it rings those of the user whom it is asked for.
    EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x11), node_id(0x21), node_id(0x05), node_id(0x21)));
    EXPECT_EQ(result->devices[1].aor.name(), "sam@a.example");
    EXPECT_EQ(result->devices[1].depth, 1U);
    EXPECT_EQ(result->devices[3].aor.name(), "team@a.example");
    EXPECT_THAT(world.asked, SizeIs(3));  // team once
  }
}

TEST(Resolutions, AGruuThatIsRegisteredIsNotAskedFor) {
  // Shows: SIP-15.
  World world;
  const auto gruu = make_gruu(*Aor::of_user_name("sam@" + k_own), {wire::to_node(node_id(0x33))});
  world.overlay["bob@" + k_own] = {entry(0x11, at_address(*gruu)), entry(0x12, at_address(*gruu)),
                                   device(0x33)};
  const auto result = world.resolve("bob@" + k_own);
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x33), node_id(0x33)));  // bob's and sam's, each once
  EXPECT_THAT(world.asked, SizeIs(1));
}

TEST(Resolutions, HaveTheDevicesInAnOrderThatDoesNotDependOnAnswers) {
  World world;
  world.overlay["bob@a.example"] = {device(0x30, "(a=b);q=0.2"), device(0x20, "(a=b);q=0.9"), device(0x11),
                                    device(0x10, "(a=b);q=0.9")};
  const auto result = world.resolve("bob@a.example");
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x11), node_id(0x10), node_id(0x20), node_id(0x30)));
}

TEST(Resolutions, CirclesEnd) {
  // Shows: SIP-15.
  World world;
  world.overlay["a@" + k_own] = {entry(1, at_address("b@" + k_own))};
  world.overlay["b@" + k_own] = {entry(2, at_address("a@" + k_own))};
  world.overlay["self@" + k_own] = {entry(3, at_address("self@" + k_own))};
  EXPECT_EQ(world.error_of("a@" + k_own), ResolutionError::forwards_forever);
  EXPECT_THAT(world.asked, SizeIs(2));
  EXPECT_EQ(world.error_of("self@" + k_own), ResolutionError::forwards_forever);
  world.overlay["b@" + k_own].push_back(device(0x44));
  EXPECT_THAT(nodes_of(world.resolve("a@" + k_own)), ElementsAre(node_id(0x44)));
}

TEST(Resolutions, ForwardingIsBoundedInDepth) {
  // Shows: SIP-15, SIP-25, FM-39.
  World world;
  const auto name = [](std::size_t i) { return "u" + std::to_string(i) + "@" + k_own; };
  for (std::size_t i = 0; i <= k_max_forwarding_depth; ++i)
    world.overlay[name(i)] = {entry(1, at_address(name(i + 1)))};
  world.overlay[name(k_max_forwarding_depth)] = {device(0x55)};
  EXPECT_THAT(nodes_of(world.resolve(name(0))), ElementsAre(node_id(0x55)));
  world.overlay[name(k_max_forwarding_depth)] = {entry(1, at_address(name(k_max_forwarding_depth + 1)))};
  world.overlay[name(k_max_forwarding_depth + 1)] = {device(0x55)};
  EXPECT_EQ(world.error_of(name(0)), ResolutionError::forwards_forever);
  EXPECT_THAT(world.asked, SizeIs(k_max_forwarding_depth + 1));
}

TEST(Resolutions, ForksAreBounded) {
  // Shows: SIP-25, FM-39.
  World world;
  auto& many = world.overlay["many@" + k_own];
  for (std::size_t i = 1; i <= k_max_forks; ++i) many.push_back(device(static_cast<std::uint8_t>(i)));
  auto result = world.resolve("many@" + k_own);
  ASSERT_TRUE(result.ok());
  EXPECT_THAT(result->devices, SizeIs(k_max_forks));
  EXPECT_FALSE(result->cut_short);
  many.push_back(device(k_max_forks + 1));
  result = world.resolve("many@" + k_own);
  EXPECT_THAT(result->devices, SizeIs(k_max_forks));
  EXPECT_TRUE(result->cut_short);
}

TEST(Resolutions, NamesAndRegistrationsAreBounded) {
  // Shows: SIP-25, FM-39.
  World world;
  auto& wide = world.overlay["wide@" + k_own];
  for (std::size_t i = 1; i < k_max_resolved_names; ++i) {
    const std::string name = "w" + std::to_string(i) + "@" + k_own;
    wide.push_back(entry(static_cast<std::uint8_t>(i), at_address(name)));
    world.overlay[name] = {device(0x77)};
  }
  auto result = world.resolve("wide@" + k_own);
  EXPECT_THAT(world.asked, SizeIs(k_max_resolved_names));
  EXPECT_FALSE(result->cut_short);
  wide.push_back(entry(0xFE, at_address("more@" + k_own)));
  result = world.resolve("wide@" + k_own);
  EXPECT_THAT(world.asked, SizeIs(k_max_resolved_names));
  EXPECT_TRUE(result->cut_short);
  // Of one address so many are read.
  std::vector<FetchedRegistration> same(k_max_read_registrations, device(0x01));
  world.overlay["same@" + k_own] = same;
  EXPECT_FALSE(world.resolve("same@" + k_own)->cut_short);
  world.overlay["same@" + k_own].push_back(device(0x02));
  result = world.resolve("same@" + k_own);
  EXPECT_TRUE(result->cut_short);
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x01)));
}

TEST(Resolutions, ValuesThatMakeNoSenseAreLeftOut) {
  World world;
  world.overlay["bob@" + k_own] = {entry(1, {}), entry(2, at_address("http://x")), entry(3, {9, 0, 0}),
                                   entry(4, at_node(wildcard_node())), device(0x11)};
  const auto result = world.resolve("bob@" + k_own);
  EXPECT_THAT(nodes_of(result), ElementsAre(node_id(0x11)));
  EXPECT_EQ(result->unreadable, 4U);
}

TEST(Resolutions, FailuresAreTold) {
  // Shows: SIP-13.
  World world;
  EXPECT_EQ(world.error_of("nonsense"), ResolutionError::bad_address);
  EXPECT_EQ(world.error_of("nobody@" + k_own), ResolutionError::not_registered);
  EXPECT_EQ(world.error_of("tel:+431"), ResolutionError::not_registered);
  EXPECT_THAT(world.asked, ElementsAre("overlay +431@" + k_own));
  world.settings.policy = LookupPolicy::overlay_only;
  world.settings.hosts = [](std::string_view) { return false; };
  EXPECT_EQ(world.error_of("bob@other.example"), ResolutionError::domain_excluded);
  EXPECT_THAT(world.asked, IsEmpty());
}

struct PolicyRow {
  LookupPolicy policy;
  bool in_overlay, in_dns;
  std::size_t questions;
  std::size_t devices, outside;
};
class Policies : public testing::TestWithParam<PolicyRow> {};

TEST_P(Policies, DecideWhoseAnswerCounts) {
  // Shows: SIP-13, SIP-26, FM-41.
  const auto& row = GetParam();
  for (const bool backwards : {false, true}) {
    World world;
    world.backwards = backwards;
    world.settings.policy = row.policy;
    if (row.in_overlay) world.overlay["bob@tenant.example"] = {device(0x11)};
    if (row.in_dns) world.dns["tenant.example"] = {{"sip.tenant.example", 5061, ServerTransport::tls}};
    Resolution resolution(world.settings, k_start, "sip:bob@tenant.example");
    auto outputs = resolution.take_outputs();
    EXPECT_THAT(outputs, SizeIs(row.questions)) << "all at the same time";
    Resolution again(world.settings, k_start, "sip:bob@tenant.example");
    world.answer(again);
    ASSERT_TRUE(again.done());
    if (row.devices + row.outside == 0) {
      EXPECT_FALSE(again.result().ok());
      continue;
    }
    ASSERT_TRUE(again.result().ok());
    EXPECT_THAT(again.result()->devices, SizeIs(row.devices));
    EXPECT_THAT(again.result()->outside, SizeIs(row.outside));
  }
}

INSTANTIATE_TEST_SUITE_P(All, Policies,
                         testing::Values(PolicyRow{LookupPolicy::overlay_first, true, true, 2, 1, 0},
                                         PolicyRow{LookupPolicy::overlay_first, true, false, 2, 1, 0},
                                         PolicyRow{LookupPolicy::overlay_first, false, true, 2, 0, 1},
                                         PolicyRow{LookupPolicy::overlay_first, false, false, 2, 0, 0},
                                         PolicyRow{LookupPolicy::dns_first, true, true, 2, 0, 1},
                                         PolicyRow{LookupPolicy::dns_first, true, false, 2, 1, 0},
                                         PolicyRow{LookupPolicy::dns_first, false, true, 2, 0, 1},
                                         PolicyRow{LookupPolicy::overlay_only, true, true, 1, 1, 0},
                                         PolicyRow{LookupPolicy::overlay_only, false, true, 1, 0, 0},
                                         PolicyRow{LookupPolicy::dns_only, true, true, 1, 0, 1},
                                         PolicyRow{LookupPolicy::dns_only, true, false, 1, 0, 0}));

TEST(Resolutions, DoNotWaitForTheAnswerThatDoesNotCount) {
  // Shows: SIP-26.
  World world;
  Resolution resolution(world.settings, k_start, "bob@tenant.example");
  const auto outputs = resolution.take_outputs();
  ASSERT_THAT(outputs, SizeIs(2));
  const auto fetch = std::get<FetchRegistrations>(outputs[0]).number;
  const auto dns = std::get<AskDns>(outputs[1]).number;
  resolution.fetched(fetch, {device(0x11)});
  EXPECT_TRUE(resolution.done());
  const auto more = resolution.take_outputs();
  ASSERT_THAT(more, SizeIs(1));
  EXPECT_EQ(std::get<DropQuestion>(more[0]).number, dns);
  resolution.found_in_dns(dns, {{"late", 1, ServerTransport::udp}});  // changes nothing
  EXPECT_THAT(resolution.result()->outside, IsEmpty());
}

TEST(Resolutions, UseWhatIsThereWhenTimeIsOver) {
  World world;
  Resolution resolution(world.settings, k_start, "bob@tenant.example");
  const auto outputs = resolution.take_outputs();
  resolution.found_in_dns(std::get<AskDns>(outputs[1]).number,
                          {{"sip.tenant.example", 5060, ServerTransport::udp}});
  EXPECT_FALSE(resolution.done()) << "the overlay's answer counts first";
  ASSERT_EQ(resolution.next_deadline(), k_start + k_resolution_time);
  resolution.on_timer(k_start + k_resolution_time - Duration{1});
  EXPECT_FALSE(resolution.done());
  resolution.on_timer(k_start + k_resolution_time);
  ASSERT_TRUE(resolution.done());
  ASSERT_TRUE(resolution.result().ok());
  EXPECT_THAT(resolution.result()->outside, SizeIs(1));
  EXPECT_THAT(resolution.take_outputs(), SizeIs(1)) << "the question is dropped";
}

TEST(Resolutions, AreNotReachableWhenNobodyAnswers) {
  World world;
  Resolution silent(world.settings, k_start, "bob@" + k_own);
  silent.on_timer(k_start + k_resolution_time);
  ASSERT_TRUE(silent.done());
  EXPECT_EQ(silent.result().error().error, ResolutionError::not_reachable);
  Resolution failing(world.settings, k_start, "bob@" + k_own);
  const auto outputs = failing.take_outputs();
  const auto number = std::get<FetchRegistrations>(outputs[0]).number;
  failing.failed(number + 1, "of another one");
  EXPECT_FALSE(failing.done());
  failing.found_in_dns(number, {{"x", 1, ServerTransport::udp}});  // not what was asked
  EXPECT_FALSE(failing.done());
  failing.failed(number, "no route");
  ASSERT_TRUE(failing.done());
  EXPECT_EQ(failing.result().error().reason, "no route");
}

TEST(Resolutions, OutsideTargetsAreBounded) {
  World world;
  world.settings.policy = LookupPolicy::dns_only;
  world.dns["tenant.example"] =
      std::vector<DnsTarget>(k_max_dns_targets + 1, DnsTarget{"s", 5060, ServerTransport::udp});
  EXPECT_THAT(world.resolve("bob@tenant.example")->outside.front().servers, SizeIs(k_max_dns_targets));
}

TEST(Resolutions, AskDnsForSecureServersForSips) {
  World world;
  for (const bool sips : {false, true}) {
    Resolution resolution(world.settings, k_start,
                          sips ? "sips:bob@tenant.example" : "sip:bob@tenant.example");
    EXPECT_EQ(std::get<AskDns>(resolution.take_outputs()[1]).sips, sips);
  }
}

}  // namespace
}  // namespace ringway::sip

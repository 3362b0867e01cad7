// RFC 5627 §5, RFC 7904 §6.
#include "sip-usage/registrar/device_gruus.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::aor;

Binding binding(const std::string& instance, const std::string& call_id, std::uint32_t reg_id = 0) {
  Binding out;
  out.contact = *NameAddr::parse("<sip:a@h>");
  out.instance = instance;
  out.call_id = call_id;
  out.reg_id = reg_id;
  return out;
}

std::string token_of(const std::optional<std::string>& gruu) {
  return gruu ? std::string(Uri::parse(*gruu)->parameters.value(k_device_parameter)) : "";
}

struct World {
  World() {
    settings.gruu_key = Bytes(32, 3);
    settings.compress = [](const wire::DestinationList&) {
      return std::optional(
          wire::DestinationList{wire::to_node(test::node(99)), wire::CompressedDestination{0x8123}});
    };
  }
  Settings settings = test::settings();
  test::CountingRandom random;
  DeviceGruus gruus{settings, random};
  const Device alice{aor("alice@example.org"), "<urn:uuid:1>"};
};

TEST(DeviceGruus, ThePublicOneStaysAndLeadsHere) {
  // Shows: SIP-23.
  World world;
  const auto gruu = world.gruus.public_gruu(world.alice, "sip");
  ASSERT_TRUE(gruu);
  const auto address = read_address(*gruu, test::k_overlay);
  ASSERT_TRUE(address.ok());
  EXPECT_EQ(address->aor, world.alice.aor);
  EXPECT_EQ(*read_gr(*address->gr), world.settings.route);
  DeviceGruus after_restart(world.settings, world.random);
  EXPECT_EQ(after_restart.public_gruu(world.alice, "sip"), gruu);
  EXPECT_TRUE(world.gruus.public_gruu(world.alice, "sips")->starts_with("sips:"));
}

TEST(DeviceGruus, OfDifferentDevicesDiffer) {
  World world;
  const auto uri = [&](const Device& device) { return *Uri::parse(*world.gruus.public_gruu(device, "sip")); };
  EXPECT_FALSE(equivalent(uri(world.alice), uri({world.alice.aor, "<urn:uuid:2>"}))) << "RFC 5627 §5.4";
  EXPECT_FALSE(equivalent(uri(world.alice), uri({aor("bob@example.org"), "<urn:uuid:1>"})));
  EXPECT_EQ(world.gruus.public_gruu(world.alice, "sip")->find("urn"), std::string::npos);
}

TEST(DeviceGruus, TemporaryOnesAreNewEachTimeAndAllAreValid) {
  // Shows: SIP-24.
  World world;
  EXPECT_FALSE(world.gruus.temporary_gruu(world.alice, "sip", true)) << "nothing is bound";
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1")});
  const auto first = world.gruus.temporary_gruu(world.alice, "sip", true);
  const auto second = world.gruus.temporary_gruu(world.alice, "sip", true);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_EQ(world.gruus.temporary_gruu(world.alice, "sip", false), second) << "the newest";
  EXPECT_EQ(world.gruus.device_of(token_of(first)), world.alice);
  EXPECT_EQ(world.gruus.device_of(token_of(second)), world.alice);
  EXPECT_EQ(first->find("alice"), std::string::npos);
  EXPECT_TRUE(first->starts_with("sip:anonymous@example.org;gr="));
  const auto address = read_address(*first, test::k_overlay);
  EXPECT_EQ(std::get<wire::NodeDestination>(read_gr(*address->gr)->front()).node, test::node(99));
}

TEST(DeviceGruus, NobodyHidesThePeerSoThereIsNoTemporaryOne) {
  World world;
  world.settings.compress = nullptr;
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1")});
  EXPECT_FALSE(world.gruus.temporary_gruu(world.alice, "sip", true));
}

// For an intermediate peer: it leads here, and says nothing of the user. Phones without an instance have
// them, too.
TEST(DeviceGruus, HiddenOnesLeadHere) {
  // Shows: SIP-24.
  World world;
  world.settings.compress = nullptr;
  const Device nameless{world.alice.aor, "sip:a@h"};
  EXPECT_FALSE(world.gruus.hidden_gruu(world.alice)) << "nothing is bound";
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1"), binding("", "c2")});
  for (const Device& device : {world.alice, nameless}) {
    const auto first = world.gruus.hidden_gruu(device), second = world.gruus.hidden_gruu(device);
    ASSERT_TRUE(first && second);
    EXPECT_NE(*first, *second);
    EXPECT_EQ(first->find("alice"), std::string::npos);
    EXPECT_EQ(*read_gr(*read_address(*first, test::k_overlay)->gr), world.settings.route);
    EXPECT_EQ(world.gruus.device_of(token_of(first)), device);
  }
  const auto gone = token_of(world.gruus.hidden_gruu(nameless));
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1"), binding("", "c3")});
  EXPECT_FALSE(world.gruus.device_of(gone)) << "registered anew";
}

TEST(DeviceGruus, TemporaryOnesEndWithTheirRegistration) {
  World world;
  const auto make = [&] { return token_of(world.gruus.temporary_gruu(world.alice, "sip", true)); };
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1")});
  const auto first = make();
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1"), binding("<urn:uuid:2>", "c9")});
  EXPECT_TRUE(world.gruus.device_of(first)) << "renewed";
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c2")});
  EXPECT_FALSE(world.gruus.device_of(first)) << "§5.1: another Call-ID";
  const auto second = make();
  EXPECT_TRUE(world.gruus.device_of(second));
  world.gruus.set_bindings(world.alice.aor, {});
  EXPECT_FALSE(world.gruus.device_of(second)) << "§5.3";
}

TEST(DeviceGruus, EachFlowHasACallIdOfItsOwn) {
  World world;
  world.gruus.set_bindings(world.alice.aor, {binding("<urn:uuid:1>", "c1", 1)});
  const auto first = token_of(world.gruus.temporary_gruu(world.alice, "sip", true));
  world.gruus.set_bindings(world.alice.aor,
                           {binding("<urn:uuid:1>", "c1", 1), binding("<urn:uuid:1>", "c2", 2)});
  EXPECT_TRUE(world.gruus.device_of(first));
  world.gruus.set_bindings(world.alice.aor,
                           {binding("<urn:uuid:1>", "c1", 1), binding("<urn:uuid:1>", "c3", 2)});
  EXPECT_FALSE(world.gruus.device_of(first));
}

}  // namespace
}  // namespace ringway::sip::registrar

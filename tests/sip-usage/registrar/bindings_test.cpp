#include "sip-usage/registrar/bindings.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::aor;

Binding binding(const std::string& uri, std::uint64_t flow, std::int64_t expires_ms,
                bool true_address = false) {
  Binding out;
  out.contact = *NameAddr::parse("<" + uri + ">");
  out.flow = FlowId{flow};
  out.has_true_address = true_address;
  out.expires_at = {expires_ms};
  return out;
}

std::string changes(Bindings& bindings) {
  std::string out;
  for (const auto& each : bindings.take_flow_changes())
    out += (each.is_used ? "+" : "-") + std::to_string(static_cast<std::uint64_t>(each.flow));
  return out;
}

TEST(Bindings, ExpireOneAfterTheOther) {
  Bindings bindings;
  EXPECT_FALSE(bindings.next_wake());
  EXPECT_TRUE(bindings.set(aor("a@x"), {binding("sip:a@1", 1, 50), binding("sip:a@2", 2, 30)}));
  EXPECT_TRUE(bindings.set(aor("b@x"), {binding("sip:b@1", 1, 40)}));
  EXPECT_EQ(*bindings.next_wake(), MonoTime{30});
  EXPECT_TRUE(bindings.on_timer({29}).empty());
  EXPECT_EQ(bindings.on_timer({30}), std::vector{aor("a@x")});
  EXPECT_EQ(bindings.of(aor("a@x")).size(), 1U);
  EXPECT_EQ(*bindings.next_wake(), MonoTime{40});
  EXPECT_EQ(bindings.on_timer({60}), (std::vector{aor("b@x"), aor("a@x")}));
  EXPECT_TRUE(bindings.of(aor("a@x")).empty());
  EXPECT_FALSE(bindings.next_wake());
  EXPECT_EQ(bindings.sizes()[0].size, 0U);
  EXPECT_EQ(bindings.sizes()[1].size, 0U);
}

TEST(Bindings, GoWithTheirFlow) {
  Bindings bindings;
  bindings.set(aor("a@x"), {binding("sip:a@1", 1, 50), binding("sip:a@2", 2, 50)});
  bindings.set(aor("b@x"), {binding("sip:b@1", 1, 50, true)});
  EXPECT_EQ(bindings.on_flow_failed(FlowId{9}), std::vector<Aor>{});
  EXPECT_EQ(bindings.on_flow_failed(FlowId{1}), (std::vector{aor("a@x"), aor("b@x")}));
  ASSERT_EQ(bindings.of(aor("a@x")).size(), 1U);
  EXPECT_EQ(bindings.of(aor("a@x"))[0].flow, FlowId{2});
  ASSERT_EQ(bindings.of(aor("b@x")).size(), 1U) << "its address is where it is";
  EXPECT_EQ(bindings.of(aor("b@x"))[0].flow, std::nullopt);
  EXPECT_EQ(bindings.on_flow_failed(FlowId{1}), std::vector<Aor>{});
}

TEST(Bindings, TellWhichFlowsAreNeeded) {
  Bindings bindings;
  bindings.set(aor("a@x"), {binding("sip:a@1", 1, 50), binding("sip:a@2", 1, 50)});
  bindings.set(aor("b@x"), {binding("sip:b@1", 1, 50)});
  EXPECT_EQ(changes(bindings), "+1");
  bindings.set(aor("a@x"), {binding("sip:a@1", 2, 50), binding("sip:a@2", 1, 50)});
  EXPECT_EQ(changes(bindings), "+2");
  bindings.set(aor("a@x"), {});
  EXPECT_EQ(changes(bindings), "-2");
  bindings.set(aor("b@x"), {});
  bindings.set(aor("b@x"), {binding("sip:b@1", 1, 50)});
  EXPECT_EQ(changes(bindings), "") << "as before";
  bindings.on_timer({50});
  EXPECT_EQ(changes(bindings), "-1");
}

TEST(Bindings, AreOfNoMoreUsersThanTheirBound) {
  Bindings bindings;
  for (std::size_t n = 0; n < k_max_accounts; ++n)
    EXPECT_TRUE(bindings.set(aor("u" + std::to_string(n) + "@x"), {binding("sip:a@1", n, 50)}));
  EXPECT_FALSE(bindings.set(aor("more@x"), {binding("sip:a@1", 1, 50)}));
  EXPECT_EQ(bindings.sizes()[0].size, bindings.sizes()[0].bound);
  EXPECT_TRUE(bindings.set(aor("u0@x"), {binding("sip:a@1", 1, 50), binding("sip:a@2", 1, 50)}));
  EXPECT_TRUE(bindings.set(aor("more@x"), {}));
}

TEST(Targets, AreOrderedByQThenByTheLatest) {
  BindingList list = {binding("sip:a@1", 1, 50), binding("sip:a@2", 2, 50), binding("sip:a@3", 3, 50)};
  list[0].contact.parameters.set("q", "0.5");
  list[1].updated_at = {1};
  list[2].updated_at = {2};
  const auto targets = targets_of(list);
  ASSERT_EQ(targets.size(), 3U);
  EXPECT_EQ(targets[0].uri.print(), "sip:a@3");
  EXPECT_EQ(targets[1].uri.print(), "sip:a@2");
  EXPECT_EQ(targets[2].uri.print(), "sip:a@1");
  EXPECT_EQ(targets[2].q_thousandths, 500U);
  EXPECT_EQ(targets[2].flow, FlowId{1});
}

}  // namespace
}  // namespace ringway::sip::registrar

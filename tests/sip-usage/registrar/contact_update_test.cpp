// RFC 3261 §10.3 steps 6 and 7; RFC 3327 §5.3; RFC 5626 §6; RFC 5627 §5.1.
#include "sip-usage/registrar/contact_update.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/registrar/phone.hpp"

namespace ringway::sip::registrar {
namespace {

using test::Request;
using test::source_of;

const std::string k_instance = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
const std::string k_flow = k_instance + ";reg-id=";

// The bindings of one user, changed by one request after another.
struct Table {
  // "ok", or status and reason.
  std::string apply(const Request& request, const Source& source = source_of(1)) {
    auto update = update_contacts(bindings, test::message_of(request), test::aor("alice@example.org"), source,
                                  now, settings);
    if (!update) {
      last_rejection = update.error();
      return std::to_string(update.error().status);
    }
    bindings = update->bindings;
    uses_outbound = update->uses_outbound;
    return "ok";
  }
  // Each Contact's URI with the seconds that it has.
  std::string shows() const {
    std::string out;
    for (const Binding& each : bindings)
      out += (out.empty() ? "" : " ") + each.contact.uri.print() + "=" +
             std::to_string((each.expires_at - now).count() / 1000);
    return out;
  }

  Settings settings = test::settings();
  MonoTime now{1'000};
  BindingList bindings;
  bool uses_outbound = false;
  Rejection last_rejection;
};

TEST(ContactUpdate, LaterRequestsRenewAndAddAndRemove) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;q=0.5"}}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=3600");
  EXPECT_EQ(table.bindings[0].contact.q_thousandths(), 500U);
  EXPECT_EQ(table.bindings[0].flow, FlowId{1});
  EXPECT_EQ(
      table.apply({.contacts = {"<sip:a@h1>;expires=100", "<sip:a@h2>"}, .cseq = 2, .more = {"Expires: 200"}},
                  source_of(2)),
      "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=100 sip:a@h2=200");
  EXPECT_EQ(table.bindings[0].flow, FlowId{2}) << "the phone is where it was heard last";
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@H1>;expires=0"}, .cseq = 3}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h2=200") << "§19.1.4: hosts have no case";
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h9>;expires=0"}, .cseq = 4}), "ok") << "nothing is there";
}

TEST(ContactUpdate, IntervalsHaveBounds) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=59"}}), "423");
  EXPECT_EQ(table.last_rejection.min_expires_s, 60U);
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=60"}}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=60");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=7201"}, .cseq = 2}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=7200");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=soon"}, .cseq = 3, .more = {"Expires: x"}}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=3600") << "what cannot be read is not said";
  table.settings.min_expires_s = 3600;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=3600"}, .cseq = 4}), "ok") << "never for an hour";
}

TEST(ContactUpdate, OneCallsRequestsCountInOrder) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>"}, .cseq = 5}), "ok");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=0"}, .cseq = 5}), "500");
  EXPECT_EQ(table.apply({.contacts = {"<sip:b@h2>", "<sip:a@h1>;expires=0"}, .cseq = 4}), "500");
  EXPECT_EQ(table.shows(), "sip:a@h1=3600") << "nothing of what failed counts";
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;expires=100"}, .call_id = "other", .cseq = 1}), "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=100") << "after a restart";
}

TEST(ContactUpdate, StarRemovesAllOrNothing) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>"}, .cseq = 5}), "ok");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h2>"}, .call_id = "other", .cseq = 9}), "ok");
  EXPECT_EQ(table.apply({.contacts = {"*"}, .cseq = 6}), "400") << "§10.2.2: without Expires";
  EXPECT_EQ(table.apply({.contacts = {"*"}, .cseq = 6, .more = {"Expires: 10"}}), "400");
  EXPECT_EQ(table.apply({.contacts = {"*"}, .call_id = "other", .cseq = 9, .more = {"Expires: 0"}}), "500");
  EXPECT_EQ(table.bindings.size(), 2U);
  EXPECT_EQ(table.apply({.contacts = {"*"}, .cseq = 6, .more = {"Expires: 0"}}), "ok");
  EXPECT_EQ(table.bindings.size(), 0U);
}

TEST(ContactUpdate, RefusesWhereNoPhoneCanBe) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:alice@example.org>"}}), "403") << "RFC 5627 §5.1: a loop";
  EXPECT_EQ(table.apply({.contacts = {"<sip:alice@EXAMPLE.org;gr=abc>"}}), "403") << "a GRUU of it";
  EXPECT_EQ(table.apply({.contacts = {"<tel:+4312345>"}}), "403");
  EXPECT_EQ(table.apply({.contacts = {"<mailto:a@b.org>"}}), "403");
  EXPECT_EQ(table.apply({.contacts = {"<sip:alice@192.0.2.1>"}}), "ok");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>", "<sip:a@h1>;expires=100"}, .cseq = 2}), "400");
}

TEST(ContactUpdate, FlowsAreReplacedWhateverTheirContact) {
  Table table;
  const std::vector<std::string> outbound = {"Supported: path, outbound"};
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>" + k_flow + "1"}, .more = outbound}), "ok");
  EXPECT_TRUE(table.uses_outbound);
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>" + k_flow + "2"}, .call_id = "c2", .more = outbound},
                        source_of(2)),
            "ok");
  EXPECT_EQ(table.bindings.size(), 2U);
  // The phone has rebooted: another Call-ID, another Contact, the same flow.
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h7>" + k_flow + "1"}, .call_id = "c3", .more = outbound},
                        source_of(3)),
            "ok");
  EXPECT_EQ(table.shows(), "sip:a@h7=3600 sip:a@h1=3600");
  EXPECT_EQ(table.bindings[0].flow, FlowId{3});
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>"}, .call_id = "c4"}), "ok");
  EXPECT_EQ(table.bindings.size(), 3U) << "registrations without flows live beside them";
  EXPECT_FALSE(table.uses_outbound);
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h7>" + k_flow + "1;expires=0"},
                         .call_id = "c3",
                         .cseq = 2,
                         .more = outbound}),
            "ok");
  EXPECT_EQ(table.shows(), "sip:a@h1=3600 sip:a@h1=3600");
}

TEST(ContactUpdate, RegIdCountsOnlyWhereFlowsCanBeKept) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@h1>;reg-id=1"}, .more = {"Supported: outbound"}}), "ok");
  EXPECT_EQ(table.bindings[0].reg_id, 0U) << "without an instance";
  EXPECT_FALSE(table.uses_outbound);
  const std::string hop = "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx";
  const std::string contact = "<sip:a@h2>" + k_flow + "1";
  EXPECT_EQ(table.apply({.contacts = {contact}, .cseq = 2, .more = {hop, "Supported: outbound"}}), "439");
  EXPECT_EQ(table.apply(
                {.contacts = {contact}, .cseq = 2, .more = {hop, "Supported: outbound", "Path: <sip:edge>"}}),
            "439");
  EXPECT_EQ(table.apply({.contacts = {contact}, .cseq = 2, .more = {hop}}), "ok");
  EXPECT_EQ(table.bindings[1].reg_id, 0U);
  EXPECT_EQ(
      table.apply(
          {.contacts = {contact}, .cseq = 3, .more = {hop, "Supported: outbound", "Path: <sip:edge;lr;ob>"}}),
      "ok");
  EXPECT_TRUE(table.uses_outbound);
  EXPECT_EQ(table.bindings[2].reg_id, 1U);
  EXPECT_EQ(table.bindings[2].path.size(), 1U) << "RFC 3327 §5.3";
}

TEST(ContactUpdate, AFlowIsRegisteredAlone) {
  Table table;
  const std::string flow = "<sip:a@h1>" + k_flow + "1";
  EXPECT_EQ(table.apply({.contacts = {flow, "<sip:a@h2>"}, .more = {"Supported: outbound"}}), "400");
  EXPECT_EQ(table.apply({.contacts = {flow, "<sip:a@h2>;expires=0"}, .more = {"Supported: outbound"}}), "ok");
}

TEST(ContactUpdate, PhonesSuggestNoGruus) {
  Table table;
  EXPECT_EQ(
      table.apply({.contacts = {"<sip:a@h1>" + k_instance +
                                ";pub-gruu=\"sip:bob@example.org;gr\";temp-gruu=\"sip:x@y;gr\";audio"}}),
      "ok");
  EXPECT_FALSE(table.bindings[0].contact.parameters.has("pub-gruu"));
  EXPECT_FALSE(table.bindings[0].contact.parameters.has("temp-gruu"));
  EXPECT_TRUE(table.bindings[0].contact.parameters.has("audio"));
}

TEST(ContactUpdate, KnowsWhoIsReachedWithoutAFlow) {
  Table table;
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@192.0.2.1:5070>", "<sip:a@10.0.0.1>",
                                      "<sip:b@192.0.2.1;transport=ws>"}}),
            "ok");
  EXPECT_TRUE(table.bindings[0].has_true_address);
  EXPECT_FALSE(table.bindings[1].has_true_address) << "behind a NAT";
  EXPECT_FALSE(table.bindings[2].has_true_address) << "RFC 7118 §5: a browser does not listen";
  drop_flow(table.bindings, FlowId{1});
  EXPECT_EQ(table.shows(), "sip:a@192.0.2.1:5070=3600");
  EXPECT_EQ(table.bindings[0].flow, std::nullopt);
}

// The phone's Via says 192.0.2.1:5060.
TEST(ContactUpdate, KnowsWhoIsCalledAtAnotherPort) {
  const auto is_called_there = [](const std::string& contact, const Source& source) {
    Table table;
    EXPECT_EQ(table.apply({.contacts = {contact}}, source), "ok");
    return table.bindings.at(0).listens_at_contact;
  };
  const Source direct{FlowId{1}, "192.0.2.1", "192.0.2.1", false, false, false, 5060};
  EXPECT_TRUE(is_called_there("<sip:a@192.0.2.1:5070>", direct));
  EXPECT_TRUE(is_called_there("<sip:a@192.0.2.1:5070;transport=UDP>", direct));
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.1>", direct)) << "that is where it sends from";
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.2:5070>", direct));
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.1:5070;transport=tcp>", direct));
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.1:5070>" + k_flow + "1", direct)) << "RFC 5626 §5.3";
  auto other = direct;
  other.port = 6000;
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.1:5070>", other)) << "a NAT has changed the port";
  other = direct;
  other.address = "198.51.100.1";
  EXPECT_FALSE(is_called_there("<sip:a@198.51.100.1:5070>", other)) << "a NAT has changed the address";
  other = direct;
  other.is_connected = true;
  EXPECT_FALSE(is_called_there("<sip:a@192.0.2.1:5070>", other));
  other.is_secure = true;
  EXPECT_FALSE(is_called_there("<sips:a@192.0.2.1:5070>", other));
}

TEST(ContactUpdate, AUserHasSoManyBindings) {
  // Shows: SIP-27.
  Table table;
  const Source connected{FlowId{1}, "192.0.2.1", "192.0.2.1", false, true};
  for (std::size_t n = 0; n < k_max_bindings_of_user; ++n)
    EXPECT_EQ(table.apply({.contacts = {"<sip:a@h" + std::to_string(n) + ">"}}, connected), "ok");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@one-more>"}}), "403");
  EXPECT_EQ(table.apply({.contacts = {"<sip:a@one-more>", "<sip:a@h0>;expires=0"}, .cseq = 2}), "ok");
  EXPECT_EQ(table.bindings.size(), k_max_bindings_of_user);
  // In one request there is no room for more either.
  Table other;
  std::vector<std::string> contacts;
  for (std::size_t n = 0; n <= k_max_bindings_of_user; ++n)
    contacts.push_back("<sip:a@h" + std::to_string(n) + ">");
  EXPECT_EQ(other.apply({.contacts = contacts}), "403");
  contacts.pop_back();
  EXPECT_EQ(other.apply({.contacts = contacts}), "ok");
}

// A phone by datagrams that is started anew has another port each time, and never takes back what it has
// registered before.
TEST(ContactUpdate, WhoIsStartedAnewFindsRoom) {
  // Shows: SIP-27.
  Table table;
  const auto contact = [](std::size_t n) { return "<sip:a@h" + std::to_string(n) + ">"; };
  const Source connected{FlowId{9}, "192.0.2.1", "192.0.2.1", false, true};
  EXPECT_EQ(table.apply({.contacts = {"<sip:desk@h>"}}, connected), "ok");
  EXPECT_EQ(table.apply({.contacts = {"<sip:b@h>"}, .call_id = "b"}), "ok");
  for (std::size_t n = 0; n < k_max_bindings_of_user; ++n) {
    table.now = table.now + Duration{1000};
    EXPECT_EQ(table.apply({.contacts = {contact(n)}, .call_id = "c" + std::to_string(n)}), "ok") << n;
  }
  EXPECT_EQ(table.bindings.size(), k_max_bindings_of_user);
  EXPECT_EQ(table.bindings[0].contact.uri.print(), "sip:desk@h") << "it is connected";
  EXPECT_EQ(table.bindings[1].contact.uri.print(), "sip:a@h1") << "those before were renewed longer ago";
  EXPECT_EQ(table.bindings.back().contact.uri.print(), "sip:a@h15");
}

// RFC 5627 §5.3: one device, of which only the last is called.
TEST(ContactUpdate, AndBeforeOthersWhatTheSameDeviceHasLeft) {
  Table table;
  for (std::size_t n = 0; n + 1 < k_max_bindings_of_user; ++n)
    EXPECT_EQ(table.apply({.contacts = {"<sip:a@h" + std::to_string(n) + ">"}}), "ok");
  table.now = table.now + Duration{1000};
  EXPECT_EQ(table.apply({.contacts = {"<sip:b@before>" + k_instance}, .call_id = "b"}), "ok");
  table.now = table.now + Duration{1000};
  EXPECT_EQ(table.apply({.contacts = {"<sip:b@now>" + k_instance}, .call_id = "b2"}), "ok");
  EXPECT_EQ(table.bindings.size(), k_max_bindings_of_user);
  EXPECT_EQ(table.bindings[0].contact.uri.print(), "sip:a@h0");
  EXPECT_EQ(table.bindings.back().contact.uri.print(), "sip:b@now");
}

TEST(ContactUpdate, AndSoManyBytesAndPaths) {
  Table table;
  const std::string before = "<sip:a@h1>;x=";
  const auto filled = [&](std::size_t size_bytes) {
    return before + std::string(size_bytes - before.size() - 6, 'x');
  };
  EXPECT_EQ(table.apply({.contacts = {filled(k_max_binding_bytes_of_user + 1)}}), "403");
  EXPECT_EQ(table.apply({.contacts = {filled(k_max_binding_bytes_of_user)}}), "ok");
  EXPECT_EQ(table.bindings[0].size_bytes(), k_max_binding_bytes_of_user);
  Table other;
  std::vector<std::string> paths(k_max_paths, "Path: <sip:p;lr>");
  EXPECT_EQ(other.apply({.contacts = {"<sip:a@h1>"}, .more = paths}), "ok");
  paths.push_back(paths.back());
  EXPECT_EQ(other.apply({.contacts = {"<sip:a@h1>"}, .cseq = 2, .more = paths}), "403");
  EXPECT_EQ(other.apply({.contacts = {"<sip:a@h1>"}, .cseq = 2, .more = {"Path: <sip:p"}}), "400");
}

}  // namespace
}  // namespace ringway::sip::registrar

#include "sip-usage/registrar/preferences.hpp"

#include <gtest/gtest.h>

#include "sip-usage/registration/contact_preferences.hpp"

namespace ringway::sip::registrar {
namespace {

std::string prefs(const std::vector<std::string>& contacts) {
  BindingList bindings;
  for (const auto& each : contacts) {
    Binding binding;
    binding.contact = *NameAddr::parse(each);
    bindings.push_back(binding);
  }
  return contact_prefs_of(bindings);
}

TEST(Preferences, OfOnePhone) {
  // Shows: SIP-06.
  EXPECT_EQ(prefs({"<sip:a@h>"}), "");
  EXPECT_EQ(prefs({"<sip:a@h>;audio"}), "(sip.audio=TRUE)");
  EXPECT_EQ(prefs({"<sip:a@h>;audio;methods=\"INVITE,BYE\";expires=60"}),
            "(&(sip.audio=TRUE)(|(sip.methods=INVITE)(sip.methods=BYE)))");
  EXPECT_EQ(prefs({"<sip:a@h>;audio;q=0.5"}), "(sip.audio=TRUE);q=0.5");
}

TEST(Preferences, SayNothingOfTheDevice) {
  EXPECT_EQ(prefs({"<sip:a@h>;+sip.instance=\"<urn:uuid:x>\";reg-id=1"}), "");
  EXPECT_EQ(prefs({"<sip:a@h>;+SIP.INSTANCE=\"<urn:uuid:x>\";audio"}), "(sip.audio=TRUE)");
}

TEST(Preferences, OfPhonesThatTakeSipsOnly) {
  // Shows: SIP-19.
  EXPECT_EQ(prefs({"<sips:a@h>"}), "(sip.schemes=SIPS)");
  EXPECT_EQ(ContactPreferences::parse(prefs({"<sips:a@h>"}))->scheme(), SchemePreference::sips);
  EXPECT_EQ(ContactPreferences::parse(prefs({"<sips:a@h>", "<sip:b@h>;schemes=\"sip\""}))->scheme(),
            SchemePreference::either);
}

TEST(Preferences, AnyPhoneMayBeMeant) {
  EXPECT_EQ(prefs({"<sip:a@h>;audio", "<sip:b@h>;video"}), "(|(sip.audio=TRUE)(sip.video=TRUE))");
  EXPECT_EQ(prefs({"<sip:a@h>;audio", "<sip:b@h>;audio"}), "(sip.audio=TRUE)");
  EXPECT_EQ(prefs({"<sip:a@h>;audio", "<sip:b@h>"}), "") << "of one nothing is known";
  EXPECT_EQ(prefs({"<sip:a@h>;audio;q=0.2", "<sip:b@h>;video;q=0.7"}),
            "(|(sip.audio=TRUE)(sip.video=TRUE));q=0.7");
  EXPECT_EQ(prefs({}), "");
}

TEST(Preferences, ThatSayTooMuchSayNothing) {
  std::vector<std::string> contacts;
  for (std::size_t n = 0; n < 16; ++n)
    contacts.push_back("<sip:a@h>;q=0.5;+sip.x" + std::to_string(n) + "=\"<" + std::string(60, 'x') + ">\"");
  const std::string all = prefs(contacts);
  EXPECT_TRUE(ContactPreferences::parse(all).ok());
  EXPECT_EQ(ContactPreferences::parse(all)->q_thousandths(), 500U);
  EXPECT_EQ(all.find("sip.x"), std::string::npos);
  EXPECT_EQ(prefs({"<sip:a@h>;+a=\"((\"", "<sip:b@h>;audio"}), "") << "what cannot be said as a predicate";
}

}  // namespace
}  // namespace ringway::sip::registrar

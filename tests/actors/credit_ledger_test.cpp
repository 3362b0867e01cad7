#include "actors/credit_ledger.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ringway::actors {
namespace {

struct CreditLedgerTest : testing::Test {
  CreditLedger ledger;
  std::map<std::uint64_t, std::size_t> paid() {
    std::map<std::uint64_t, std::size_t> given;
    ledger.pay([&](link::LinkId link, std::size_t messages) { given[link.number] += messages; });
    return given;
  }
};

TEST_F(CreditLedgerTest, AForwardedMessageIsPaidAtOnce) {
  for (int i = 0; i < 3; ++i) {
    ledger.begin_message({7});
    ledger.end_message();
  }
  EXPECT_EQ(paid(), (std::map<std::uint64_t, std::size_t>{{7, 3}}));
  EXPECT_TRUE(paid().empty()) << "paid once";
}

TEST_F(CreditLedgerTest, AnInspectedMessageIsPaidWhenItsVerdictIsHandled) {
  ledger.begin_message({7});
  ledger.inspecting(1);
  ledger.end_message();
  EXPECT_TRUE(paid().empty());
  EXPECT_EQ(ledger.waiting_for_verdict(), 1U);
  ledger.verdict_handled(1);
  EXPECT_EQ(paid(), (std::map<std::uint64_t, std::size_t>{{7, 1}}));
  ledger.verdict_handled(1);
  EXPECT_TRUE(paid().empty()) << "paid once";
}

TEST_F(CreditLedgerTest, OurOwnMessagesOweNobody) {
  ledger.inspecting(9);
  ledger.verdict_handled(9);
  EXPECT_TRUE(paid().empty());
}

TEST_F(CreditLedgerTest, OneCreditPerMessage) {
  ledger.begin_message({7});
  ledger.inspecting(1);
  ledger.inspecting(2);
  ledger.end_message();
  ledger.verdict_handled(1);
  ledger.verdict_handled(2);
  EXPECT_EQ(paid(), (std::map<std::uint64_t, std::size_t>{{7, 1}}));
}

}  // namespace
}  // namespace ringway::actors

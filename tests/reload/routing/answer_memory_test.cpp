// Duplicate suppression and its bounds (RFC 6940 §6.2.1).
#include "reload/routing/answer_memory.hpp"

#include <gtest/gtest.h>

#include "reload/routing/inspection_queue.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::routing {
namespace {

using ringway::test::node_id;

constexpr MonoTime k_start{1000};
const NodeId k_signer = node_id(0x10);

SharedBytes bytes_of(std::size_t size) { return SharedBytes(Bytes(size, 7)); }

TEST(AnswerMemory, KeepsAnAnswerAsLongAsARequestLives) {
  // Shows: ROUTE-17.
  AnswerMemory memory(10, 1000);
  EXPECT_EQ(memory.find(k_start, k_signer, 1), nullptr);
  memory.remember(k_start, k_signer, 1, 77);
  memory.answered(k_signer, 1, bytes_of(5));
  const auto* entry = memory.find(k_start + Duration{14'999}, k_signer, 1);
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->request, 77U);
  EXPECT_EQ(entry->payload.size(), 5U);
  EXPECT_EQ(memory.find(k_start, node_id(0x11), 1), nullptr);  // another node's
  EXPECT_EQ(memory.find(k_start + Duration{15'000}, k_signer, 1), nullptr);
  EXPECT_EQ(memory.size_bytes(), 0U);
}

TEST(AnswerMemory, TheOldestGoWhenThereAreTooMany) {
  AnswerMemory memory(3, 1000);
  for (TransactionId id = 1; id <= 4; ++id) memory.remember(k_start, k_signer, id, id);
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_EQ(memory.find(k_start, k_signer, 1), nullptr);
  EXPECT_NE(memory.find(k_start, k_signer, 4), nullptr);
}

TEST(AnswerMemory, TheOldestGoWhenTheirAnswersAreTooLong) {
  AnswerMemory memory(100, 1000);
  for (TransactionId id = 1; id <= 4; ++id) {
    memory.remember(k_start, k_signer, id, id);
    memory.answered(k_signer, id, bytes_of(300));
    EXPECT_LE(memory.size_bytes(), 1000U);
  }
  EXPECT_EQ(memory.size(), 3U);
  EXPECT_EQ(memory.size_bytes(), 900U);
  EXPECT_EQ(memory.find(k_start, k_signer, 1), nullptr);
}

TEST(AnswerMemory, SaysWhenTheNextOneIsTooOld) {
  AnswerMemory memory(10, 1000);
  EXPECT_EQ(memory.expire(k_start), std::nullopt);
  memory.remember(k_start, k_signer, 1, 1);
  memory.remember(k_start + Duration{100}, k_signer, 2, 2);
  EXPECT_EQ(memory.expire(k_start), k_start + k_max_request_lifetime);
  EXPECT_EQ(memory.expire(k_start + k_max_request_lifetime),
            k_start + Duration{100} + k_max_request_lifetime);
  EXPECT_EQ(memory.size(), 1U);
}

TEST(AnswerMemory, WhatIsForgottenTakesNoRoom) {
  AnswerMemory memory(100, 1000);
  memory.remember(k_start, k_signer, 1, 1);
  memory.answered(k_signer, 1, bytes_of(300));
  memory.forget(k_signer, 1);
  EXPECT_EQ(memory.find(k_start, k_signer, 1), nullptr);
  EXPECT_EQ(memory.size_bytes(), 0U);
}

TEST(InspectionQueue, WhatOutlivesItsLinkStillComesOut) {
  // Shows: FM-27.
  InspectionQueue queue(8, 1000);
  const LinkId link{1};
  const auto add = [&](bool outlives) {
    return queue.add(link, node_id(1), SharedBytes(Bytes(10)), outlives);
  };
  const auto verdict = [] {
    return std::make_shared<Result<security::InspectedMessage>>(Failure{"a verdict"});
  };
  const auto usual = add(false), last = add(true), later = add(false);
  EXPECT_TRUE(queue.settle(last, verdict()).empty()) << "one before it waits";
  queue.drop_link(link);
  EXPECT_EQ(queue.settle(usual, verdict()).size(), 1U) << "the last words";
  EXPECT_TRUE(queue.settle(later, verdict()).empty());
  EXPECT_EQ(queue.waiting(), 0U);
  EXPECT_EQ(queue.waiting_bytes(), 0U);
}

TEST(InspectionQueue, IsBoundedForEachLinkAndInBytes) {
  InspectionQueue queue(2, 1000);
  EXPECT_NE(queue.add({1}, k_signer, bytes_of(100)), 0U);
  EXPECT_NE(queue.add({1}, k_signer, bytes_of(100)), 0U);
  EXPECT_EQ(queue.add({1}, k_signer, bytes_of(100)), 0U);
  const auto ticket = queue.add({2}, k_signer, bytes_of(800));
  EXPECT_NE(ticket, 0U);
  EXPECT_EQ(queue.add({3}, k_signer, bytes_of(1)), 0U);
  // A message whose link is gone still takes room: the pool has it.
  queue.drop_link({2});
  EXPECT_EQ(queue.waiting_bytes(), 1000U);
  EXPECT_TRUE(queue.settle(ticket, nullptr).empty());
  EXPECT_EQ(queue.waiting_bytes(), 200U);
  EXPECT_NE(queue.add({3}, k_signer, bytes_of(1)), 0U);
}

}  // namespace
}  // namespace ringway::routing

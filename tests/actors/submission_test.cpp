#include "actors/submission.hpp"

#include <gtest/gtest.h>

namespace ringway::actors {
namespace {

std::vector<data::Call> gets(std::size_t count) {
  return std::vector<data::Call>(count, data::GetCall{"shared/x", std::nullopt});
}

struct SubmissionTest : testing::Test {
  std::shared_ptr<CallBound> bound = std::make_shared<CallBound>(10);
  std::vector<Submission::Results> answers;

  SubmissionPtr submit(std::size_t calls) {
    EXPECT_TRUE(bound->take(calls));
    return std::make_shared<Submission>(
        1, gets(calls), [this](Submission::Results results) { answers.push_back(std::move(results)); },
        bound);
  }
};

TEST_F(SubmissionTest, AnswersOnce) {
  auto submission = submit(1);
  submission->answer({data::GetResult{}});
  submission->answer({data::GetResult{}});
  submission.reset();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<data::GetResult>(answers[0][0]));
}

TEST_F(SubmissionTest, AnswersWhenItIsDropped) {
  submit(3);
  ASSERT_EQ(answers.size(), 1U);
  ASSERT_EQ(answers[0].size(), 3U);
  EXPECT_EQ(std::get<data::CallFailure>(answers[0][2]).error, data::CallError::unavailable);
}

TEST_F(SubmissionTest, SaysNothingAfterACancel) {
  auto submission = submit(1);
  submission->cancel();
  submission->answer({data::GetResult{}});
  submission.reset();
  EXPECT_TRUE(answers.empty());
}

TEST_F(SubmissionTest, GivesItsShareOfTheBoundBack) {
  auto first = submit(8);
  EXPECT_FALSE(bound->take(3));
  EXPECT_TRUE(bound->take(2));
  first.reset();
  EXPECT_EQ(bound->under_way(), 2U);
}

TEST_F(SubmissionTest, OneLargeBatchIsLetInAlone) {
  EXPECT_TRUE(bound->take(11));
  EXPECT_FALSE(bound->take(1));
}

TEST_F(SubmissionTest, ACallbackKnowsThatItIsOne) {
  bool inside = false;
  const Answer<int> answer([&](int) { inside = CallbackScope::active(); }, [] { return 0; });
  answer(1);
  EXPECT_TRUE(inside);
  EXPECT_FALSE(CallbackScope::active());
}

}  // namespace
}  // namespace ringway::actors

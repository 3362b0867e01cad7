// Looks at memory at the moment it is given back: nothing of a secret may be in it.
#include "services/enrolld/secret/secret.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <optional>
#include <utility>

namespace {

constexpr std::string_view k_marker = "do-not-leave-this-lying-around-1234567890";
thread_local bool t_watching = false;
thread_local int t_found = 0;  // blocks given back with the marker in them

void look_at(const void* block, std::size_t size) {
  if (!t_watching || block == nullptr) return;
  const std::string_view bytes(static_cast<const char*>(block), size);
  if (bytes.find(k_marker) != std::string_view::npos) ++t_found;
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* block = std::malloc(size == 0 ? 1 : size)) return block;
  throw std::bad_alloc();
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t size) noexcept {
  look_at(block, size);
  std::free(block);
}

namespace ringway::enrolld {
namespace {

class SecretTest : public testing::Test {
 protected:
  template <typename Action>
  static int left_behind(Action action) {
    t_found = 0;
    t_watching = true;
    action();
    t_watching = false;
    return t_found;
  }
};

TEST_F(SecretTest, ThisTestSeesWhatIsLeftBehind) {
  EXPECT_EQ(left_behind([] { const std::string careless(k_marker); }), 1);
}

TEST_F(SecretTest, LeavesNothingBehind) {
  EXPECT_EQ(left_behind([] {
              Secret first(k_marker);
              Secret second = first.copy();
              Secret third(std::move(first));
              second = std::move(third);
              std::optional<Secret> fourth(std::move(second));
              fourth = Secret("another");
            }),
            0);
}

TEST_F(SecretTest, TakingEmptiesTheSource) {
  EXPECT_EQ(left_behind([] {
              std::string source(k_marker);
              const Secret taken = Secret::take(source);
              EXPECT_EQ(taken.reveal(), k_marker);
              EXPECT_TRUE(source.empty());
            }),
            0);
}

TEST_F(SecretTest, MovingEmptiesTheSource) {
  Secret first(k_marker);
  const Secret second(std::move(first));
  EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): that is the point
  EXPECT_EQ(second.reveal(), k_marker);
  EXPECT_STREQ(second.reveal_c_str(), k_marker.data());
}

TEST_F(SecretTest, EmptyOnesAreFine) {
  const Secret none;
  EXPECT_TRUE(none.empty());
  EXPECT_STREQ(none.reveal_c_str(), "");
  EXPECT_TRUE(none.copy().empty());
}

}  // namespace
}  // namespace ringway::enrolld

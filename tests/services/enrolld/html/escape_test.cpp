#include "services/enrolld/html/escape.hpp"

#include <gtest/gtest.h>

namespace ringway::enrolld {
namespace {

TEST(EscapeHtml, EverythingThatMarksUp) {
  EXPECT_EQ(escape_html("<a href=\"x\" b='y'>&amp;"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;");
}

TEST(EscapeHtml, NothingElse) {
  EXPECT_EQ(escape_html("alice@example.org, \xc3\xa9"), "alice@example.org, \xc3\xa9");
  EXPECT_EQ(escape_html(""), "");
}

}  // namespace
}  // namespace ringway::enrolld

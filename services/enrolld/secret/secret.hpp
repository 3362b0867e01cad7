// A text that nobody else shall read: it is zeroed when it goes, has no way into a stream or a log but
// reveal(), and is copied only where the code says so. What libcurl and the TLS library copy on the way out
// is theirs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ringway::enrolld {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text);
  static Secret take(std::string& source);  // zeroes and empties the source

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  Secret copy() const { return Secret(reveal()); }
  std::string_view reveal() const;
  const char* reveal_c_str() const;  // for libraries of C; ends at the first NUL
  bool empty() const { return reveal().empty(); }

 private:
  void wipe() noexcept;

  // With a NUL at the end, or empty. Never grows, so that no old copy stays behind; a vector, because a short
  // std::string leaves its bytes in the place it was moved from.
  std::vector<char> bytes_;
};

// Zeroes a buffer that held a secret for a moment, and empties it.
void wipe(std::string& text);

}  // namespace ringway::enrolld

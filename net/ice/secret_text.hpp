// Text that is overwritten before its memory is given back: passwords of ICE and TURN.
#pragma once

#include <string>
#include <utility>

namespace ringway::net::ice {

class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string_view text) : text_(text) {}
  // Nothing is moved: a short string has no buffer to give away, and would stay where it was.
  SecretText(const SecretText&) = default;
  SecretText& operator=(SecretText other) {
    text_.swap(other.text_);
    return *this;
  }
  ~SecretText() { wipe(); }

  const std::string& text() const { return text_; }
  bool operator==(const SecretText&) const = default;

 private:
  void wipe();
  std::string text_;
};

}  // namespace ringway::net::ice

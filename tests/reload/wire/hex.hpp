// Wire bytes written as in the RFC's layouts: hexadecimal with spaces between the fields.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "reload/bytes.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::wire {

inline Bytes hex(std::string text) {
  std::erase(text, ' ');
  Bytes bytes;
  EXPECT_TRUE(from_hex(text, bytes)) << text;
  return bytes;
}

inline Bytes text_bytes(std::string_view text) { return copy_of(view_of(text)); }

// The node whose bytes count up from `first`.
inline NodeId node(std::uint8_t first) {
  NodeId id;
  for (std::uint8_t& byte : id.bytes) byte = first++;
  return id;
}

inline const std::string k_node_10 = "101112131415161718191a1b1c1d1e1f ";
inline const std::string k_node_20 = "202122232425262728292a2b2c2d2e2f ";
inline const std::string k_node_30 = "303132333435363738393a3b3c3d3e3f ";
inline const std::string k_no_node_hex = "00000000000000000000000000000000 ";

// Encoding gives exactly these bytes, and they decode.
template <typename T>
void expect_layout(const T& structure, const std::string& layout, const KindModels* kinds = nullptr) {
  EXPECT_EQ(to_hex(encode(structure)), to_hex(hex(layout)));
  const Result<T> decoded = decode<T>(hex(layout), kinds);
  ASSERT_TRUE(decoded) << decoded.error().reason << " at " << decoded.error().offset;
  EXPECT_EQ(to_hex(encode(*decoded)), to_hex(hex(layout)));
}

template <typename T>
std::string refusal(const std::string& layout, const KindModels* kinds = nullptr) {
  const Result<T> decoded = decode<T>(hex(layout), kinds);
  return decoded ? "accepted" : decoded.error().reason;
}

}  // namespace ringway::wire

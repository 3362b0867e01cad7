#include "reload/config/base64.hpp"

#include <openssl/evp.h>

namespace ringway::config {

std::string to_base64(BytesView bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool from_base64(std::string_view text, Bytes& out) {
  std::string packed;
  for (const char c : text)
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') packed.push_back(c);
  if (packed.empty() || packed.size() % 4 != 0) return false;
  out.resize(packed.size() / 4 * 3);
  const int size = EVP_DecodeBlock(out.data(), reinterpret_cast<const unsigned char*>(packed.data()),
                                   static_cast<int>(packed.size()));
  if (size < 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && packed[packed.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return to_base64(out) == packed;  // no other spelling of the same bytes
}

}  // namespace ringway::config

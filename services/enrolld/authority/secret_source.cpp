#include "services/enrolld/authority/secret_source.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ringway::enrolld {
namespace {

// A buffer that leaves nothing behind.
struct Buffer {
  std::array<char, k_max_secret_size_bytes + 2> bytes{};
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

Result<Secret> checked(const SecretSource& source, const std::string& where, std::string_view text) {
  if (text.empty()) return Failure{where + " holds nothing; " + source.what + " is wanted"};
  if (text.size() > k_max_secret_size_bytes || text.find('\0') != std::string_view::npos)
    return Failure{where + ": " + source.what + " has at most " + std::to_string(k_max_secret_size_bytes) +
                   " bytes, none of them NUL"};
  return Secret(text);
}

// Its first line, without going through buffers of the library's own, which nobody wipes.
Result<Secret> read_secret(const SecretSource& source) {
  const int file = ::open(source.file.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Failure{"cannot read " + source.file + ": " + std::strerror(errno)};
  Buffer buffer;
  std::size_t size = 0;
  ssize_t count = 1;
  while (count != 0 && size < buffer.bytes.size()) {
    count = ::read(file, buffer.bytes.data() + size, buffer.bytes.size() - size);
    if (count < 0 && errno != EINTR) break;
    if (count > 0) size += static_cast<std::size_t>(count);
  }
  const int error = errno;
  ::close(file);
  if (count < 0) return Failure{"cannot read " + source.file + ": " + std::strerror(error)};
  std::string_view line(buffer.bytes.data(), size);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return checked(source, source.file, line);
}

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

// Without a terminal OpenSSL would read standard input, with echo: never asked then.
Result<Secret> ask(const SecretSource& source, bool twice) {
  Buffer buffer;
  const std::string prompt = source.what + ": ";
  if (EVP_read_pw_string(buffer.bytes.data(), static_cast<int>(buffer.bytes.size()) - 1, prompt.c_str(),
                         twice ? 1 : 0) != 0)
    return Failure{"no " + source.what + " was typed, or not the same one twice"};
  return checked(source, "the terminal", buffer.bytes.data());
}

std::string places(const SecretSource& source) {
  std::string text = source.file_option;
  if (!source.environment.empty()) text += (text.empty() ? "" : " or ") + source.environment;
  return text;
}

}  // namespace

bool SecretSource::given() const {
  return !file.empty() || (!environment.empty() && std::getenv(environment.c_str()) != nullptr);
}

Result<Secret> find_secret(const SecretSource& source) {
  if (!source.file.empty()) return read_secret(source);
  if (source.given()) return checked(source, source.environment, std::getenv(source.environment.c_str()));
  if (source.may_ask && has_terminal()) return ask(source, false);
  return Failure{source.what + " is needed: " + places(source) + " gives it"};
}

Result<Secret> ask_for_new_secret(const SecretSource& source) {
  if (source.may_ask && has_terminal()) return ask(source, true);
  return Failure{"there is no terminal to ask for " + source.what + ": " + places(source) + " gives it"};
}

}  // namespace ringway::enrolld

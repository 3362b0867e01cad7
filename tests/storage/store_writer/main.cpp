// Writes numbered groups into a store for as long as it lives, and prints each number once its commit is
// acknowledged. The crash test kills it.
#include <cstdint>
#include <cstdio>
#include <string>

#include "storage/rocks_store.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/storage/writer_groups.hpp"

int main(int argc, char** argv) {
  using namespace ringway::storage;
  if (argc != 2) return 2;
  RocksSettings settings;
  settings.directory = argv[1];
  settings.now = [] { return k_start_ms; };
  settings.write_buffer_bytes = 256U << 10;  // so that the kill meets flushes and compactions too
  auto store = RocksStore::open(std::move(settings));
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().reason.c_str());
    return 1;
  }
  for (std::uint32_t number = 1; number != 0; ++number) {
    const auto done = (*store)->commit(group_number(number));
    if (!done) {
      std::fprintf(stderr, "%s\n", done.error().reason.c_str());
      return 1;
    }
    if (std::printf("%u\n", number) < 0 || std::fflush(stdout) != 0) return 0;  // nobody listens any more
  }
  return 0;
}

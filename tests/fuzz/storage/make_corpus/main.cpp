// Writes the seeds of record_codec's corpus: the first byte picks the decoder.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "storage/record_codec.hpp"
#include "tests/storage/record_samples.hpp"

namespace {

using namespace ringway;
using namespace ringway::storage;
namespace fs = std::filesystem;

void write(const fs::path& file, std::uint8_t decoder, const Bytes& encoded) {
  Bytes bytes{decoder};
  append(bytes, encoded);
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text_of(bytes);
  if (!out.flush()) std::fprintf(stderr, "cannot write %s\n", file.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: storage_corpus <folder of the corpora>\n");
    return 1;
  }
  const fs::path folder = fs::path(argv[1]) / "record_codec";
  write(folder / "single", 0, encode_record(*single("value")));
  write(folder / "array", 0, encode_record(*element(7, "value")));
  write(folder / "dictionary", 0, encode_record(*entry("key", "value")));
  write(folder / "removed", 0, encode_record(*tombstone()));
  GenerationEntry generation;
  generation.keep_until_ms = k_start_ms;
  write(folder / "generation", 1, encode_generation(generation));
  write(folder / "certificate", 2, encode_certificate({k_start_ms, SharedBytes(Bytes(64, 0x30))}));
  return 0;
}

// Writes the seeds of the corpus: small scenes in which everybody behaves, for the fuzzer to spoil.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/fuzz/peer/stage/play.hpp"
#include "tests/fuzz/peer/stage/samples.hpp"

namespace {

using namespace ringway;
using fuzz::Sample;
using fuzz::Step;
namespace fs = std::filesystem;

// Durations of Step::wait by their number (play.cpp).
constexpr std::uint8_t k_wait_100_ms = 3;
constexpr std::uint8_t k_wait_1_s = 5;
constexpr std::uint8_t k_wait_16_s = 7;
constexpr std::uint8_t k_wait_700_s = 9;

class Scene {
 public:
  explicit Scene(std::uint8_t flags = 0) : bytes_{flags} {}

  Scene& connect(std::uint8_t who) { return step(Step::connect, who, {}); }
  Scene& hang_up(std::uint8_t who) { return step(Step::hang_up, who, {0}); }
  Scene& silence(std::uint8_t who) { return step(Step::silence, who, {0}); }
  Scene& restore() { return step(Step::silence, 0, {1}); }
  Scene& wait(std::uint8_t which) { return step(Step::wait, 0, {which}); }
  Scene& ping(std::uint8_t who) { return step(Step::ping, who, {}); }
  Scene& leave() { return step(Step::leave, 0, {0xFF}); }
  Scene& call(std::uint8_t which, std::uint8_t key) {
    return which == 0 ? step(Step::call, 0, {1, which, key, 20, 60}) : step(Step::call, 0, {1, which, key});
  }
  Scene& raw(std::uint8_t who, Sample sample) { return step(Step::raw, who, {0, number(sample), 0, 0, 0}); }
  // With another byte there.
  Scene& bent(std::uint8_t who, Sample sample, std::uint8_t offset) {
    return step(Step::raw, who, {0, number(sample), 0, 1, 0, offset, 0xA5, 0});
  }
  // `destination`, `via` and `options` as player.cpp reads them.
  Scene& send(std::uint8_t who, Sample sample, std::uint8_t destination = 0, std::uint8_t via = 0,
              std::uint8_t options = 0, Bytes more_of_header = {}) {
    Bytes bytes{0, number(sample), destination, via, 0, options, 0};
    append(bytes, more_of_header);
    append(bytes, Bytes{0, 0, 0, 0});
    return step(Step::send, who, bytes);
  }
  Scene& send_in_two(std::uint8_t who, Sample sample) {
    return step(Step::send, who, {0, number(sample), 0, 0, 0, 0, 0, 0, 128, 0, 0, 0});
  }
  // Answers the newest request, or that many before it.
  Scene& answer(std::uint8_t who, std::uint8_t which = 0) {
    return step(Step::answer, who, {which, 0, 0, 0, 0, 0});
  }
  Scene& answer_with(std::uint8_t who, Sample sample) {
    return step(Step::answer, who, {0, number(sample), 0, 0, 0, 0});
  }
  // A peer of the ring: it attaches, and its Update comes.
  Scene& neighbor(std::uint8_t who) {
    return connect(who).send(who, Sample::attach).wait(k_wait_100_ms).send(who, Sample::update_ready);
  }
  // What it was asked last, all answered.
  Scene& answers(std::uint8_t who, std::uint8_t count) {
    for (std::uint8_t i = 0; i < count; ++i) answer(who, i);
    return *this;
  }

  const Bytes& bytes() const { return bytes_; }

 private:
  static std::uint8_t number(Sample sample) { return static_cast<std::uint8_t>(sample); }
  Scene& step(Step what, std::uint8_t who, const Bytes& more) {
    bytes_.push_back(static_cast<std::uint8_t>(
        static_cast<unsigned>(what) | static_cast<unsigned>(who) << fuzz::k_who_shift | fuzz::k_then_pause));
    append(bytes_, more);
    return *this;
  }
  Bytes bytes_;
};

void write(const fs::path& file, const Scene& scene) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text_of(scene.bytes());
  if (!out.flush()) std::fprintf(stderr, "cannot write %s\n", file.c_str());
}

Scene everything_once(Sample first, Sample last) {
  Scene scene;
  scene.neighbor(0).neighbor(1);
  for (auto i = static_cast<std::uint8_t>(first); i <= static_cast<std::uint8_t>(last); ++i)
    scene.send(i % 2, static_cast<Sample>(i));
  return scene.wait(k_wait_1_s).answers(0, 4).answers(1, 4);
}

void write_all(const fs::path& folder) {
  write(folder / "ring", everything_once(Sample::ping, Sample::route_query_resource));
  write(folder / "values", everything_once(Sample::store_owner, Sample::path_track));
  write(folder / "raw", Scene()
                            .connect(0)
                            .raw(0, Sample::ping)
                            .raw(0, Sample::attach)
                            .raw(0, Sample::store_owner)
                            .raw(0, Sample::fetch_owner)
                            .raw(0, Sample::update_full));
  write(folder / "bad_signatures", Scene()
                                       .neighbor(0)
                                       .bent(0, Sample::ping, 62)
                                       .bent(0, Sample::store_owner, 70)
                                       .bent(0, Sample::update_full, 100));
  write(folder / "replicas", Scene()
                                 .neighbor(0)
                                 .neighbor(1)
                                 .call(0, 0)
                                 .answers(0, 2)
                                 .answers(1, 2)
                                 .send(0, Sample::store_owner)
                                 .answers(0, 2)
                                 .answers(1, 2)
                                 .call(1, 0)
                                 .call(3, 0)
                                 .call(2, 0)
                                 .wait(k_wait_16_s));
  write(folder / "calls", Scene()
                              .neighbor(0)
                              .neighbor(1)
                              .call(1, 2)
                              .answer_with(0, Sample::fetch_ans)
                              .answer_with(1, Sample::fetch_ans)
                              .call(3, 3)
                              .answer_with(0, Sample::stat_ans)
                              .answer_with(1, Sample::stat_ans)
                              .call(0, 1)
                              .answer_with(0, Sample::error_generation)
                              .answer_with(1, Sample::store_ans)
                              .wait(k_wait_16_s));
  write(folder / "forwarding", Scene(fuzz::k_compress_via_lists)
                                   .neighbor(0)
                                   .neighbor(1)
                                   .send(0, Sample::ping, 3, 2)
                                   .send(1, Sample::ping_ans, 6, 0, 0, {0, 0, 0})
                                   .send(0, Sample::fetch_all, 4, 1, 4)
                                   .send(0, Sample::ping, 5)
                                   .ping(1)
                                   .answer(1));
  write(folder / "long_lists", Scene(fuzz::k_compress_via_lists | fuzz::k_large_messages)
                                   .neighbor(0)
                                   .neighbor(1)
                                   .send(0, Sample::ping, 3, 8)
                                   .send(1, Sample::ping_ans, 6, 0, 0, {0, 0, 8}));
  write(folder / "fragments", Scene()
                                  .connect(0)
                                  .send_in_two(0, Sample::ping)
                                  .send_in_two(0, Sample::attach)
                                  .send_in_two(0, Sample::store_owner)
                                  .wait(k_wait_16_s));
  write(folder / "failing_links", Scene()
                                      .neighbor(0)
                                      .neighbor(1)
                                      .silence(1)
                                      .call(0, 0)
                                      .wait(k_wait_16_s)
                                      .restore()
                                      .hang_up(0)
                                      .wait(k_wait_1_s)
                                      .neighbor(0)
                                      .wait(k_wait_700_s));
  write(folder / "admits", Scene()
                               .call(0, 0)
                               .wait(k_wait_100_ms)
                               .connect(0)
                               .send(0, Sample::attach)
                               .wait(k_wait_100_ms)
                               .send(0, Sample::join)
                               .wait(k_wait_100_ms)
                               .answers(0, 6)
                               .wait(k_wait_100_ms)
                               .answers(0, 4));
  write(folder / "joins", Scene(fuzz::k_peer_joins)
                              .wait(k_wait_1_s)
                              .answer(0)
                              .connect(0)
                              .send(0, Sample::update_ready)
                              .wait(k_wait_1_s)
                              .send(0, Sample::update_neighbors)
                              .wait(k_wait_1_s)
                              .answers(0, 6)
                              .send(0, Sample::store_owner)
                              .send(0, Sample::update_admits)
                              .answers(0, 6)
                              .wait(k_wait_16_s));
  write(folder / "leaves",
        Scene().neighbor(0).neighbor(1).call(0, 0).answers(1, 2).leave().answers(0, 6).answers(1, 6));
  write(folder / "configuration", Scene()
                                      .neighbor(3)
                                      .send(3, Sample::ping, 0, 0, 0x10)
                                      .send(3, Sample::config_update)
                                      .send(3, Sample::ping)
                                      .call(0, 0)
                                      .answer_with(3, Sample::error_config_too_new));
  write(folder / "strangers",
        Scene().neighbor(0).send(0, Sample::update_strangers).wait(k_wait_1_s).wait(k_wait_16_s));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: peer_corpus <folder of the corpora>\n");
    return 1;
  }
  write_all(fs::path(argv[1]) / "peer");
  return 0;
}

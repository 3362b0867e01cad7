// New documents are noticed, whoever makes them.
#include "services/enrolld/serve/document_watch.hpp"

#include <filesystem>
#include <fstream>

#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/serve/code_key.hpp"
#include "tests/services/enrolld/registrar/registrar_fixture.hpp"

namespace ringway::enrolld {
namespace {

constexpr const char* k_alice = "alice@example.org";

class DocumentWatchTest : public RegistrarTest {
 protected:
  DocumentWatchTest() {
    registrar();
    std::filesystem::create_directories(directory_);
    put("root.crt", services::certificate_pem(authority_.root()));
    put_document(newest()->document.view());
  }
  void put(const std::string& name, const std::string& text) {
    ASSERT_TRUE(write_file(directory_ + "/" + name, text, Access::everyone));
  }
  void put_document(BytesView bytes) { put("overlay.xml", std::string(text_of(bytes))); }
  std::uint16_t folders_sequence() const {
    const auto bytes = read_file(directory_ + "/overlay.xml").value();
    return config::parse_configuration(SharedBytes(copy_of(view_of(bytes))), k_overlay).value()->sequence;
  }
  std::unique_ptr<DocumentWatch> watch() {
    DocumentWatchSettings settings{directory_};
    settings.look_every = Duration{20};
    return std::make_unique<DocumentWatch>(
        settings, registrar(), records(), log_, [] { return k_now_ms; },
        [this](const SharedBytes& document) {
          const auto parsed = config::parse_configuration(document, k_overlay);
          const std::lock_guard lock(mutex_);
          seen_.push_back(parsed.value()->sequence);
        });
  }
  std::vector<std::uint16_t> seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }
  void wait_for(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (seen().size() < count && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  template <typename Condition>
  static bool comes(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (!condition() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    return condition();
  }

  const std::string directory_ = folder_.file("authority");
  services::EventLog log_{"warn", false};

 private:
  std::mutex mutex_;
  std::vector<std::uint16_t> seen_;
};

TEST_F(DocumentWatchTest, TheDocumentAtTheStartIsHandedOnOnce) {
  {
    const auto watching = watch();
    wait_for(1);
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  EXPECT_THAT(seen(), testing::ElementsAre(7));
}

TEST_F(DocumentWatchTest, AnotherServersDocumentIsNoticedAndKeptInTheFolder) {
  const auto delivered = enrol(k_alice, test::new_key());
  ASSERT_TRUE(delivered.ok());
  const auto watching = watch();
  wait_for(1);
  const auto other_records = open_records();
  const auto other = make_registrar(*other_records, settings());
  ASSERT_TRUE(other->revoke_user(k_alice, "", caller_, k_now_ms));
  wait_for(2);
  EXPECT_THAT(seen(), testing::ElementsAre(7, 8));
  EXPECT_EQ(folders_sequence(), 8);
}

TEST_F(DocumentWatchTest, ADocumentPutIntoTheFolderIsPublished) {
  const auto watching = watch();
  wait_for(1);
  config::Configuration next = *newest();
  next.sequence = 12;
  put_document(config::write_document(next, *signer_, *signer_).value());
  wait_for(2);
  EXPECT_THAT(seen(), testing::ElementsAre(7, 12));
  EXPECT_EQ(newest()->sequence, 12);
}

TEST_F(DocumentWatchTest, AnOldDocumentInTheFolderIsNot) {
  config::Configuration old = *newest();
  old.sequence = 3;
  put_document(config::write_document(old, *signer_, *signer_).value());
  const auto watching = watch();
  wait_for(1);
  EXPECT_EQ(newest()->sequence, 7);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (folders_sequence() != 7 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  EXPECT_EQ(folders_sequence(), 7);  // the next update in the folder follows the newest
}

TEST_F(DocumentWatchTest, AnUpdateOfTheFolderThatCameSecondIsNotLost) {
  // Shows: FM-27.
  const auto delivered = enrol(k_alice, test::new_key());
  ASSERT_TRUE(delivered.ok());
  // update-config, in the moment between a new document and the folder's getting it: the same number.
  const auto late =
      made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); });
  ASSERT_TRUE(registrar().revoke_user(k_alice, "", caller_, k_now_ms));
  put_document(late);
  const auto watching = watch();
  const auto published = [&] { return newest()->bad_nodes.contains(test::node_id(55)); };
  EXPECT_TRUE(comes(published));
  EXPECT_EQ(newest()->sequence, 9);
  EXPECT_TRUE(newest()->bad_nodes.contains(delivered->nodes[0]));
  EXPECT_TRUE(comes([&] { return folders_sequence() == 9; }));
}

TEST_F(DocumentWatchTest, TwoUpdatesOfTheFolderInARowDropNoBadNode) {
  // Shows: FM-27.
  const auto other_records = open_records();
  const auto other = make_registrar(*other_records, settings());
  const auto watching = watch();
  wait_for(1);
  // Both runs of update-config come between two looks, and beside a document of another server's folder.
  const auto second =
      made_elsewhere(9, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(66)); });
  const auto others =
      made_elsewhere(8, [](config::Configuration& next) { next.bad_nodes.insert(test::node_id(55)); });
  {
    const auto lock = FolderLock::take(directory_);  // update-config's
    ASSERT_TRUE(lock);
    ASSERT_TRUE(other->adopt_document(others, caller_, k_now_ms));
    put_document(second);
  }
  const auto both = [&] {
    const auto& bad = newest()->bad_nodes;
    return bad.contains(test::node_id(55)) && bad.contains(test::node_id(66));
  };
  EXPECT_TRUE(comes(both));
  EXPECT_TRUE(comes([&] { return read_document(directory_).value() == registrar().document()->bytes; }));
}

TEST_F(DocumentWatchTest, AnUpdateThatCannotBeTakenOverIsToldAndTheFolderGetsTheNewest) {
  const auto late = made_elsewhere(7, [](config::Configuration& next) {
    next.bootstrap_nodes.push_back({"192.0.2.7", 6084});
  });
  put_document(late);
  testing::internal::CaptureStderr();
  {
    const auto watching = watch();
    EXPECT_TRUE(comes([&] { return read_document(directory_).value() == registrar().document()->bytes; }));
  }
  const auto said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("bootstrap nodes"));
  EXPECT_THAT(said, testing::HasSubstr("update-config once more"));
  EXPECT_EQ(registrar().tally().of(Event::document_changes_lost), 1U);
}

TEST_F(DocumentWatchTest, ADocumentThatIsNearlyTooLongIsTold) {
  const auto bytes = made_elsewhere(8, [](config::Configuration& next) {
    next.max_message_size_bytes = static_cast<std::uint32_t>(next.document.size() * 5 / 4 + 2048);
  });
  put_document(bytes);
  testing::internal::CaptureStderr();
  {
    const auto watching = watch();
    wait_for(1);
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("nearly too long"));
}

TEST_F(DocumentWatchTest, ABrokenDocumentInTheFolderChangesNothing) {
  put("overlay.xml", "<overlay/>");
  const auto watching = watch();
  wait_for(1);
  EXPECT_THAT(seen(), testing::ElementsAre(7));
}

TEST(CodeKeyTest, IsMadeOnceForItsOwnerOnly) {
  const services::TemporaryFolder folder;
  const std::string path = folder.file("code.key");
  EXPECT_FALSE(load_code_key(path, false));
  const auto first = load_code_key(path, true);
  ASSERT_TRUE(first) << first.error().reason;
  EXPECT_TRUE(first->made);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  const auto again = load_code_key(path, true);
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->made);
  EXPECT_EQ(again->key.reveal(), first->key.reveal());
  EXPECT_FALSE(load_code_key(folder.file("short.key", "too short\n"), true));
}

}  // namespace
}  // namespace ringway::enrolld

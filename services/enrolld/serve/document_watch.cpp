#include "services/enrolld/serve/document_watch.hpp"

#include <utility>

#include "services/enrolld/folder/overlay_files.hpp"

namespace ringway::enrolld {
namespace {

// In the audit trail, where a caller's address would be.
constexpr const char* k_source = "server";

}  // namespace

DocumentWatch::DocumentWatch(DocumentWatchSettings settings, Registrar& registrar, Records& records,
                             services::EventLog& log, std::function<WallMs()> now_ms, DocumentSink sink)
    : settings_(std::move(settings)),
      registrar_(registrar),
      records_(records),
      log_(log),
      now_ms_(std::move(now_ms)),
      sink_(std::move(sink)),
      next_refresh_(Clock::now()),
      next_prune_(Clock::now() + settings_.prune_every),
      thread_([this] { run(); }) {}

DocumentWatch::~DocumentWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void DocumentWatch::look() {
  {
    const std::lock_guard lock(mutex_);
    look_now_ = true;
  }
  wake_.notify_all();
}

void DocumentWatch::run() {
  while (true) {
    adopt_from_folder();
    if (Clock::now() >= next_refresh_) refresh();
    take_newest();
    if (Clock::now() >= next_prune_) prune();
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, settings_.look_every, [this] { return look_now_ || stopping_; });
    if (stopping_) return;
    look_now_ = false;
  }
}

// What `ringway-enrolld update-config` has written while the server runs.
void DocumentWatch::adopt_from_folder() {
  auto bytes = read_document(settings_.directory);
  if (!bytes) return warn_once("cannot read the folder's document", bytes.error().reason);
  if (*bytes == folders_document_) return;
  const auto adopted = registrar_.adopt_document(*bytes, {k_source, {}}, now_ms_());
  if (!adopted) return warn_once("cannot adopt the folder's document", adopted.error().detail);
  folders_document_ = std::move(*bytes);
}

void DocumentWatch::take_newest() {
  const auto newest = registrar_.document();
  if (!newest) return warn_once("cannot look for a new document", newest.error().detail);
  last_trouble_.clear();
  if (newest->bytes.empty() || newest->position == position_) return;
  position_ = newest->position;
  log_.info("", "configuration document", {{"sequence", newest->sequence}, {"bytes", newest->bytes.size()}});
  keep_in_folder(*newest);
  sink_(SharedBytes(newest->bytes));
}

void DocumentWatch::keep_in_folder(const Document& document) {
  const auto kept = keep_document(settings_.directory, document.bytes);
  if (!kept) {
    log_.warn(
        "", "the folder's overlay.xml stays behind",
        {{"why", kept.error().reason}, {"advice", "update-config would make a document that no peer takes"}});
    return;
  }
  if (*kept) folders_document_ = document.bytes;
}

void DocumentWatch::refresh() {
  next_refresh_ = Clock::now() + settings_.refresh_every;
  if (const auto done = registrar_.refresh_document(k_source, now_ms_()); !done)
    warn_once("cannot refresh the document", done.error().detail);
}

void DocumentWatch::prune() {
  next_prune_ = Clock::now() + settings_.prune_every;
  const auto dropped = records_.prune(now_ms_());
  if (!dropped) return warn_once("cannot prune the records", dropped.error().reason);
  log_.debug("", "records pruned", {{"dropped", *dropped}});
}

// A database that stays away is told once, not at each look.
void DocumentWatch::warn_once(const std::string& what, const std::string& why) {
  if (std::exchange(last_trouble_, what + why) == what + why) return;
  log_.warn("", what, {{"why", why}});
}

}  // namespace ringway::enrolld

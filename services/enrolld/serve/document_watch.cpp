#include "services/enrolld/serve/document_watch.hpp"

#include <utility>

#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/registrar/document_room.hpp"

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
  const auto adopted = registrar_.adopt_document(*bytes, {k_source, {}}, now_ms_(), folders_document_);
  if (!adopted) return warn_once("cannot adopt the folder's document", adopted.error().detail);
  if (adopted->superseded) tell_superseded(*adopted);
  folders_document_ = std::move(*bytes);
  folder_behind_ = true;
}

void DocumentWatch::tell_superseded(const Adopted& adopted) {
  services::EventLog::Fields rescued = services::EventLog::Fields::array();
  for (const NodeId& node : adopted.rescued) rescued.push_back(node.hex());
  services::EventLog::Fields fields{{"bad_nodes_published_nevertheless", std::move(rescued)},
                                    {"not_taken_over", adopted.lost}};
  if (!adopted.lost.empty())
    fields["advice"] = "the folder gets the newest document: run update-config once more with these options";
  log_.warn("", "the folder's document came after another", fields);
}

void DocumentWatch::take_newest() {
  auto newest = registrar_.document();
  if (!newest) return warn_once("cannot look for a new document", newest.error().detail);
  last_trouble_.clear();
  if (newest->bytes.empty()) return;
  const bool is_new = newest->position != position_;
  if (is_new) {
    position_ = newest->position;
    log_.info("", "configuration document",
              {{"sequence", newest->sequence}, {"bytes", newest->bytes.size()}});
    tell_length(*newest);
    newest_document_ = std::move(newest->bytes);
    folder_behind_ = true;
  }
  if (folder_behind_) keep_in_folder();
  if (is_new) sink_(SharedBytes(newest_document_));
}

void DocumentWatch::tell_length(const Document& document) {
  const auto parsed = config::parse_configuration(SharedBytes(document.bytes), "");
  if (!parsed) return warn_once("cannot read the newest document", parsed.error().reason);
  if (!is_nearly_full(document.bytes.size(), **parsed)) return;
  log_.warn("", "the configuration document is nearly too long for a message",
            {{"bytes", document.bytes.size()},
             {"most", most_document_bytes(**parsed)},
             {"bad_nodes", (*parsed)->bad_nodes.size()},
             {"advice", "beyond that nobody can be shut out; nodes leave it when their certificates end"}});
}

void DocumentWatch::keep_in_folder() {
  // Not over one that nobody has read yet: that is adopted first, at the next look.
  if (folders_document_.empty()) return;
  if (folders_document_ != newest_document_) {
    const auto kept = replace_document(settings_.directory, folders_document_, newest_document_);
    if (kept && !*kept) return;
    if (kept) folders_document_ = newest_document_;
    if (!kept)
      log_.warn("", "the folder's overlay.xml stays behind",
                {{"why", kept.error().reason},
                 {"advice", "update-config would make a document that no peer takes"}});
  }
  folder_behind_ = false;
}

void DocumentWatch::refresh() {
  next_refresh_ = Clock::now() + settings_.refresh_every;
  if (const auto done = registrar_.gather_document(k_source, now_ms_()); !done)
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

// Notices each new configuration document, whoever made it: this server, another one at the same database, or
// an operator in the authority's folder. A thread of its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "reload/bytes.hpp"
#include "services/enrolld/registrar/registrar.hpp"
#include "services/log/event_log.hpp"

namespace ringway::enrolld {

// Brings a document to the peers of the overlay. Called on the watch's thread; may take its time.
using DocumentSink = std::function<void(const SharedBytes& document)>;

struct DocumentWatchSettings {
  std::string directory;  // the authority's folder
  Duration look_every{2'000};
  Duration refresh_every{15'000};
  Duration prune_every{300'000};
};

class DocumentWatch {
 public:
  // The first document it sees is new to it, too: nobody knows whether the last run has brought it to anyone.
  // What it is given outlives it.
  DocumentWatch(DocumentWatchSettings settings, Registrar& registrar, Records& records,
                services::EventLog& log, std::function<WallMs()> now_ms, DocumentSink sink);
  ~DocumentWatch();
  DocumentWatch(const DocumentWatch&) = delete;
  DocumentWatch& operator=(const DocumentWatch&) = delete;

  // At once instead of at the next time. From any thread.
  void look();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void adopt_from_folder();
  void take_newest();
  void tell_superseded(const Adopted& adopted);
  void tell_length(const Document& document);
  void keep_in_folder();
  void refresh();
  void prune();
  void warn_once(const std::string& what, const std::string& why);

  const DocumentWatchSettings settings_;
  Registrar& registrar_;
  Records& records_;
  services::EventLog& log_;
  const std::function<WallMs()> now_ms_;
  const DocumentSink sink_;

  // The thread's own.
  std::int64_t position_ = 0;
  Bytes newest_document_;
  Bytes folders_document_;      // as it was read and adopted last
  bool folder_behind_ = false;  // it is to get the newest
  std::string last_trouble_;
  Clock::time_point next_refresh_;
  Clock::time_point next_prune_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool look_now_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ringway::enrolld

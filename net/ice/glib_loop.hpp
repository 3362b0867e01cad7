// The thread on which libnice lives: a GLib main loop, and actions of other threads that are done there in
// order.
#pragma once

#include <glib.h>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "reload/time.hpp"

namespace ringway::net::ice {

class GlibLoop {
 public:
  GlibLoop();
  ~GlibLoop();
  GlibLoop(const GlibLoop&) = delete;
  GlibLoop& operator=(const GlibLoop&) = delete;

  void post(std::function<void()> action);  // from any thread
  // Does first what has been posted. Not on its own thread, and before the last owner lets go of it there.
  void stop();
  GMainContext* context() const { return context_; }

 private:
  static gboolean run_actions(gpointer self);

  GMainContext* const context_;
  GMainLoop* const loop_;
  std::mutex mutex_;
  std::vector<std::function<void()>> actions_;
  std::thread thread_;
};

// One action, later, on the loop's thread; there it is set and cleared as well.
class GlibTimer {
 public:
  GlibTimer() = default;
  ~GlibTimer() { clear(); }
  GlibTimer(const GlibTimer&) = delete;
  GlibTimer& operator=(const GlibTimer&) = delete;

  void set(const GlibLoop& loop, Duration after, std::function<void()> action);
  void clear();

 private:
  static gboolean run(gpointer self);

  GSource* source_ = nullptr;
  std::function<void()> action_;
};

}  // namespace ringway::net::ice

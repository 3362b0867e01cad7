#include "net/ice/glib_loop.hpp"

#include <utility>

namespace ringway::net::ice {

GlibLoop::GlibLoop() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {
  thread_ = std::thread([this] {
    g_main_context_push_thread_default(context_);  // callbacks of what libnice does asynchronously come here
    g_main_loop_run(loop_);
    g_main_context_pop_thread_default(context_);
  });
}

void GlibLoop::stop() {
  if (!thread_.joinable()) return;
  post([this] { g_main_loop_quit(loop_); });
  thread_.join();
}

GlibLoop::~GlibLoop() {
  stop();
  g_main_loop_unref(loop_);
  g_main_context_unref(context_);
}

void GlibLoop::post(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  actions_.push_back(std::move(action));
  if (actions_.size() > 1) return;  // those before it bring it along
  GSource* const source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(source, &GlibLoop::run_actions, this, nullptr);
  g_source_attach(source, context_);
  g_source_unref(source);
}

gboolean GlibLoop::run_actions(gpointer self) {
  auto* const loop = static_cast<GlibLoop*>(self);
  std::vector<std::function<void()>> actions;
  {
    const std::lock_guard lock(loop->mutex_);
    actions.swap(loop->actions_);
  }
  for (const auto& action : actions) action();
  return G_SOURCE_REMOVE;
}

void GlibTimer::set(const GlibLoop& loop, Duration after, std::function<void()> action) {
  clear();
  action_ = std::move(action);
  source_ = g_timeout_source_new(static_cast<guint>(after.count()));
  g_source_set_callback(source_, &GlibTimer::run, this, nullptr);
  g_source_attach(source_, loop.context());
}

void GlibTimer::clear() {
  if (source_ == nullptr) return;
  g_source_destroy(source_);
  g_source_unref(std::exchange(source_, nullptr));
  action_ = nullptr;
}

gboolean GlibTimer::run(gpointer self) {
  auto* const timer = static_cast<GlibTimer*>(self);
  const auto action = std::exchange(timer->action_, nullptr);
  timer->clear();
  action();
  return G_SOURCE_REMOVE;
}

}  // namespace ringway::net::ice

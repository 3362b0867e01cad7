#include "services/api/directory_lookup.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "reload/config/kinds.hpp"

namespace ringway::services {
namespace {

MonoTime mono_now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

std::vector<sip::FetchedRegistration> registrations_of(const data::GetResult& got) {
  std::vector<sip::FetchedRegistration> out;
  out.reserve(got.entries.size());
  for (const data::Entry& entry : got.entries)
    out.push_back({entry.writer_node, entry.value, entry.lifetime_s});
  return out;
}

}  // namespace

void DirectoryLookup::start(std::shared_ptr<actors::Peer> peer, sip::ResolutionSettings settings,
                            const std::string& address, std::function<bool()> wanted, Done done) {
  std::make_shared<DirectoryLookup>(std::move(peer),
                                    sip::Resolution(std::move(settings), mono_now(), address),
                                    std::move(wanted), std::move(done))
      ->go_on();
}

DirectoryLookup::DirectoryLookup(std::shared_ptr<actors::Peer> peer, sip::Resolution resolution,
                                 std::function<bool()> wanted, Done done)
    : peer_(std::move(peer)),
      wanted_(std::move(wanted)),
      done_(std::move(done)),
      resolution_(std::move(resolution)) {}

// The lock is not held while the peer is asked: it may answer at once.
void DirectoryLookup::go_on() {
  std::vector<sip::ResolutionOutput> outputs;
  bool tell = false;
  {
    const std::scoped_lock lock(mutex_);
    outputs = resolution_.take_outputs();
    if (resolution_.done()) tell = !std::exchange(told_, true);
  }
  // What it says does not change any more.
  if (tell) return done_(resolution_.result(), failure_);
  if (!wanted_()) return;
  for (const auto& output : outputs) {
    // What is no longer waited for ends by itself.
    if (const auto* question = std::get_if<sip::FetchRegistrations>(&output)) ask(*question);
  }
}

void DirectoryLookup::ask(const sip::FetchRegistrations& question) {
  data::GetCall call;
  call.key = question.aor.name();
  call.kind = config::k_sip_registration;
  peer_->submit({std::move(call)}, [self = shared_from_this(),
                                    number = question.number](const std::vector<data::CallResult>& results) {
    self->answered(number, results.front());
  });
}

void DirectoryLookup::answered(std::uint64_t number, const data::CallResult& result) {
  {
    const std::scoped_lock lock(mutex_);
    const auto* failure = std::get_if<data::CallFailure>(&result);
    if (const auto* got = std::get_if<data::GetResult>(&result)) {
      resolution_.fetched(number, registrations_of(*got));
    } else if (failure != nullptr && failure->error == data::CallError::not_found) {
      resolution_.fetched(number, {});
    } else {
      if (failure != nullptr && !failure_ && !resolution_.done()) failure_ = *failure;
      resolution_.failed(number, failure != nullptr ? failure->message : "an answer of another operation");
    }
    // A request has an end of its own, so this is looked at soon enough.
    resolution_.on_timer(mono_now());
  }
  go_on();
}

}  // namespace ringway::services

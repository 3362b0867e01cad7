#include "tests/overlay/overlay_client/watches.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace ringway::overlay_client {

namespace {

constexpr std::chrono::milliseconds k_between_rounds{250};
// A stream that is ended on purpose, every so many rounds.
constexpr std::size_t k_rounds_between_resumes = 4;

}  // namespace

std::string fault_of(const google::protobuf::RepeatedPtrField<v1::Entry>& entries,
                     const std::vector<std::string>& expected) {
  if (entries.empty()) return "nothing";
  if (entries.size() > 1) return std::to_string(entries.size()) + " entries";
  const std::string& value = entries[0].value();
  const bool right = std::find(expected.begin(), expected.end(), value) != expected.end();
  return right ? "" : "another value: " + value;
}

void WatchCounts::add(const WatchCounts& other) {
  events += other.events;
  compacted += other.compacted;
  vanished += other.vanished;
  went_back += other.went_back;
  resumed += other.resumed;
  for (const auto& [reason, count] : other.ended) ended[reason] += count;
}

// One key's, one gRPC call after the other. gRPC calls from its own threads.
class Watches::Stream {
 public:
  Stream(v1::Overlay::Stub& stub, std::string key) : stub_(stub), key_(std::move(key)) {}
  ~Stream() {
    std::unique_lock lock(mutex_);
    if (call_) call_->context.TryCancel();
    ended_.wait(lock, [this] { return call_ == nullptr; });
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void open_if_ended() {
    const std::lock_guard lock(mutex_);
    if (call_) return;
    call_ = std::make_shared<Call>(*this);
    call_->self = call_;
    v1::WatchRequest& request = call_->request;
    request.set_key(key_);
    request.set_resume_token(last_.resume_token());
    stub_.async()->Watch(&call_->context, &request, call_.get());
    call_->StartRead(&call_->response);
    call_->StartCall();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    if (!call_ || std::exchange(ending_, true)) return;
    ++counts_.resumed;
    call_->context.TryCancel();
  }

  std::string fault(const Expected& expected) const {
    const std::lock_guard lock(mutex_);
    const auto known = expected.find(key_);
    if (known == expected.end()) return last_.entries().empty() ? "" : "something";
    return fault_of(last_.entries(), known->second);
  }
  const std::string& key() const { return key_; }
  WatchCounts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

 private:
  struct Call final : grpc::ClientReadReactor<v1::WatchResponse> {
    explicit Call(Stream& owner) : stream(owner) {}
    void OnReadDone(bool ok) override {
      if (!ok) return;
      stream.told(response);
      StartRead(&response);
    }
    void OnDone(const grpc::Status& status) override {
      const auto last = std::move(self);  // destroys this object when the stream has forgotten it
      stream.ended(status);
    }

    Stream& stream;
    grpc::ClientContext context;
    v1::WatchRequest request;
    v1::WatchResponse response;
    std::shared_ptr<Call> self;
  };

  void told(const v1::WatchResponse& response) {
    const std::lock_guard lock(mutex_);
    ++counts_.events;
    counts_.compacted += response.compacted() ? 1 : 0;
    if (!last_.entries().empty()) {
      if (response.entries().empty())
        ++counts_.vanished;
      else if (response.entries(0).storage_time_ms() < last_.entries(0).storage_time_ms())
        ++counts_.went_back;
    }
    last_ = response;
  }
  void ended(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    call_.reset();
    if (!std::exchange(ending_, false) && !status.ok()) ++counts_.ended[status.error_message()];
    ended_.notify_all();
  }

  v1::Overlay::Stub& stub_;
  const std::string key_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::shared_ptr<Call> call_;
  bool ending_ = false;  // on purpose
  v1::WatchResponse last_;
  WatchCounts counts_;
};

Watches::Watches(const std::string& api, const std::vector<std::string>& keys)
    : stub_(v1::Overlay::NewStub(channel_to(api))) {
  for (const std::string& key : keys) streams_.push_back(std::make_unique<Stream>(*stub_, key));
  keeper_ = std::jthread([this](const std::stop_token& stop) { keep_open(stop); });
}

Watches::~Watches() {
  keeper_.request_stop();
  keeper_.join();
}

void Watches::keep_open(const std::stop_token& stop) {
  for (std::size_t round = 1; !stop.stop_requested(); ++round) {
    for (const auto& stream : streams_) stream->open_if_ended();
    if (round % k_rounds_between_resumes == 0)
      streams_[round / k_rounds_between_resumes % streams_.size()]->end();
    std::this_thread::sleep_for(k_between_rounds);
  }
}

std::map<std::string, std::string> Watches::missed(const Expected& expected) const {
  std::map<std::string, std::string> out;
  for (const auto& stream : streams_) {
    std::string fault = stream->fault(expected);
    if (!fault.empty()) out.emplace(stream->key(), std::move(fault));
  }
  return out;
}

WatchCounts Watches::counts() const {
  WatchCounts all;
  for (const auto& stream : streams_) all.add(stream->counts());
  return all;
}

}  // namespace ringway::overlay_client

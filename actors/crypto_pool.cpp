#include "actors/crypto_pool.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ringway::actors {

// A queue for each worker. An order that names a resource always goes to the same worker, whose Inspector
// remembers the signatures of the values there; any other goes to the shortest queue.
class CryptoPool::Workers : public std::enable_shared_from_this<CryptoPool::Workers> {
 public:
  using Job = std::function<void(std::size_t worker)>;

  explicit Workers(std::size_t threads) : queues_(threads) {
    for (std::size_t worker = 0; worker < threads; ++worker)
      threads_.emplace_back([this, worker] { run(worker); });
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    for (auto& queue : queues_) queue.wake.notify_one();
    for (auto& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  std::size_t size() const { return queues_.size(); }

  void post(const std::optional<ResourceId>& resource, Job job) {
    const std::lock_guard lock(mutex_);
    std::size_t chosen = 0;
    if (resource) {
      chosen = std::hash<ResourceId>{}(*resource) % queues_.size();
    } else {
      for (std::size_t i = 1; i < queues_.size(); ++i)
        if (queues_[i].load() < queues_[chosen].load()) chosen = i;
    }
    queues_[chosen].jobs.push_back(std::move(job));
    queues_[chosen].wake.notify_one();
  }

 private:
  struct Queue {
    std::deque<Job> jobs;
    std::condition_variable wake;
    bool busy = false;
    std::size_t load() const { return jobs.size() + (busy ? 1 : 0); }
  };

  void run(std::size_t worker) {
    Queue& queue = queues_[worker];
    std::unique_lock lock(mutex_);
    while (true) {
      queue.wake.wait(lock, [&] { return ending_ || !queue.jobs.empty(); });
      if (ending_) return;
      Job job = std::move(queue.jobs.front());
      queue.jobs.pop_front();
      queue.busy = true;
      lock.unlock();
      job(worker);
      job = nullptr;  // what it holds is released outside the lock
      lock.lock();
      queue.busy = false;
    }
  }

  std::mutex mutex_;
  bool ending_ = false;
  std::vector<Queue> queues_;
  std::vector<std::thread> threads_;
};

class CryptoPool::Desk : public InspectionDesk, public std::enable_shared_from_this<CryptoPool::Desk> {
 public:
  Desk(std::weak_ptr<Workers> workers, std::size_t worker_count, std::shared_ptr<const Clock> clock,
       security::InspectionContext context, DeskCallbacks callbacks)
      : workers_(std::move(workers)),
        clock_(std::move(clock)),
        context_(std::move(context)),
        callbacks_(std::move(callbacks)),
        seats_(worker_count) {}

  void inspect(routing::Inspect order) override {
    const auto workers = workers_.lock();
    if (!workers || closed_.load()) return;
    if (waiting_.fetch_add(1) >= k_max_waiting_inspections) {
      waiting_.fetch_sub(1);
      return refuse(order.ticket);
    }
    // std::function wants copies to be possible; the order itself is not copied.
    auto held = std::make_shared<routing::Inspect>(std::move(order));
    const auto resource = held->fetch_resource;
    workers->post(resource, [self = shared_from_this(), held = std::move(held)](std::size_t worker) {
      self->work(worker, *held);
    });
  }

  void check(data::CheckValues order) override {
    const auto workers = workers_.lock();
    if (!workers || closed_.load()) return;
    if (waiting_.fetch_add(1) >= k_max_waiting_inspections) {
      waiting_.fetch_sub(1);
      return callbacks_.checked(data::ValuesChecked{order.ticket, {}});
    }
    const ResourceId resource = order.resource;
    workers->post(resource, [self = shared_from_this(), order = std::move(order)](std::size_t worker) {
      self->work(worker, order);
    });
  }

  void replace(security::InspectionContext context) override {
    const std::lock_guard lock(mutex_);
    context_ = std::move(context);
    ++version_;
  }

  void close() override { closed_.store(true); }

 private:
  // Used by one worker only.
  struct Seat {
    std::optional<security::Inspector> inspector;
    std::uint64_t version = 0;
  };

  void refuse(std::uint64_t ticket) {
    callbacks_.verdict(
        routing::Inspected{ticket, std::make_shared<Result<security::InspectedMessage>>(Failure{
                                       "too many messages wait for their signature to be checked", 0})});
  }

  void work(std::size_t worker, routing::Inspect& order) {
    waiting_.fetch_sub(1);
    if (closed_.load()) return;
    try {
      auto verdict = std::make_shared<Result<security::InspectedMessage>>(inspector(worker).inspect(
          clock_->now().wall_ms, std::move(order.header), order.bytes, order.fetch_resource));
      callbacks_.verdict(routing::Inspected{order.ticket, std::move(verdict)});
    } catch (const std::exception& error) {
      callbacks_.broken(std::string("an inspection has failed: ") + error.what());
    }
  }

  void work(std::size_t worker, const data::CheckValues& order) {
    waiting_.fetch_sub(1);
    if (closed_.load()) return;
    try {
      data::ValuesChecked checked{order.ticket, {}};
      for (const auto& value : *order.values)
        checked.verdicts.push_back(inspector(worker).check_value(clock_->now().wall_ms, order.resource,
                                                                 order.kind, value, order.certificates));
      callbacks_.checked(std::move(checked));
    } catch (const std::exception& error) {
      callbacks_.broken(std::string("a check of values has failed: ") + error.what());
    }
  }

  security::Inspector& inspector(std::size_t worker) {
    Seat& seat = seats_[worker];
    if (seat.inspector && seat.version == version_.load()) return *seat.inspector;
    const std::lock_guard lock(mutex_);
    seat.version = version_.load();
    if (seat.inspector)
      seat.inspector->replace(context_);
    else
      seat.inspector.emplace(context_, limits());
    return *seat.inspector;
  }

  // The workers of a desk share what one Inspector may remember: values of one resource are checked by one of
  // them only, and a peer's memory must not grow with the number of its processors.
  security::InspectionLimits limits() const {
    security::InspectionLimits of_each;
    of_each.max_certificates = std::max<std::size_t>(1, of_each.max_certificates / seats_.size());
    of_each.max_signatures = std::max<std::size_t>(1, of_each.max_signatures / seats_.size());
    return of_each;
  }

  const std::weak_ptr<Workers> workers_;
  const std::shared_ptr<const Clock> clock_;
  std::mutex mutex_;  // guards context_
  security::InspectionContext context_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::size_t> waiting_{0};
  std::atomic<bool> closed_{false};
  const DeskCallbacks callbacks_;
  std::vector<Seat> seats_;
};

CryptoPool::CryptoPool(std::size_t threads, std::shared_ptr<const Clock> clock)
    : workers_(std::make_shared<Workers>(threads)), clock_(std::move(clock)) {}

CryptoPool::~CryptoPool() = default;

std::shared_ptr<InspectionDesk> CryptoPool::open_desk(security::InspectionContext context,
                                                      DeskCallbacks callbacks) {
  return std::make_shared<Desk>(workers_, workers_->size(), clock_, std::move(context), std::move(callbacks));
}

}  // namespace ringway::actors

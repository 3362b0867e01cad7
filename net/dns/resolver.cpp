#include "net/dns/resolver.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <utility>

#include "net/dns/cache.hpp"
#include "net/dns/channel.hpp"
#include "net/io_pool.hpp"

namespace ringway::net::dns {
namespace {

namespace asio = boost::asio;

// The servers of the system may have changed since: the machine is in another network.
constexpr Duration k_channel_lifetime{30'000};
constexpr std::chrono::milliseconds k_look_at_pool{50};  // whether it still runs, when this stops

std::string as_asked(const std::string& name) {
  std::string out;
  for (const char c : name) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  if (!out.empty() && out.back() == '.') out.pop_back();
  return out;
}

// What handlers hold that wait: that they are told of their abortion does not mean that they have run, and
// what is left in a strand when its threads end holds on to the resolver, and so to the strand, for ever.
struct LastHandler {
  std::promise<void> gone;
  LastHandler() = default;
  LastHandler(const LastHandler&) = delete;
  LastHandler& operator=(const LastHandler&) = delete;
  ~LastHandler() { gone.set_value(); }
};

// All but what is atomic or under the gate is touched on the strand only.
class ResolverImpl : public Resolver, public std::enable_shared_from_this<ResolverImpl> {
 public:
  ResolverImpl(std::shared_ptr<asio::io_context> context, Settings settings)
      : context_(std::move(context)),
        strand_(asio::make_strand(*context_)),
        settings_(std::move(settings)),
        patience_timer_(strand_),
        cache_(settings_.max_cached),
        last_handler_(std::make_shared<LastHandler>()),
        all_gone_(last_handler_->gone.get_future()) {}
  // Whoever does not stop() it: the questions end, and then it goes.
  ~ResolverImpl() override {
    if (channel_) channel_->close();
  }

  Outcome<> open() {
    auto opened = Channel::open(strand_, settings_, last_handler_);
    if (!opened) return opened.error();
    channel_ = std::move(*opened);
    opened_at_ = mono_now();
    return ringway::Done{};
  }

  Result<QueryId> query(const std::string& name, RecordType type, Done done) override;
  void cancel(QueryId query) override;
  void stop() override;
  Counters counters() const override;
  TableSizes tables() const override;

 private:
  struct Waiting {
    Asked asked;
    Done done;
    MonoTime deadline;
  };
  using Waitings = std::map<QueryId, Waiting>;

  void begin(QueryId query, Asked asked, Done done);
  void ask(const Asked& asked);
  void renew_channel();
  void replied(const Asked& asked, int status, BytesView message);
  void end(Waitings::iterator waiting, Answer answer);
  void end_all(const Asked& asked, const Answer& answer);
  void set_patience_timer();
  void on_patience();
  void close();

  const std::shared_ptr<asio::io_context> context_;
  const Strand strand_;
  const Settings settings_;
  Timer patience_timer_;
  bool is_timer_set_ = false;
  std::shared_ptr<Channel> channel_;
  MonoTime opened_at_;
  Cache cache_;
  Waitings waiting_;        // so also by deadline: all wait for the same time
  std::set<Asked> asking_;  // of the servers; also when nobody waits any more
  std::atomic<std::uint64_t> last_query_{0};
  std::atomic<std::size_t> taken_{0};  // what waits, and what is on its way to the strand
  std::atomic<std::size_t> asking_count_{0}, cached_count_{0};
  struct {
    std::atomic<std::uint64_t> queries{0}, from_cache{0}, joined{0}, asked{0}, failed{0}, refused_full{0};
  } counters_;
  std::shared_ptr<LastHandler> last_handler_;  // until it is closed
  std::future<void> all_gone_;                 // of whoever stops it
  std::shared_mutex gate_;
  std::atomic<bool> is_stopped_{false};  // set under the gate
};

Result<QueryId> ResolverImpl::query(const std::string& name, RecordType type, Done done) {
  if (is_stopped_)  // without the gate: `done` may ask, within it
    return Failure{"stopped"};
  if (taken_.fetch_add(1) >= settings_.max_queries) {
    --taken_;
    ++counters_.refused_full;
    return Failure{"as many questions to DNS as may be under way"};
  }
  ++counters_.queries;
  const QueryId query{++last_query_};
  asio::post(strand_,
             [self = shared_from_this(), query, asked = Asked{as_asked(name), type},
              done = std::move(done)]() mutable { self->begin(query, std::move(asked), std::move(done)); });
  return query;
}

void ResolverImpl::cancel(QueryId query) {
  asio::post(strand_, [weak = weak_from_this(), query] {
    const auto self = weak.lock();
    if (self && self->waiting_.erase(query) != 0) --self->taken_;
  });
}

void ResolverImpl::begin(QueryId query, Asked asked, Done done) {
  const MonoTime now = mono_now();
  const auto at =
      waiting_.emplace(query, Waiting{std::move(asked), std::move(done), now + settings_.patience}).first;
  if (const Answer* known = cache_.find(at->second.asked, now)) {
    ++counters_.from_cache;
    return end(at, *known);
  }
  set_patience_timer();
  if (asking_.count(at->second.asked) != 0)
    ++counters_.joined;
  else
    ask(Asked(at->second.asked));
}

void ResolverImpl::ask(const Asked& asked) {
  // Questions that nobody waits for any more are still being asked: c-ares drops none.
  if (asking_.size() >= settings_.max_queries)
    return end_all(asked, QueryFailure{Problem::no_answer, "the servers are silent"});
  renew_channel();
  if (!channel_) return end_all(asked, QueryFailure{Problem::no_answer, "stopped"});
  ++counters_.asked;
  asking_.insert(asked);
  asking_count_ = asking_.size();
  channel_->query(asked.name, asked.type, [weak = weak_from_this(), asked](int status, BytesView message) {
    if (const auto self = weak.lock()) self->replied(asked, status, message);
  });
}

void ResolverImpl::renew_channel() {
  if (!settings_.servers.empty() || !asking_.empty() || !channel_) return;
  if (mono_now() - opened_at_ < k_channel_lifetime) return;
  channel_->close();
  if (!open()) channel_.reset();
}

void ResolverImpl::replied(const Asked& asked, int status, BytesView message) {
  asking_.erase(asked);
  asking_count_ = asking_.size();
  auto answer = read_answer(asked.type, status, message, settings_);
  end_all(asked, answer.answer);
  cache_.keep(asked, std::move(answer), mono_now());
  cached_count_ = cache_.size();
}

void ResolverImpl::end_all(const Asked& asked, const Answer& answer) {
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const auto waiting = at++;
    if (waiting->second.asked == asked) end(waiting, answer);
  }
}

void ResolverImpl::end(Waitings::iterator waiting, Answer answer) {
  auto node = waiting_.extract(waiting);
  --taken_;
  if (!answer) ++counters_.failed;
  const std::shared_lock lock(gate_);
  if (!is_stopped_) node.mapped().done(std::move(answer));
}

void ResolverImpl::set_patience_timer() {
  if (waiting_.empty() || std::exchange(is_timer_set_, true)) return;
  patience_timer_.expires_at(
      std::chrono::steady_clock::time_point(Duration{waiting_.begin()->second.deadline.ms + 1}));
  patience_timer_.async_wait(
      [self = shared_from_this(), held = last_handler_](const boost::system::error_code& stopped) {
        self->is_timer_set_ = false;
        if (!stopped) self->on_patience();
      });
}

void ResolverImpl::on_patience() {
  const MonoTime now = mono_now();
  while (!waiting_.empty() && waiting_.begin()->second.deadline <= now)
    end(waiting_.begin(), QueryFailure{Problem::no_answer, "no answer in time"});
  set_patience_timer();
}

void ResolverImpl::stop() {
  {
    const std::unique_lock lock(gate_);
    if (is_stopped_.exchange(true)) return;
  }
  asio::post(strand_, [self = shared_from_this()] { self->close(); });
  while (!context_->stopped() && all_gone_.wait_for(k_look_at_pool) != std::future_status::ready) {
  }
}

void ResolverImpl::close() {
  patience_timer_.cancel();
  if (channel_) channel_->close();
  channel_.reset();
  taken_ -= waiting_.size();
  waiting_.clear();
  last_handler_.reset();
}

Counters ResolverImpl::counters() const {
  return {counters_.queries, counters_.from_cache, counters_.joined,
          counters_.asked,   counters_.failed,     counters_.refused_full};
}

TableSizes ResolverImpl::tables() const {
  return {{"queries of the resolver", taken_, settings_.max_queries},
          {"questions to DNS servers", asking_count_, settings_.max_queries},
          {"answers of DNS kept", cached_count_, settings_.max_cached}};
}

}  // namespace

Result<std::shared_ptr<Resolver>> Resolver::start(IoPool& pool, Settings settings) {
  auto made = std::make_shared<ResolverImpl>(pool.context(), std::move(settings));
  if (auto opened = made->open(); !opened) return opened.error();
  return std::shared_ptr<Resolver>(std::move(made));
}

}  // namespace ringway::net::dns

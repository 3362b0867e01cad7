// A data::ValueStore in memory: for the simulator, and for tests of what stands above a store. It answers
// like RocksStore and models what a crash does to a disk: the object is the disk, and outlives the peer.
//
// A commit has two halves. Between begin_commit and finish_commit it is on its way to the disk: reads do not
// see it, and a crash loses it, or, if it had reached the disk before anybody was told, keeps it; never a
// part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "reload/data/value_store.hpp"
#include "storage/record_codec.hpp"

namespace ringway::storage {

enum class CrashMode {
  lost,  // no unfinished commit had reached the disk
  torn,  // some had, whole; the next one was cut in the middle, which recovery drops with all behind it
};

class MemoryStore final : public data::ValueStore {
 public:
  Result<data::KindState> load(const data::KindAt& at) const override;
  Result<std::optional<SharedBytes>> certificate(BytesView sha256) const override;
  Result<std::vector<data::KindAt>> list(const RingId& after, const RingId& up_to,
                                         std::size_t limit) const override;
  Result<std::optional<Bytes>> fact(const std::string& name) const override;
  Result<std::vector<data::PutFact>> list_facts(const std::string& prefix, std::size_t limit) const override;
  Result<Totals> totals() const override;
  Outcome<> commit(const std::vector<data::WriteBatch>& batches) override;
  void reclaim(WallMs now_ms) override;

  using Ticket = std::uint64_t;
  Ticket begin_commit(std::vector<data::WriteBatch> batches);
  // Finishes this commit and those begun before it, as the sync of a log does. False when there is no such
  // commit (any more): a crash took it.
  bool finish_commit(Ticket ticket);
  // Ends every unfinished commit; in mode torn the first `whole_commits` of them are there afterwards.
  void crash(CrashMode mode = CrashMode::lost, std::size_t whole_commits = 0);

  // From now on the disk gives other bytes for that record, or for the generation of its Kind, until it is
  // written again. False when there is none.
  bool damage_record(const data::KindAt& at, const data::ItemKey& item);
  bool damage_generation(const data::KindAt& at);
  // Nor does it give the records that the Kind has now, and nobody can say which these were.
  bool damage_block(const data::KindAt& at);
  // Nor a writer's certificate.
  bool damage_certificate(BytesView sha256);
  // From now on it gives nothing, as one does that is away; or everything again.
  void refuse_reads(bool refused);
  std::size_t damaged_kinds() const;

 private:
  struct Kind {
    GenerationEntry generation;
    bool generation_is_new = false;  // set since the last reclaim, so its retention has not begun
    std::map<data::ItemKey, data::RecordPtr> records;
    data::Damage damage;
    std::set<data::ItemKey> in_block;  // of those behind damage.more
  };
  struct Pending {
    Ticket ticket = 0;
    std::vector<data::WriteBatch> batches;
  };

  static bool is_damaged(const Kind& kind, const data::ItemKey& item);
  void hide_unsigned(data::KindState& state) const;
  void apply(const Pending& pending);
  void apply(const data::PutRecord& put);
  void apply(const data::DropRecord& drop);
  void apply(const data::SetGeneration& set);
  void apply(const data::DropKind& drop);
  void apply(const data::KeepCertificate& keep);
  void apply(const data::PutFact& put);
  void apply(const data::DropFact& drop);
  void forget(const data::ItemKey& item, const data::Record& record);
  bool collect(std::map<data::KindAt, Kind>::const_iterator from, const RingId* up_to, std::size_t limit,
               std::vector<data::KindAt>& out) const;

  mutable std::mutex mutex_;  // a peer reads on one thread and commits on another
  std::map<data::KindAt, Kind> kinds_;
  std::map<Bytes, CertificateEntry> certificates_;
  std::set<Bytes> damaged_certificates_;
  std::map<std::string, Bytes> facts_;
  std::list<Pending> pending_;
  Ticket last_ticket_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
  bool reads_refused_ = false;
};

}  // namespace ringway::storage

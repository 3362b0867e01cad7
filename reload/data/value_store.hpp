// What data/ asks of a store: durable records of values and the certificates of their writers. storage/
// implements it on RocksDB and in memory; both pass the same tests.
//
// Reads see only what has been committed. A commit is atomic and durable when it returns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::data {

// One stored value (or tombstone) as the holder keeps it.
struct Record {
  wire::StoredData stored;          // as received; lifetime_s is the one that came with the last Store of it
  WallMs received_ms = 0;           // when lifetime_s started to count (RFC 6940 §7, STORE-19)
  Bytes signer_certificate_sha256;  // finds the writer's certificate in the store
  NodeId signer_node;
  WallMs signer_not_after_ms = 0;  // the writer's certificate ends (SEC-17)

  WallMs expires_ms() const { return received_ms + WallMs{stored.lifetime_s} * 1000; }
  // Shown at all (RFC 6940 §7.4.1.3)?
  bool alive_at(WallMs now_ms) const { return now_ms < expires_ms() && now_ms <= signer_not_after_ms; }
  std::uint32_t remaining_s(WallMs now_ms) const;
};
using RecordPtr = std::shared_ptr<const Record>;

// Names one value within a Kind at a resource: empty for single, 4 big-endian bytes of the index for an
// array, the key for a dictionary.
using ItemKey = Bytes;
ItemKey item_key_of(const wire::StoredDataValue& value);

// What of one Kind at one resource is on the disk and cannot be read: other bytes came back than were
// written.
struct Damage {
  bool generation = false;     // the counter is not known
  bool more = false;           // there may be records of items that nobody can name
  std::vector<ItemKey> items;  // whose records are damaged, in order
  std::string what;            // of the first that was found, for people

  bool any() const { return generation || more || !items.empty(); }
};

// Everything of one Kind at one resource.
struct KindState {
  std::uint64_t generation_counter = 0;  // 0: never written
  std::vector<RecordPtr> records;        // ordered by item key (index, or bytes of the dictionary key)
  // Null: everything could be read. What is damaged is not among the records, and other holders may have it.
  std::shared_ptr<const Damage> damage = nullptr;

  bool hides_any() const { return damage && (damage->more || !damage->items.empty()); }
  // Whether a value of that item may be behind the damage: none of the records is one.
  bool hides(BytesView item) const;
};

struct KindAt {
  ResourceId resource;
  KindId kind = 0;
  auto operator<=>(const KindAt&) const = default;
};

// ---- writes
// -------------------------------------------------------------------------------------------------------
struct PutRecord {
  KindAt at;
  RecordPtr record;
};
struct DropRecord {
  KindAt at;
  ItemKey item;
};
struct SetGeneration {
  KindAt at;
  std::uint64_t generation_counter = 0;
};
// Forgets the Kind at that resource: its records and its generation.
struct DropKind {
  KindAt at;
};
// Keeps a certificate at least until `until_ms`; later calls only extend. The newest call's `der` stays.
struct KeepCertificate {
  Bytes sha256;     // of the certificate
  SharedBytes der;  // of it, and directly after it of the intermediates that its chain needs
  WallMs until_ms = 0;
};
// Small facts of the peer (configuration document, cached bootstrap peers, what it has put): a name and
// bytes.
struct PutFact {
  std::string name;
  Bytes value;
};
struct DropFact {
  std::string name;
};
using Write =
    std::variant<PutRecord, DropRecord, SetGeneration, DropKind, KeepCertificate, PutFact, DropFact>;
using WriteBatch = std::vector<Write>;

class ValueStore {
 public:
  virtual ~ValueStore() = default;

  // Reads: called by one thread at a time, safe beside commit(). A failure is a broken store.
  // What is damaged does not make load() fail: it says so in the state.
  virtual Result<KindState> load(const KindAt& at) const = 0;
  // As KeepCertificate::der gave it.
  virtual Result<std::optional<SharedBytes>> certificate(BytesView sha256) const = 0;
  // Every (resource, kind) with records or a generation, clockwise over (after, up_to]; (x, x] is everything.
  // Ends with the resource that reaches `limit` (the Kinds of one resource stay together, so there may be
  // more): when there are `limit` or more, continue after the last one's resource. Damaged ones are among
  // them.
  virtual Result<std::vector<KindAt>> list(const RingId& after, const RingId& up_to,
                                           std::size_t limit) const = 0;
  virtual Result<std::optional<Bytes>> fact(const std::string& name) const = 0;
  // Those whose names begin so, ordered by name; `limit` of them at most.
  virtual Result<std::vector<PutFact>> list_facts(const std::string& prefix, std::size_t limit) const = 0;
  struct Totals {
    std::uint64_t records = 0;
    std::uint64_t resources = 0;
    std::uint64_t bytes = 0;
  };
  virtual Result<Totals> totals() const = 0;  // may be an estimate

  // Writes several batches as one synced write, in order: all of it or nothing (group commit). Blocks; called
  // by one thread at a time.
  virtual Outcome<> commit(const std::vector<WriteBatch>& batches) = 0;
  // Reclaims what is no longer alive at `now_ms`; RocksDB does it while compacting, the in-memory store here.
  virtual void reclaim(WallMs now_ms) = 0;
};

}  // namespace ringway::data

// A disk whose data files cannot be read for as long as a test says.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace ringway::storage {

class FailingDisk {
 public:
  rocksdb::Env* env() { return env_.get(); }
  // Every read fails with that errno; 0 for none.
  void fail_with(int error) { *error_ = error; }

 private:
  using Error = std::shared_ptr<std::atomic<int>>;

  class File final : public rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    File(std::unique_ptr<rocksdb::FSRandomAccessFile> file, std::string name, Error error)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), name_(std::move(name)), error_(std::move(error)) {}
    rocksdb::IOStatus Read(std::uint64_t offset, std::size_t size, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* debug) const override {
      // As RocksDB words it.
      if (*error_ != 0)
        return rocksdb::IOStatus::IOError(
            "While pread offset " + std::to_string(offset) + " len " + std::to_string(size) + ": " + name_,
            std::generic_category().message(*error_));
      return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
    }
    rocksdb::IOStatus Prefetch(std::uint64_t, std::size_t, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override {
      return rocksdb::IOStatus::NotSupported();
    }

   private:
    std::string name_;
    Error error_;
  };

  class Files final : public rocksdb::FileSystemWrapper {
   public:
    explicit Files(Error error)
        : FileSystemWrapper(rocksdb::FileSystem::Default()), error_(std::move(error)) {}
    const char* Name() const override { return "FailingDisk"; }
    rocksdb::IOStatus NewRandomAccessFile(const std::string& name, const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                          rocksdb::IODebugContext* debug) override {
      const rocksdb::IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, file, debug);
      if (status.ok()) *file = std::make_unique<File>(std::move(*file), name, error_);
      return status;
    }

   private:
    Error error_;
  };

  Error error_ = std::make_shared<std::atomic<int>>(0);
  std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(std::make_shared<Files>(error_));
};

}  // namespace ringway::storage

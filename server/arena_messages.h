// SPDX-License-Identifier: Apache-2.0
// Messages of a unary method on an arena that is used again and again: a customer has some
// thirty parts, and making and freeing them one by one costs as much as reading them.
//
// Thread-safe. Keeps up to kIdle arenas with a first block of `block_bytes` each; what a
// large call takes beyond that is freed with the call.
//
//   service.SetMessageAllocatorFor_GetCustomer(&messages);  // `messages` outlives the server.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace rapport::server {

template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  static constexpr size_t kIdle = 64;
  explicit ArenaMessages(size_t block_bytes) : block_bytes_(block_bytes) {}

  grpc::MessageHolder<Request, Response>* AllocateMessages() override {
    std::unique_ptr<Holder> holder;
    {
      absl::MutexLock lock(&mutex_);
      if (!idle_.empty()) {
        holder = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (holder == nullptr) holder = std::make_unique<Holder>(*this, block_bytes_);
    holder->Begin();
    return holder.release();  // gRPC calls Release().
  }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    Holder(ArenaMessages& owner, size_t block_bytes)
        : owner_(owner),
          block_(new char[block_bytes]),
          arena_(Options(block_.get(), block_bytes)) {}
    void Begin() {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override {
      arena_.Reset();
      owner_.TakeBack(std::unique_ptr<Holder>(this));
    }

   private:
    static google::protobuf::ArenaOptions Options(char* block, size_t block_bytes) {
      google::protobuf::ArenaOptions options;
      options.initial_block = block;
      options.initial_block_size = block_bytes;
      options.max_block_size = 256 << 10;  // Long series take megabytes.
      return options;
    }
    ArenaMessages& owner_;
    const std::unique_ptr<char[]> block_;
    google::protobuf::Arena arena_;
  };

  void TakeBack(std::unique_ptr<Holder> holder) {
    absl::MutexLock lock(&mutex_);
    if (idle_.size() < kIdle) idle_.push_back(std::move(holder));
  }

  const size_t block_bytes_;
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Holder>> idle_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace rapport::server

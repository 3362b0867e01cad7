// The groups that the crash test writes: the same number gives the same group in writer and checker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/storage/record_samples.hpp"

namespace ringway::storage {

inline constexpr KindId k_first_kind = 1;
inline constexpr KindId k_second_kind = 0xF0000001;

inline ResourceId resource_number(std::uint32_t number) {
  return resource_id_of("resource " + std::to_string(number));
}
inline std::string text_number(std::uint32_t number) {
  return "value " + std::to_string(number) + std::string(2000, '.');
}
// Two batches, as of two peers that wait together; with a certificate that all of them extend.
inline std::vector<data::WriteBatch> group_number(std::uint32_t number) {
  const data::KindAt first{resource_number(number), k_first_kind};
  const data::KindAt second{resource_number(number), k_second_kind};
  return {{data::PutRecord{first, single(text_number(number))}, data::SetGeneration{first, number}},
          {data::PutRecord{second, entry("key", text_number(number))}, data::SetGeneration{second, number},
           data::KeepCertificate{Bytes(32, 0xCE), Bytes(300, 0x30), k_start_ms + number}}};
}

}  // namespace ringway::storage

// One private Kind for each data model, for tests of storage bodies.
#pragma once

#include "reload/wire/codec.hpp"

namespace ringway::wire_vectors {

inline constexpr KindId k_single_kind = 0xF0000001;
inline constexpr KindId k_array_kind = 0xF0000002;
inline constexpr KindId k_dictionary_kind = 0xF0000003;
inline constexpr KindId k_unknown_kind = 0xF0000009;

class KnownKinds : public wire::KindModels {
 public:
  bool model_of(KindId kind, wire::DataModel& model) const override {
    switch (kind) {
      case k_single_kind:
        model = wire::DataModel::single;
        return true;
      case k_array_kind:
        model = wire::DataModel::array;
        return true;
      case k_dictionary_kind:
        model = wire::DataModel::dictionary;
        return true;
      default:
        return false;
    }
  }
};

}  // namespace ringway::wire_vectors

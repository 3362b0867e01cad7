// How the entries of a key are shown, by every command that shows some.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "ringway/v1/overlay.pb.h"
#include "services/ringway/session.hpp"

namespace ringway::services {

inline constexpr const char* k_key_help =
    "Resource name: user@domain/anything (only that user may write it) or shared/anything (one entry for "
    "each writer)";

Json entry_json(const v1::Entry& entry);
// The entry's name, or its writer's when it has none.
std::string label_of(const v1::Entry& entry);
void print_writer(std::ostream& to, const v1::Entry& entry);
void print_entries(const Session& session, const std::vector<v1::Entry>& entries, bool verbose);

}  // namespace ringway::services

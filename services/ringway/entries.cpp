#include "services/ringway/entries.hpp"

namespace ringway::services {

Json entry_json(const v1::Entry& entry) {
  Json out{{"entry", entry.entry()}};
  add_value(out, entry.value());
  out["writer"] = entry.writer();
  out["writer_node"] = entry.writer_node();
  out["storage_time_ms"] = entry.storage_time_ms();
  out["lifetime_s"] = entry.lifetime_s();
  out["rolled_back"] = entry.rolled_back();
  return out;
}

std::string label_of(const v1::Entry& entry) {
  return printable(entry.entry().empty() ? entry.writer() : entry.entry());
}

void print_writer(std::ostream& to, const v1::Entry& entry) {
  to << "written by " << printable(entry.writer()) << " (node " << entry.writer_node() << ") at "
     << time_text(entry.storage_time_ms()) << ", expires in " << duration_text(entry.lifetime_s()) << '\n';
}

void print_entries(const Session& session, const std::vector<v1::Entry>& entries, bool verbose) {
  for (const auto& entry : entries) {
    session.out << label_of(entry) << ": " << printable(entry.value()) << '\n';
    if (verbose) print_writer(session.out, entry);
  }
}

}  // namespace ringway::services

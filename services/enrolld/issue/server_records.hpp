// The enrollment server's records, as `ringway-enrolld issue` asks them before it gives a name, and tells
// them what it has issued: whoever is issued from the folder is in the server's lists, can be revoked there,
// and has a name that the server gives to nobody.
#pragma once

#include <memory>
#include <string>

#include "services/enrolld/folder/overlay_files.hpp"
#include "services/enrolld/records/records.hpp"

namespace ringway::enrolld {

// Those that a server of this folder keeps; null when none has ever served it. `database` names them where
// the folder does not (postgresql://..., or a file). Refuses those of another overlay.
Result<std::unique_ptr<IssueRecords>> open_server_records(const std::string& directory,
                                                          const std::string& database,
                                                          const RecordsOptions& options = {});

}  // namespace ringway::enrolld

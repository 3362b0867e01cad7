// The files of the API's TLS, read and checked before anything starts. Serving with them is
// services/api/server.hpp's business.
#pragma once

#include "services/api/server.hpp"
#include "services/ringwayd/settings.hpp"

namespace ringway::services {

// Nothing when the settings want no TLS. A failure names the file: it cannot be read, is no PEM of its kind,
// or key and certificate do not belong together.
Result<std::optional<ApiTls>> load_api_tls(const Settings& settings);

}  // namespace ringway::services

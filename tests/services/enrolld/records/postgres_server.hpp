// A real PostgreSQL server in a temporary folder, on a Unix socket, for as long as the test runs.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::enrolld {

class PostgresServer {
 public:
  // One for the process, started when it is first asked for. Throws when there is no PostgreSQL or it does
  // not start.
  static PostgresServer& shared();

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  void start();
  void stop();
  // Makes an empty database, and names it as the records want it.
  std::string new_database(const std::string& options = "");
  // As the server's administrator; the first column of the first row.
  std::string execute(const std::string& database_url, const std::string& sql) const;
  std::string url(const std::string& database) const;

 private:
  pid_t launch(const std::vector<std::string>& command) const;
  static bool ended(pid_t child, int seconds);

  const services::TemporaryFolder folder_;
  std::string programs_;
  pid_t server_ = -1;
  int databases_ = 0;
};

}  // namespace ringway::enrolld

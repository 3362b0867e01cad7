#include "tests/services/enrolld/records/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace ringway::enrolld {
namespace {

namespace fs = std::filesystem;
constexpr int k_deadline_s = 60;

// Debian keeps the server's programs apart by version.
std::string find_programs() {
  std::string newest;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
    const auto bin = entry.path() / "bin";
    if (fs::exists(bin / "initdb")) newest = std::max(newest, bin.string());
  }
  if (newest.empty()) throw std::runtime_error("PostgreSQL is not installed (scripts/install-packages test)");
  return newest;
}

// PostgreSQL refuses to run as root.
const passwd* other_user() {
  if (::geteuid() != 0) return nullptr;
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) throw std::runtime_error("there is no user postgres");
  return user;
}

std::string content(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : programs_(find_programs()) {
  if (const passwd* user = other_user())
    if (::chown(folder_.file(".").c_str(), user->pw_uid, user->pw_gid) != 0)
      throw std::runtime_error("chown");
  const pid_t child = launch({programs_ + "/initdb", "-D", folder_.file("data"), "-U", "ringway", "-A",
                              "trust", "-E", "UTF8", "--no-locale", "--no-sync"});
  if (!ended(child, k_deadline_s) || !fs::exists(folder_.file("data/PG_VERSION")))
    throw std::runtime_error("initdb failed: " + content(folder_.file("log")));
  start();
}

PostgresServer::~PostgresServer() { stop(); }

void PostgresServer::start() {
  server_ = launch({programs_ + "/postgres", "-D", folder_.file("data"), "-k", folder_.file("."), "-c",
                    "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=100"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(k_deadline_s);
  while (PQping(url("postgres").c_str()) != PQPING_OK) {
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("PostgreSQL does not start: " + content(folder_.file("log")));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void PostgresServer::stop() {
  if (server_ <= 0) return;
  ::kill(server_, SIGINT);  // "fast": ends the sessions
  if (!ended(server_, k_deadline_s)) {
    ::kill(server_, SIGQUIT);
    ::waitpid(server_, nullptr, 0);
  }
  server_ = -1;
}

std::string PostgresServer::url(const std::string& database) const {
  return "postgresql:///" + database + "?user=ringway&host=" + folder_.file("");
}

std::string PostgresServer::new_database(const std::string& options) {
  const std::string name = "t" + std::to_string(++databases_);
  execute(url("postgres"), "CREATE DATABASE " + name + " " + options);
  return url(name);
}

std::string PostgresServer::execute(const std::string& database_url, const std::string& sql) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(database_url.c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    throw std::runtime_error(sql + ": " + PQerrorMessage(connection.get()));
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

pid_t PostgresServer::launch(const std::vector<std::string>& command) const {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const passwd* user = other_user();
  const std::string log = folder_.file("log");
  const pid_t child = ::fork();
  if (child != 0) return child;
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (user != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0))
    ::_exit(126);
  // A test that is killed takes the server with it: it ends with the thread that started it. (Set earlier,
  // the change of user would have unset this.)
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::chdir("/") == 0) ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

bool PostgresServer::ended(pid_t child, int seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  while (::waitpid(child, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace ringway::enrolld

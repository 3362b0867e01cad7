// Clients that put and get without pause while an overlay changes under them, and what they may expect to
// find afterwards.
#pragma once

#include <string>
#include <vector>

namespace ringway::overlay_client {

struct Load {
  std::vector<std::string> apis;  // one client for each
  std::string prefix;
  int keys = 100;  // of each client, put again and again
  double seconds = 60;
};

// Prints a JSON object: calls and errors, what was read wrongly, and for each key the values that may be
// there at the end: the last that was acknowledged, and those that were sent after it without an answer that
// says so.
int run_load(const Load& load);

// Reads that object from standard input and looks for every key through every API, again and again until all
// are right or time is up. Prints what is missing.
int verify_load(const std::vector<std::string>& apis, double seconds);

}  // namespace ringway::overlay_client

// The few pages that people see: plain HTML that any browser and any screen reader shows, no scripts, nothing
// loaded from anywhere. All text is escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/enrolld/http/message.hpp"

namespace ringway::enrolld_http {

struct HiddenField {
  std::string name;
  std::string value;
};
// A button that POSTs: opening a link changes nothing, since mail scanners open links too.
struct PageForm {
  std::string action;  // a path of this server
  std::vector<HiddenField> hidden;
  std::string input_name;  // empty: nothing to type in
  std::string input_label;
  std::string button;
};

struct Page {
  unsigned status = 200;
  std::string title;
  std::vector<std::string> paragraphs;
  std::vector<PageForm> forms;
};
Response render(const Page& page);

// The page behind a mailed link, and what follows it.
Page confirm_page(const std::string& overlay_name, const std::string& user_name, PageForm form);
Page code_page(const std::string& overlay_name, const std::string& user_name, PageForm form,
               const std::string& what_went_wrong = {});
Page done_page(const std::string& overlay_name, const std::string& user_name);
Page failed_page(unsigned status, const std::string& reason);

}  // namespace ringway::enrolld_http

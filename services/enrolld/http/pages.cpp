#include "services/enrolld/http/pages.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "services/enrolld/html/escape.hpp"

namespace ringway::enrolld_http {

using enrolld::escape_html;

namespace {

constexpr std::string_view k_style =
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;"
    "color:#111;background:#fff}"
    "h1{font-size:1.5rem}"
    "label,input,button{display:block;font:inherit;margin:.6rem 0;max-width:100%}"
    "input{padding:.4rem;border:1px solid #555}"
    "button{padding:.5rem 1.2rem;background:#0b4f9e;color:#fff;border:0;border-radius:.3rem}"
    "button:focus,input:focus{outline:3px solid #f5a623}";

// The one style that the browser may use, named by its digest (Content Security Policy Level 3 §2.3.1).
std::string style_source() {
  std::array<unsigned char, 32> digest{};
  EVP_Digest(k_style.data(), k_style.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  std::array<unsigned char, 48> text{};
  const int size = EVP_EncodeBlock(text.data(), digest.data(), static_cast<int>(digest.size()));
  return "'sha256-" +
         std::string(reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)) + "'";
}

const std::string& policy() {
  static const std::string text = "default-src 'none'; style-src " + style_source() +
                                  "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
  return text;
}

void write_form(const PageForm& form, std::string& out) {
  out += "<form method=\"post\" action=\"" + escape_html(form.action) + "\">\n";
  for (const HiddenField& field : form.hidden)
    out += "<input type=\"hidden\" name=\"" + escape_html(field.name) + "\" value=\"" +
           escape_html(field.value) + "\">\n";
  if (!form.input_name.empty()) {
    const std::string name = escape_html(form.input_name);
    out += "<label for=\"" + name + "\">" + escape_html(form.input_label) + "</label>\n<input id=\"" + name +
           "\" name=\"" + name + "\" autocomplete=\"one-time-code\" required>\n";
  }
  out += "<button type=\"submit\">" + escape_html(form.button) + "</button>\n</form>\n";
}

}  // namespace

Response render(const Page& page) {
  const std::string title = escape_html(page.title);
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>" +
      title + "</title>\n<style>" + std::string(k_style) + "</style>\n</head>\n<body>\n<main>\n<h1>" + title +
      "</h1>\n";
  for (const std::string& paragraph : page.paragraphs) html += "<p>" + escape_html(paragraph) + "</p>\n";
  for (const PageForm& form : page.forms) write_form(form, html);
  html += "</main>\n</body>\n</html>\n";
  return {page.status, "text/html; charset=utf-8", std::move(html), {{"Content-Security-Policy", policy()}}};
}

Page confirm_page(const std::string& overlay_name, const std::string& user_name, PageForm form) {
  return {200,
          "Join " + overlay_name,
          {"Somebody asked to join the overlay " + overlay_name + " as " + user_name + ".",
           "If that was you, confirm it with the button. If it was not, close this page: nothing happens."},
          {std::move(form)}};
}

Page code_page(const std::string& overlay_name, const std::string& user_name, PageForm form,
               const std::string& what_went_wrong) {
  Page page{200, "Join " + overlay_name, {}, {std::move(form)}};
  if (!what_went_wrong.empty()) page.paragraphs.push_back(what_went_wrong);
  page.paragraphs.push_back("Type the code that was sent to " + user_name + ".");
  return page;
}

Page done_page(const std::string& overlay_name, const std::string& user_name) {
  return {200,
          "Confirmed",
          {user_name + " may now join the overlay " + overlay_name + ".",
           "The program that asked goes on by itself; you can close this page."},
          {}};
}

Page failed_page(unsigned status, const std::string& reason) {
  return {status, "That did not work", {reason}, {}};
}

}  // namespace ringway::enrolld_http

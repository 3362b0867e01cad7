// XML that comes from strangers: what is not accepted, and which bytes a signature covers.
#include "reload/config/xml_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reload/config/document_fixture.hpp"

namespace ringway::config {
namespace {

using testing::HasSubstr;

Result<XmlDocument> read(const std::string& text) {
  return XmlDocument::parse(SharedBytes(copy_of(view_of(text))));
}
std::string refusal(const std::string& text) {
  const auto document = read(text);
  return document ? "" : document.error().reason;
}
// The bytes of the first <kind> child of the root.
std::string kind_bytes(const std::string& text) {
  const auto document = read(text);
  if (!document) return "refused: " + document.error().reason;
  for (const xmlNode* node = document->root()->children; node != nullptr; node = node->next) {
    if (node->type == XML_ELEMENT_NODE &&
        std::string_view(reinterpret_cast<const char*>(node->name)) == "kind")
      return std::string(text_of(document->bytes_of(node)));
  }
  return "none";
}

TEST(XmlDocument, IsWellFormed) {
  // Shows: CONFIG-01.
  EXPECT_EQ(refusal("<a><b/></a>"), "");
  for (const char* text : {"", " ", "a", "<a>", "<a></b>", "<a/><a/>", "<a b=c/>", "<a b=\"1\" b=\"2\"/>",
                           "<a>&b;</a>", "<a>\x01</a>", "<x:a/>", "<a b=\"<\"/>"})
    EXPECT_NE(refusal(text), "") << text;
}

TEST(XmlDocument, IsUtf8) {
  // Shows: CONFIG-01.
  EXPECT_EQ(refusal("<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xc3\xa9</a>"), "");
  EXPECT_EQ(refusal("\xef\xbb\xbf<a>\xc3\xa9</a>"), "");
  EXPECT_THAT(refusal("<a>\xe9</a>"), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>b</a>"), HasSubstr("UTF-8"));
  EXPECT_NE(refusal("<?xml version=\"1.0\" encoding=\"UTF-7\"?><a>b</a>"), "");
  EXPECT_NE(refusal("<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>b</a>"), "");
  EXPECT_NE(refusal(std::string("\xff\xfe<\0a\0/\0>\0", 10)), "");
  EXPECT_NE(refusal(std::string("<a>\0</a>", 8)), "");
}

TEST(XmlDocument, HasNoDocumentTypeAndNoEntities) {
  EXPECT_THAT(refusal("<!DOCTYPE a><a/>"), HasSubstr("document type"));
  EXPECT_THAT(refusal("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>"), HasSubstr("document type"));
  EXPECT_THAT(refusal("<!DOCTYPE a [<!ENTITY b \"b\"><!ENTITY c \"&b;&b;&b;\">]><a>&c;</a>"),
              HasSubstr("document type"));
  EXPECT_THAT(refusal("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"),
              HasSubstr("document type"));
  EXPECT_EQ(refusal("<a>&lt;&#65;&amp;</a>"), "");
}

TEST(XmlDocument, NestingIsBounded) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_NE(refusal(deep), "");
  for (int i = 0; i < 100'000; ++i) deep += "</a>";
  EXPECT_NE(refusal(deep), "");
}

TEST(XmlDocument, KnowsTheExactBytesOfAnElement) {
  // Shows: CONFIG-20, CONFIG-21.
  EXPECT_EQ(kind_bytes("<a><kind>x</kind></a>"), "<kind>x</kind>");
  EXPECT_EQ(kind_bytes("<a>\r\n <kind\r\n a = '>'\tb=\"/>\" >\r\n</kind\n > </a>"),
            "<kind\r\n a = '>'\tb=\"/>\" >\r\n</kind\n >");
  EXPECT_EQ(kind_bytes("<a><kind/></a>"), "<kind/>");
  EXPECT_EQ(kind_bytes("<a><kind b='/'  /></a>"), "<kind b='/'  />");
  EXPECT_EQ(kind_bytes("<a><p:kind xmlns:p='u'>x</p:kind ></a>"), "<p:kind xmlns:p='u'>x</p:kind >");
  EXPECT_EQ(kind_bytes("<a><kind>&#60;/kind&#62;\xc3\xa9</kind></a>"),
            "<kind>&#60;/kind&#62;\xc3\xa9</kind>");
  EXPECT_EQ(kind_bytes("<a><kind><kind>inner</kind></kind></a>"), "<kind><kind>inner</kind></kind>");
  EXPECT_EQ(kind_bytes("\xef\xbb\xbf<?xml version='1.0'?>\n<a><kind>x</kind></a>"), "<kind>x</kind>");
}

TEST(XmlDocument, IsNotFooledByLookalikes) {
  // Shows: CONFIG-21.
  EXPECT_EQ(kind_bytes("<a><!-- <kind>no</kind> --><kind>yes</kind></a>"), "<kind>yes</kind>");
  EXPECT_EQ(kind_bytes("<a><b><![CDATA[<kind>no</kind>]]></b><kind>yes</kind></a>"), "<kind>yes</kind>");
  EXPECT_EQ(kind_bytes("<a><?kind <kind>no</kind> ?><kind>yes</kind></a>"), "<kind>yes</kind>");
  EXPECT_EQ(kind_bytes("<a><b c='&lt;kind>'/><kind>yes</kind></a>"), "<kind>yes</kind>");
  EXPECT_EQ(kind_bytes("<a><kind><!-- </kind> --><![CDATA[</kind>]]></kind></a>"),
            "<kind><!-- </kind> --><![CDATA[</kind>]]></kind>");
}

TEST(XmlDocument, KnowsTheBytesFarIntoALongDocument) {
  // Shows: CONFIG-21.
  // The parser moves its window on the way; positions must not move with it.
  std::string text = "<a>";
  for (int i = 0; i < 20'000; ++i) text += "<b c=\"\xc3\xa9\">" + std::to_string(i) + "</b>\r\n";
  const std::string kind = "<kind d=\"e\">" + std::string(100'000, 'x') + "<f/></kind>";
  EXPECT_EQ(kind_bytes(text + kind + "</a>"), kind);
}

TEST(XmlDocument, ValuesLoseTheWhiteSpaceAroundThem) {
  // Shows: CONFIG-03.
  const auto document = read("<a b='  x y\n'> \t\r\n x  y \n</a>");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(text_of_element(document->root()), "x  y");
  EXPECT_EQ(attribute(document->root(), "b"), "x y");
  EXPECT_EQ(attribute(document->root(), "c"), std::nullopt);
}

TEST(XmlDocument, ExpandsQualifiedNames) {
  const auto document = read("<a xmlns:p='urn:x'/>");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(expand_qualified_name(document->root(), "USER-MATCH"), "USER-MATCH");
  EXPECT_EQ(expand_qualified_name(document->root(), "p:NAME"), "{urn:x}NAME");
  EXPECT_EQ(expand_qualified_name(document->root(), "q:NAME"), "");
  EXPECT_EQ(expand_qualified_name(document->root(), "{urn:x}NAME"), "");  // no way around the prefix
}

}  // namespace
}  // namespace ringway::config

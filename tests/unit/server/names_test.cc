// SPDX-License-Identifier: Apache-2.0
// Resource names and page tokens.
#include <string>

#include "gtest/gtest.h"
#include "server/page_token.h"
#include "server/resource_name.h"
#include "tests/support/matchers.h"

namespace rapport::server {
namespace {

using rapport::testing::FailsWith;

TEST(ResourceName, CustomerNamesRoundTripThroughPercentEncoding) {
  for (const std::string customer :
       {"c-1", "email:a@b.c", "a/b", "100%", "Zo\xC3\xAB", "a b", "..", "x?y#z"}) {
    const std::string name = FormatCustomerName("shop", customer);
    RAPPORT_ASSERT_OK_AND_ASSIGN(const CustomerName parsed, ParseCustomerName(name, "name"));
    EXPECT_EQ(parsed.workspace, "shop");
    EXPECT_EQ(parsed.customer, customer) << name;
    EXPECT_EQ(name.find('/', sizeof("workspaces/shop/customers/")), std::string::npos) << name;
  }
  EXPECT_EQ(FormatCustomerName("shop", "email:a@b.c"), "workspaces/shop/customers/email:a@b.c");
  EXPECT_EQ(FormatCustomerName("shop", "a/b"), "workspaces/shop/customers/a%2Fb");
}

TEST(ResourceName, RefusesOtherForms) {
  EXPECT_THAT(ParseCustomerName("", "name"), FailsWith("REQUIRED", "name"));
  for (const std::string name : {"customers/1", "workspaces/shop", "workspaces/shop/customers/",
                                 "workspaces/Shop/customers/1", "workspaces/shop/customers/a/b",
                                 "workspaces/shop/customers/%2", "workspaces/shop/customers/%zz",
                                 "workspaces//customers/1", "workspaces/shop/events/1"}) {
    EXPECT_THAT(ParseCustomerName(name, "name"), FailsWith("BAD_NAME", "name")) << name;
  }
  for (const std::string name :
       {"workspaces/", "workspaces/1a", "workspaces/a/b", "workspaces/a_b"}) {
    EXPECT_THAT(ParseWorkspaceName(name, "parent"), FailsWith("BAD_NAME", "parent")) << name;
  }
  EXPECT_THAT(ParseRunName("runs/../x", "name"), FailsWith("BAD_NAME", "name"));
  EXPECT_THAT(ParseValueModelName("workspaces/shop", "name"), FailsWith("BAD_NAME", "name"));
}

TEST(PageToken, HoldsForTheSameRequestOnly) {
  const std::string token = EncodePageToken("List", "parent\nfilter", "42");
  RAPPORT_ASSERT_OK_AND_ASSIGN(const std::string position,
                               DecodePageToken(token, "List", "parent\nfilter"));
  EXPECT_EQ(position, "42");
  EXPECT_THAT(DecodePageToken(token, "List", "parent\nother"),
              FailsWith("BAD_PAGE_TOKEN", "page_token"));
  EXPECT_THAT(DecodePageToken(token, "Other", "parent\nfilter"),
              FailsWith("BAD_PAGE_TOKEN", "page_token"));
  EXPECT_THAT(DecodePageToken("nonsense!", "List", ""), FailsWith("BAD_PAGE_TOKEN", "page_token"));
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'Q' : 'A';
    EXPECT_FALSE(DecodePageToken(damaged, "List", "parent\nfilter").ok()) << i;
  }
  RAPPORT_ASSERT_OK_AND_ASSIGN(const std::string none, DecodePageToken("", "List", ""));
  EXPECT_EQ(none, "");
}

TEST(PageSize, DefaultsAndLimits) {
  RAPPORT_ASSERT_OK_AND_ASSIGN(const int standard, PageSize(0, {.standard = 50, .maximum = 99}));
  RAPPORT_ASSERT_OK_AND_ASSIGN(const int most, PageSize(5000, {.standard = 50, .maximum = 99}));
  EXPECT_EQ(standard, 50);
  EXPECT_EQ(most, 99);
  EXPECT_THAT(PageSize(-1, {}), FailsWith("NEGATIVE", "page_size"));
}

}  // namespace
}  // namespace rapport::server

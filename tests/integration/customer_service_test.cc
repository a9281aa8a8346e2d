// SPDX-License-Identifier: Apache-2.0
// Profiles, identities, lists and merges, before the first nightly run.
#include <string>
#include <vector>

#include "lib/base/text.h"
#include "tests/integration/server_fixture.h"

namespace rapport::testing {
namespace {

using Stub = v1::CustomerService::Stub;
using grpc::StatusCode;

class CustomerServiceTest : public ServerTest {
 protected:
  void SetUp() override {
    Start();
    CreateWorkspace("shop");
  }
  static std::string Name(const std::string& customer) {
    return Cat(kShop, "/customers/", customer);
  }
  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* response) {
    return Call(*stubs_->customers, &Stub::UpdateCustomer, request, response);
  }
  grpc::Status List(const v1::ListCustomersRequest& request, v1::ListCustomersResponse* response) {
    return Call(*stubs_->customers, &Stub::ListCustomers, request, response);
  }
  static void SetText(v1::UpdateCustomerRequest& request, const std::string& key,
                      const std::string& text) {
    (*request.mutable_customer()->mutable_attributes())[key].mutable_value()->set_string_value(
        text);
  }
  // All customers that a filter finds, page by page.
  std::vector<std::string> Find(const std::string& filter, int page_size) {
    v1::ListCustomersRequest request;
    request.set_parent(kShop);
    request.set_filter(filter);
    request.set_page_size(page_size);
    std::vector<std::string> names;
    v1::ListCustomersResponse response;
    do {
      EXPECT_THAT(List(request, &response), IsGrpcOk());
      EXPECT_LE(response.customers_size(), page_size);
      for (const v1::Customer& customer : response.customers()) {
        names.push_back(customer.name().substr(customer.name().rfind('/') + 1));
      }
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
};

TEST_F(CustomerServiceTest, SummaryCountsAtOnce) {
  Ingest({Order("e1", "c1", 10), Order("e2", "c1", 15), Nps("e3", "c1", 9)});
  const v1::Customer customer = GetCustomer(Name("c1"));
  EXPECT_EQ(customer.name(), Name("c1"));
  EXPECT_EQ(customer.summary().event_count(), 3);
  EXPECT_EQ(customer.summary().order_count(), 2);
  ASSERT_EQ(customer.summary().net_revenue_size(), 1);
  EXPECT_EQ(customer.summary().net_revenue(0).micros(), 25'000'000);
  EXPECT_EQ(customer.summary().last_nps().score(), 9);
  EXPECT_FALSE(customer.has_facts());
  EXPECT_TRUE(customer.generation().empty());
}

TEST_F(CustomerServiceTest, LiveViewNeedsNoGeneration) {
  Ingest({Order("e1", "c1", 10)});
  v1::GetCustomerRequest request;
  request.set_name(Name("c1"));
  request.set_view(v1::VIEW_LIVE);
  v1::Customer customer;
  ASSERT_THAT(Call(*stubs_->customers, &Stub::GetCustomer, request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.facts().lifecycle().stage(), v1::LIFECYCLE_STAGE_NEW);
  EXPECT_EQ(customer.facts().acquisition_cohort(), "2026-03-01");
  EXPECT_EQ(customer.facts_as_of().seconds(), kNow / kMicrosPerSecond);
}

TEST_F(CustomerServiceTest, ReadMaskPicksFields) {
  Ingest({Order("e1", "c1", 10)});
  v1::GetCustomerRequest request;
  request.set_name(Name("c1"));
  request.mutable_read_mask()->add_paths("name");
  request.mutable_read_mask()->add_paths("summary.order_count");
  v1::Customer customer;
  ASSERT_THAT(Call(*stubs_->customers, &Stub::GetCustomer, request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.summary().order_count(), 1);
  EXPECT_EQ(customer.summary().event_count(), 0);
  EXPECT_TRUE(customer.identities().empty());
  request.mutable_read_mask()->add_paths("shoe_size");
  EXPECT_THAT(Call(*stubs_->customers, &Stub::GetCustomer, request, &customer),
              RefusesField("read_mask", "UNKNOWN_PATH"));
}

TEST_F(CustomerServiceTest, UnknownNamesSayWho) {
  v1::GetCustomerRequest request;
  request.set_name(Name("nobody"));
  v1::Customer customer;
  const grpc::Status status = Call(*stubs_->customers, &Stub::GetCustomer, request, &customer);
  EXPECT_THAT(status, FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  EXPECT_EQ(Decode(status).resource, Name("nobody"));
  EXPECT_FALSE(Decode(status).request_id.empty());
  request.set_name("customers/c1");
  EXPECT_THAT(Call(*stubs_->customers, &Stub::GetCustomer, request, &customer),
              RefusesField("name", "BAD_NAME"));
}

TEST_F(CustomerServiceTest, BatchKeepsTheOrderAndListsTheMissing) {
  Ingest({PageView("e1", "a"), PageView("e2", "b")});
  v1::BatchGetCustomersRequest request;
  request.set_parent(kShop);
  for (const std::string name : {"b", "x", "a"}) request.add_names(Name(name));
  v1::BatchGetCustomersResponse response;
  ASSERT_THAT(Call(*stubs_->customers, &Stub::BatchGetCustomers, request, &response), IsGrpcOk());
  ASSERT_EQ(response.customers_size(), 2);
  EXPECT_EQ(response.customers(0).name(), Name("b"));
  EXPECT_EQ(response.customers(1).name(), Name("a"));
  EXPECT_THAT(response.missing(), ::testing::ElementsAre(Name("x")));
  request.add_names("workspaces/other/customers/a");
  EXPECT_THAT(Call(*stubs_->customers, &Stub::BatchGetCustomers, request, &response),
              RefusesField("names[3]", "BAD_NAME"));
  while (request.names_size() <= 1000) request.add_names(Name("a"));
  EXPECT_THAT(Call(*stubs_->customers, &Stub::BatchGetCustomers, request, &response),
              RefusesField("names", "TOO_MANY"));
}

TEST_F(CustomerServiceTest, UpdateFollowsTheMask) {
  v1::UpdateCustomerRequest request;
  request.mutable_customer()->set_name(Name("c1"));
  SetText(request, "tier", "gold");
  SetText(request, "city", "Graz");
  v1::Customer customer;
  EXPECT_THAT(Update(request, &customer),
              FailsWithCode(StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND"));
  request.set_allow_missing(true);
  ASSERT_THAT(Update(request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.attributes().size(), 2u);
  EXPECT_EQ(customer.attributes().at("tier").update_time().seconds(), kNow / kMicrosPerSecond);

  // One key set, one removed, one given but not masked.
  request.mutable_customer()->clear_attributes();
  SetText(request, "tier", "silver");
  SetText(request, "other", "unmasked");
  request.mutable_update_mask()->add_paths("attributes.tier");
  request.mutable_update_mask()->add_paths("attributes.city");
  ASSERT_THAT(Update(request, &customer), IsGrpcOk());
  ASSERT_EQ(customer.attributes().size(), 1u);
  EXPECT_EQ(customer.attributes().at("tier").value().string_value(), "silver");

  Start();
  EXPECT_EQ(GetCustomer(Name("c1")).attributes().at("tier").value().string_value(), "silver");
}

TEST_F(CustomerServiceTest, LaterUpdateTimeWins) {
  v1::UpdateCustomerRequest request;
  request.mutable_customer()->set_name(Name("c1"));
  request.set_allow_missing(true);
  SetText(request, "tier", "gold");
  v1::Customer customer;
  ASSERT_THAT(Update(request, &customer), IsGrpcOk());
  SetText(request, "tier", "old");
  (*request.mutable_customer()->mutable_attributes())["tier"].mutable_update_time()->set_seconds(5);
  ASSERT_THAT(Update(request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.attributes().at("tier").value().string_value(), "gold");
}

TEST_F(CustomerServiceTest, StaleEtagIsRefused) {
  v1::UpdateCustomerRequest request;
  request.mutable_customer()->set_name(Name("c1"));
  request.set_allow_missing(true);
  SetText(request, "tier", "gold");
  v1::Customer first, second;
  ASSERT_THAT(Update(request, &first), IsGrpcOk());
  request.mutable_customer()->set_etag(first.etag());
  ASSERT_THAT(Update(request, &second), IsGrpcOk());
  EXPECT_NE(first.etag(), second.etag());
  EXPECT_THAT(Update(request, &second), FailsWithCode(StatusCode::ABORTED, "ETAG_MISMATCH"));
}

TEST_F(CustomerServiceTest, UpdateRefusesBadFields) {
  v1::UpdateCustomerRequest request;
  v1::Customer customer;
  EXPECT_THAT(Update(request, &customer), RefusesField("customer.name", "REQUIRED"));
  request.mutable_customer()->set_name(Name("c1"));
  request.set_allow_missing(true);
  SetText(request, "Bad Key", "x");
  EXPECT_THAT(Update(request, &customer), RefusesField("customer.attributes[Bad Key]", "BAD_KEY"));
  request.mutable_customer()->clear_attributes();
  (*request.mutable_customer()->mutable_attributes())["a"];
  EXPECT_THAT(Update(request, &customer), RefusesField("customer.attributes[a].value", "REQUIRED"));
  request.mutable_customer()->clear_attributes();
  request.mutable_update_mask()->add_paths("summary");
  EXPECT_THAT(Update(request, &customer), RefusesField("update_mask", "UNKNOWN_PATH"));
}

TEST_F(CustomerServiceTest, AnyIdentityFindsTheCustomer) {
  v1::UpdateCustomerRequest request;
  request.mutable_customer()->set_name(Name("c1"));
  request.set_allow_missing(true);
  auto* email = request.mutable_customer()->add_identities();
  email->set_kind(v1::IDENTITY_KIND_EMAIL);
  email->set_value("Ann@Example.org");
  v1::Customer customer;
  ASSERT_THAT(Update(request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.identities_size(), 2);
  EXPECT_EQ(GetCustomer(Name("email:ann@example.org")).name(), Name("c1"));
  // Somebody else's identity is not taken over.
  request.mutable_customer()->set_name(Name("c2"));
  EXPECT_THAT(Update(request, &customer),
              FailsWithCode(StatusCode::FAILED_PRECONDITION, "IDENTITY_IN_USE"));
}

TEST_F(CustomerServiceTest, MergedNamesLeadToTheSurvivor) {
  Ingest({Order("e1", "a", 10), Order("e2", "b", 5), PageView("e3", "b")});
  v1::MergeCustomersRequest request;
  request.set_name(Name("a"));
  request.set_duplicate(Name("b"));
  v1::Customer customer;
  ASSERT_THAT(Call(*stubs_->customers, &Stub::MergeCustomers, request, &customer), IsGrpcOk());
  EXPECT_EQ(customer.name(), Name("a"));
  EXPECT_EQ(customer.summary().event_count(), 3);
  EXPECT_EQ(customer.summary().net_revenue(0).micros(), 15'000'000);
  EXPECT_EQ(GetCustomer(Name("b")).name(), Name("a"));
  EXPECT_THAT(Call(*stubs_->customers, &Stub::MergeCustomers, request, &customer),
              FailsWithCode(StatusCode::FAILED_PRECONDITION, "SAME_CUSTOMER"));
  EXPECT_THAT(Find("", 10), ::testing::ElementsAre("a"));
}

TEST_F(CustomerServiceTest, ListPagesAndFilters) {
  std::vector<v1::Event> events;
  for (int i = 0; i < 30; ++i) events.push_back(Order(Cat("e", i), Cat("c", 100 + i), i));
  Ingest(events);
  EXPECT_EQ(Find("", 7).size(), 30u);
  EXPECT_EQ(Find("summary.net_revenue >= 20", 3).size(), 10u);
  EXPECT_EQ(Find("summary.net_revenue >= 20", 10).size(), 10u);
  EXPECT_THAT(Find("summary.net_revenue = 3 OR summary.net_revenue = 5", 1),
              ::testing::ElementsAre("c103", "c105"));
  EXPECT_TRUE(Find("stage = LOYAL", 5).empty());
}

TEST_F(CustomerServiceTest, ListRefusesBadFiltersAndForeignTokens) {
  Ingest({PageView("e1", "a"), PageView("e2", "b")});
  v1::ListCustomersRequest request;
  request.set_parent(kShop);
  request.set_page_size(1);
  v1::ListCustomersResponse response;
  ASSERT_THAT(List(request, &response), IsGrpcOk());
  request.set_page_token(response.next_page_token());
  request.set_filter("summary.event_count > 0");
  EXPECT_THAT(List(request, &response), RefusesField("page_token", "BAD_PAGE_TOKEN"));
  request.clear_page_token();
  request.set_filter("summary.event_count >");
  EXPECT_THAT(List(request, &response), RefusesField("filter", "BAD_FILTER"));
  request.set_filter("hair = red");
  EXPECT_THAT(List(request, &response), RefusesField("filter", "UNKNOWN_FIELD"));
}

TEST_F(CustomerServiceTest, ExplainNeedsAGenerationOrTheLiveView) {
  Ingest({Order("e1", "c1", 10)});
  v1::ExplainCustomerRequest request;
  request.set_name(Name("c1"));
  v1::ExplainCustomerResponse response;
  EXPECT_THAT(Call(*stubs_->customers, &Stub::ExplainCustomer, request, &response),
              FailsWithCode(StatusCode::FAILED_PRECONDITION, "NO_GENERATION"));
  request.set_view(v1::VIEW_LIVE);
  ASSERT_THAT(Call(*stubs_->customers, &Stub::ExplainCustomer, request, &response), IsGrpcOk());
  EXPECT_GT(response.explanations_size(), 0);
  EXPECT_EQ(response.context().view(), v1::VIEW_LIVE);
}

}  // namespace
}  // namespace rapport::testing

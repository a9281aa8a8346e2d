// SPDX-License-Identifier: Apache-2.0
// The method table against the protos: every rpc has an entry, with the role its comment
// states.
#include "server/methods.h"

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "lib/base/text.h"
#include "rapport/v1/admin_service.pb.h"
#include "rapport/v1/cohort_service.pb.h"
#include "rapport/v1/customer_service.pb.h"
#include "rapport/v1/event_service.pb.h"
#include "rapport/v1/feedback_service.pb.h"
#include "rapport/v1/framework_service.pb.h"
#include "rapport/v1/journey_service.pb.h"
#include "rapport/v1/metric_service.pb.h"
#include "rapport/v1/reference_service.pb.h"
#include "rapport/v1/segment_service.pb.h"
#include "rapport/v1/value_service.pb.h"
#include "server/auth.h"

namespace rapport::server {
namespace {

const google::protobuf::FileDescriptor* const kServiceFiles[] = {
    v1::GetWorkspaceRequest::descriptor()->file(),
    v1::QueryRetentionRequest::descriptor()->file(),
    v1::GetCustomerRequest::descriptor()->file(),
    v1::ListEventsRequest::descriptor()->file(),
    v1::QueryMetricRequest::descriptor()->file(),
    v1::GetValueReportRequest::descriptor()->file(),
    v1::ListGoalsRequest::descriptor()->file(),
    v1::ListVerbatimsRequest::descriptor()->file(),
    v1::ListFrameworksRequest::descriptor()->file(),
    v1::ListSegmentsRequest::descriptor()->file(),
    v1::QueryFunnelRequest::descriptor()->file()};

TEST(Methods, EveryRpcHasAnEntryAndNoneIsLeftOver) {
  size_t rpcs = 0;
  for (const auto* file : kServiceFiles) {
    ASSERT_EQ(file->service_count(), 1) << file->name();
    const auto& service = *file->service(0);
    for (int i = 0; i < service.method_count(); ++i, ++rpcs) {
      const std::string name = Cat(service.name(), ".", service.method(i)->name());
      EXPECT_LT(FindMethod(name), kMethods.size()) << name;
    }
  }
  EXPECT_EQ(rpcs, kMethods.size());
}

TEST(Methods, RolesAreThoseTheProtosState) {
  for (const auto* file : kServiceFiles) {
    std::ifstream source("proto/" + file->name());
    ASSERT_TRUE(source) << "run from the source folder";
    std::stringstream text;
    text << source.rdbuf();
    // The last "Role: x." before each rpc.
    const std::string all = text.str();
    const std::regex pattern(R"(Role: (reader|writer|admin)\.[^;{]*?rpc (\w+)\()");
    size_t seen = 0;
    for (std::sregex_iterator at(all.begin(), all.end(), pattern), end; at != end; ++at, ++seen) {
      const size_t method = FindMethod(Cat(file->service(0)->name(), ".", (*at)[2].str()));
      ASSERT_LT(method, kMethods.size()) << (*at)[2];
      EXPECT_EQ(RoleName(kMethods[method].role), (*at)[1].str()) << kMethods[method].method;
    }
    EXPECT_EQ(seen, static_cast<size_t>(file->service(0)->method_count())) << file->name();
  }
}

}  // namespace
}  // namespace rapport::server

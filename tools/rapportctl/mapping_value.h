// SPDX-License-Identifier: Apache-2.0
// The compiled parts of a mapping: columns by position, templates, conditions, values
// and fields of an event set by path. Compile once, use per row. Errors of compiling
// name the place in the mapping file; errors of rows carry a reason for the reject file.
// Not thread-safe: values keep scratch space.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "rapport/store/v1/import_mapping.pb.h"
#include "tools/rapportctl/decimal.h"
#include "tools/rapportctl/input.h"

namespace rapport::ctl {

// Gives each column that a mapping names a position in Row::cells.
class Columns {
 public:
  size_t PositionOf(std::string_view name);
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

// "{InvoiceNo}-{line}".
class Template {
 public:
  static absl::StatusOr<Template> Compile(std::string_view text, Columns& columns);
  void AppendTo(const Row& row, std::string& out) const;

 private:
  enum class Kind { kText, kCell, kLine, kFile };
  struct Piece {
    Kind kind = Kind::kText;
    std::string text;
    size_t position = 0;
  };
  std::vector<Piece> pieces_;
};

// Times as the mapping says they are written.
class TimeReader {
 public:
  static absl::StatusOr<TimeReader> Compile(std::string_view format, absl::TimeZone zone);
  // InvalidArgument (BAD_TIME).
  absl::StatusOr<TimeMicros> Read(std::string_view text);

 private:
  enum class Kind { kRfc3339, kUnixSeconds, kUnixMillis, kPattern };
  Kind kind_ = Kind::kRfc3339;
  std::string pattern_;
  absl::TimeZone zone_;
  std::string last_text_;  // Rows often repeat the time of the row before.
  TimeMicros last_time_ = 0;
};

class CompiledCondition {
 public:
  static absl::StatusOr<CompiledCondition> Compile(const store::v1::Condition& condition,
                                                   Columns& columns);
  bool Holds(const Row& row) const;

 private:
  store::v1::Condition condition_;
  size_t position_ = 0;
  Decimal bound_;
  TextSet one_of_;
};

using Conditions = std::vector<CompiledCondition>;
absl::StatusOr<Conditions> CompileAll(
    const google::protobuf::RepeatedPtrField<store::v1::Condition>& conditions, Columns& columns);
bool AllHold(const Conditions& conditions, const Row& row);

// What the mapping says about times and money where a field does not.
struct MappingDefaults {
  std::string time_format;
  absl::TimeZone zone;
  std::string currency;
};

class CompiledSource {
 public:
  static absl::StatusOr<CompiledSource> Compile(const store::v1::Source& source,
                                                const MappingDefaults& defaults, Columns& columns);
  // The text after translation; products and scales only in Number().
  std::string_view Text(const Row& row);
  absl::StatusOr<Decimal> Number(const Row& row);
  absl::StatusOr<TimeMicros> Time(const Row& row);
  // No text at all, so that the field stays unset.
  bool Empty(const Row& row);
  bool NoAnswer(const Row& row);

 private:
  store::v1::Source source_;
  size_t left_ = 0;
  size_t right_ = 0;
  Template template_;
  Decimal scale_;
  bool scaled_ = false;
  TimeReader time_;
  std::string scratch_;
};

// One field of the event by path, with its value.
class CompiledField {
 public:
  // `root` is the message the path starts at.
  static absl::StatusOr<CompiledField> Compile(const store::v1::FieldRule& rule,
                                               const google::protobuf::Descriptor* root,
                                               const MappingDefaults& defaults, Columns& columns);
  // Sets the field from the row's value, adding to what is there when `add`. An empty
  // value leaves it, unless required (MISSING_VALUE). Errors name the field's path.
  absl::Status Set(const Row& row, bool add, google::protobuf::Message& message);
  bool sum() const { return sum_; }
  CompiledSource& source() { return source_; }

 private:
  absl::Status Write(const Row& row, bool add, google::protobuf::Message& leaf);
  absl::Status WriteEnum(const Row& row, google::protobuf::Message& leaf);
  absl::Status WriteMessage(const Row& row, bool add, google::protobuf::Message& leaf);

  std::string path_;
  std::vector<const google::protobuf::FieldDescriptor*> steps_;
  CompiledSource source_;
  std::string currency_;
  bool sum_ = false;
  bool required_ = false;
};

}  // namespace rapport::ctl

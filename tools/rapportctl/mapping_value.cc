// SPDX-License-Identifier: Apache-2.0
// Columns, templates, times, conditions and sources of a mapping.
#include "tools/rapportctl/mapping_value.h"

#include <algorithm>

#include "lib/base/calendar.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"

namespace rapport::ctl {
namespace {

using store::v1::Condition;
using store::v1::Source;

// `*` any text, `?` any byte; linear with one point of return.
bool MatchesPattern(std::string_view text, std::string_view pattern) {
  size_t t = 0;
  size_t p = 0;
  size_t star = pattern.npos;
  size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string_view Stripped(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

size_t Columns::PositionOf(std::string_view name) {
  const auto found = std::find(names_.begin(), names_.end(), name);
  if (found != names_.end()) return static_cast<size_t>(found - names_.begin());
  names_.emplace_back(name);
  return names_.size() - 1;
}

absl::StatusOr<Template> Template::Compile(std::string_view text, Columns& columns) {
  Template result;
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    if (open > 0) result.pieces_.push_back({Kind::kText, std::string(text.substr(0, open)), 0});
    text.remove_prefix(open);
    if (text.empty()) break;
    const size_t close = text.find('}');
    if (close == text.npos) {
      return InvalidField("template", "BAD_TEMPLATE", Cat("'", text, "' lacks its '}'"));
    }
    const std::string_view name = text.substr(1, close - 1);
    if (name == "line") {
      result.pieces_.push_back({Kind::kLine, "", 0});
    } else if (name == "file") {
      result.pieces_.push_back({Kind::kFile, "", 0});
    } else {
      result.pieces_.push_back({Kind::kCell, "", columns.PositionOf(name)});
    }
    text.remove_prefix(close + 1);
  }
  return result;
}

void Template::AppendTo(const Row& row, std::string& out) const {
  for (const Piece& piece : pieces_) {
    switch (piece.kind) {
      case Kind::kText:
        out += piece.text;
        break;
      case Kind::kCell:
        out += row.cells[piece.position];
        break;
      case Kind::kLine:
        out += std::to_string(row.line);
        break;
      case Kind::kFile:
        out += row.file;
        break;
    }
  }
}

absl::StatusOr<TimeReader> TimeReader::Compile(std::string_view format, absl::TimeZone zone) {
  TimeReader reader;
  reader.zone_ = zone;
  if (format.empty() || format == "rfc3339") {
    reader.kind_ = Kind::kRfc3339;
  } else if (format == "unix_seconds") {
    reader.kind_ = Kind::kUnixSeconds;
  } else if (format == "unix_millis") {
    reader.kind_ = Kind::kUnixMillis;
  } else if (format.find('%') != format.npos) {
    reader.kind_ = Kind::kPattern;
    reader.pattern_ = format;
  } else {
    return InvalidField("time_format", "BAD_TIME_FORMAT",
                        Cat("'", format,
                            "' is neither rfc3339, unix_seconds, unix_millis nor a "
                            "strptime pattern"));
  }
  return reader;
}

absl::StatusOr<TimeMicros> TimeReader::Read(std::string_view text) {
  if (text == last_text_ && !text.empty()) return last_time_;
  TimeMicros time = 0;
  if (kind_ == Kind::kRfc3339) {
    ASSIGN_OR_RETURN(time, ParseTime(text));
  } else if (kind_ == Kind::kPattern) {
    absl::Time parsed;
    std::string error;
    if (!absl::ParseTime(pattern_, ToAbsl(text), zone_, &parsed, &error)) {
      return InvalidField("time", "BAD_TIME", Cat("'", text.substr(0, 40), "': ", error));
    }
    time = absl::ToUnixMicros(parsed);
  } else {
    ASSIGN_OR_RETURN(const Decimal number, ParseDecimal(text));
    const Decimal unit{1, kind_ == Kind::kUnixSeconds ? 0 : 3};
    ASSIGN_OR_RETURN(time, ToMicros(Product(number, unit)));
  }
  last_text_ = text;
  last_time_ = time;
  return time;
}

absl::StatusOr<CompiledCondition> CompiledCondition::Compile(const Condition& condition,
                                                             Columns& columns) {
  CompiledCondition result;
  result.condition_ = condition;
  if (condition.column().empty()) {
    return InvalidField("when.column", "REQUIRED", "a condition needs a column");
  }
  result.position_ = columns.PositionOf(condition.column());
  const std::string& bound =
      condition.test_case() == Condition::kGreater ? condition.greater() : condition.less();
  if (condition.test_case() == Condition::TEST_NOT_SET) {
    return InvalidField("when", "REQUIRED", "a condition needs a test");
  }
  if (condition.test_case() == Condition::kGreater || condition.test_case() == Condition::kLess) {
    ASSIGN_OR_RETURN(result.bound_, ParseDecimal(bound));
  }
  for (const std::string& value : condition.one_of().value()) result.one_of_.insert(value);
  return result;
}

bool CompiledCondition::Holds(const Row& row) const {
  const std::string_view text = row.cells[position_];
  const auto compare = [&](int sign) {
    const auto number = ParseDecimal(Stripped(text));
    return number.ok() && Compare(*number, bound_) * sign > 0;
  };
  bool holds = false;
  switch (condition_.test_case()) {
    case Condition::kEquals:
      holds = text == condition_.equals();
      break;
    case Condition::kMatches:
      holds = MatchesPattern(text, condition_.matches());
      break;
    case Condition::kGreater:
      holds = compare(1);
      break;
    case Condition::kLess:
      holds = compare(-1);
      break;
    case Condition::kNotEmpty:
      holds = text.empty() != condition_.not_empty();
      break;
    case Condition::kOneOf:
      holds = one_of_.contains(text);
      break;
    case Condition::TEST_NOT_SET:
      break;
  }
  return holds != condition_.negate();
}

absl::StatusOr<Conditions> CompileAll(
    const google::protobuf::RepeatedPtrField<Condition>& conditions, Columns& columns) {
  Conditions result;
  for (const Condition& condition : conditions) {
    ASSIGN_OR_RETURN(CompiledCondition compiled, CompiledCondition::Compile(condition, columns));
    result.push_back(std::move(compiled));
  }
  return result;
}

bool AllHold(const Conditions& conditions, const Row& row) {
  return std::all_of(conditions.begin(), conditions.end(),
                     [&row](const CompiledCondition& condition) { return condition.Holds(row); });
}

absl::StatusOr<CompiledSource> CompiledSource::Compile(const Source& source,
                                                       const MappingDefaults& defaults,
                                                       Columns& columns) {
  CompiledSource result;
  result.source_ = source;
  switch (source.from_case()) {
    case Source::kColumn:
      result.left_ = columns.PositionOf(source.column());
      break;
    case Source::kConstant:
      break;
    case Source::kTemplate: {
      ASSIGN_OR_RETURN(result.template_, Template::Compile(source.template_(), columns));
      break;
    }
    case Source::kProduct:
      result.left_ = columns.PositionOf(source.product().left());
      result.right_ = columns.PositionOf(source.product().right());
      break;
    case Source::FROM_NOT_SET:
      return InvalidField("value", "REQUIRED", "needs column, constant, template or product");
  }
  if (!source.scale().empty()) {
    result.scaled_ = true;
    ASSIGN_OR_RETURN(result.scale_, ParseDecimal(source.scale()));
  }
  const std::string& format =
      source.time_format().empty() ? defaults.time_format : source.time_format();
  ASSIGN_OR_RETURN(result.time_, TimeReader::Compile(format, defaults.zone));
  return result;
}

std::string_view CompiledSource::Text(const Row& row) {
  std::string_view text;
  switch (source_.from_case()) {
    case Source::kConstant:
      text = source_.constant();
      break;
    case Source::kTemplate:
      scratch_.clear();
      template_.AppendTo(row, scratch_);
      text = scratch_;
      break;
    default:
      text = row.cells[left_];
      break;
  }
  if (source_.translate().empty()) return text;
  const auto found = source_.translate().find(std::string(text));
  return found == source_.translate().end() ? text : std::string_view(found->second);
}

absl::StatusOr<Decimal> CompiledSource::Number(const Row& row) {
  ASSIGN_OR_RETURN(Decimal number, ParseDecimal(Stripped(Text(row))));
  if (source_.from_case() == Source::kProduct) {
    ASSIGN_OR_RETURN(const Decimal right, ParseDecimal(Stripped(row.cells[right_])));
    number = Product(number, right);
  }
  if (scaled_) number = Product(number, scale_);
  if (source_.negate()) number.digits = -number.digits;
  return number;
}

absl::StatusOr<TimeMicros> CompiledSource::Time(const Row& row) {
  return time_.Read(Stripped(Text(row)));
}

bool CompiledSource::Empty(const Row& row) { return Text(row).empty(); }

bool CompiledSource::NoAnswer(const Row& row) {
  if (source_.no_answer().empty()) return false;
  const std::string_view text = Text(row);
  return std::any_of(source_.no_answer().begin(), source_.no_answer().end(),
                     [text](const std::string& none) { return none == text; });
}

}  // namespace rapport::ctl

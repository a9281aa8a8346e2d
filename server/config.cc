// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <cctype>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/text_format.h"
#include "lib/base/errors.h"
#include "lib/base/status_macros.h"
#include "lib/base/text.h"

namespace rapport::server {
namespace {

using google::protobuf::FieldDescriptor;

struct Flag {
  std::string_view name;     // With dashes; the field has underscores.
  std::string_view meaning;  // Of the value; empty for switches.
  std::string_view help;
};

constexpr Flag kFlags[] = {
    {"data-dir", "FOLDER", "folder of the store; created if absent (required)"},
    {"listen", "HOST:PORT,...", "TCP addresses; port 0 takes a free one (default 127.0.0.1:7600)"},
    {"unix-socket", "PATH", "listen on a unix socket as well"},
    {"insecure", "", "answer everybody as admin; only with loopback addresses and unix sockets"},
    {"tokens-file", "FILE", "bearer tokens, one a line: sha256-hex role name"},
    {"tls-cert", "FILE", "certificate chain, PEM; with --tls-key switches TLS on"},
    {"tls-key", "FILE", "private key, PEM"},
    {"tls-client-ca", "FILE", "authorities whose certificates clients must show, PEM"},
    {"metrics-listen", "HOST:PORT", "Prometheus endpoint; empty for none (default 127.0.0.1:7601)"},
    {"export-metrics", "METRIC,...",
     "metrics of every workspace at the Prometheus endpoint, over the last 30 days"},
    {"sync", "power_loss|process_crash",
     "what an acknowledged event survives (default power_loss)"},
    {"log-format", "text|json", "form of log lines (default text)"},
    {"log-requests", "", "log every call, not only failures and slow calls"},
    {"slow-call-ms", "N", "calls slower than this are logged (default 1000)"},
    {"id-horizon-days", "N", "days for which event ids are remembered (default 30)"},
    {"cache-mb", "N", "block cache of the store, MiB (default 256)"},
    {"drain-seconds", "N", "longest wait for calls in flight when stopping (default 10)"},
    {"worker-threads", "N", "threads for long calls (default 4)"},
    {"channelz", "", "serve channelz also on addresses that other machines reach"},
};

absl::Status BadFlag(std::string_view flag, std::string_view text) {
  return InvalidField(Cat("--", flag), "BAD_FLAG", text);
}

const FieldDescriptor* FieldOf(std::string_view flag) {
  std::string name(flag);
  for (char& c : name) c = c == '-' ? '_' : c;
  return Config::descriptor()->FindFieldByName(name);
}

absl::Status SetEnum(Config& config, const FieldDescriptor& field, std::string_view flag,
                     const std::string& value) {
  // power_loss > SYNC_MODE_POWER_LOSS: the zero value names the prefix.
  std::string name = field.enum_type()->value(0)->name();
  name.resize(name.size() - std::string_view("UNSPECIFIED").size());
  for (char c : value) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto* number = field.enum_type()->FindValueByName(name);
  if (number == nullptr || number->number() == 0) return BadFlag(flag, "unknown value");
  Config::GetReflection()->SetEnum(&config, &field, number);
  return absl::OkStatus();
}

absl::Status SetField(Config& config, std::string_view flag, const std::string& value) {
  const FieldDescriptor& field = *FieldOf(flag);
  const auto& reflection = *Config::GetReflection();
  if (field.is_repeated()) {
    for (absl::string_view item : absl::StrSplit(value, ',', absl::SkipEmpty())) {
      reflection.AddString(&config, &field, std::string(item));
    }
    return absl::OkStatus();
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return SetEnum(config, field, flag, value);
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool truth = false;
      if (!absl::SimpleAtob(value, &truth)) return BadFlag(flag, "must be true or false");
      reflection.SetBool(&config, &field, truth);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      int32_t number = 0;
      if (!absl::SimpleAtoi(value, &number)) return BadFlag(flag, "must be a whole number");
      reflection.SetInt32(&config, &field, number);
      return absl::OkStatus();
    }
    default:
      reflection.SetString(&config, &field, value);
      return absl::OkStatus();
  }
}

const Flag* FindFlag(std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

absl::Status ReadConfigFile(const std::string& path, Config& config) {
  std::ifstream file(path);
  if (!file) return BadFlag("config", Cat("cannot read ", path));
  std::stringstream text;
  text << file.rdbuf();
  if (!google::protobuf::TextFormat::ParseFromString(text.str(), &config)) {
    return BadFlag("config", Cat(path, " is no text proto of rapport.store.v1.ServerConfig"));
  }
  return absl::OkStatus();
}

struct Setting {
  std::string name;
  std::string value;
};

// Splits the command line; switches get "true".
absl::StatusOr<std::vector<Setting>> SplitArguments(std::span<const std::string> arguments) {
  std::vector<Setting> settings;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view text = arguments[i];
    if (text == "-h") text = "--help";
    if (!text.starts_with("--")) return BadFlag("", Cat("unexpected argument ", text));
    text.remove_prefix(2);
    const size_t equal = text.find('=');
    const std::string name(text.substr(0, equal));
    const Flag* flag = FindFlag(name);
    const bool known = flag != nullptr || name == "config" || name == "help";
    if (!known) return BadFlag(name, "unknown flag; see --help");
    const bool is_switch = name == "help" || (flag != nullptr && flag->meaning.empty());
    if (equal != std::string_view::npos) {
      settings.push_back({name, std::string(text.substr(equal + 1))});
    } else if (is_switch) {
      settings.push_back({name, "true"});
    } else if (i + 1 < arguments.size()) {
      settings.push_back({name, arguments[++i]});
    } else {
      return BadFlag(name, "needs a value");
    }
  }
  return settings;
}

absl::Status CheckRange(std::string_view field, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return InvalidField(field, "OUT_OF_RANGE", Cat("must be from ", low, " to ", high));
}

void FillDefaults(Config& config) {
  if (config.listen().empty() && config.unix_socket().empty()) config.add_listen("127.0.0.1:7600");
  if (!config.has_metrics_listen()) config.set_metrics_listen("127.0.0.1:7601");
  if (!config.has_id_horizon_days()) config.set_id_horizon_days(30);
  if (!config.has_cache_mb()) config.set_cache_mb(256);
  if (!config.has_drain_seconds()) config.set_drain_seconds(10);
  if (!config.has_slow_call_ms()) config.set_slow_call_ms(1000);
  if (!config.has_worker_threads()) config.set_worker_threads(4);
}

absl::Status CheckAccess(const Config& config) {
  const bool has_tokens = !config.tokens_file().empty() || !config.tokens().empty();
  if (config.insecure() == has_tokens) {
    return InvalidField("insecure", "BAD_ACCESS", "give either tokens or --insecure");
  }
  if (!config.insecure()) return absl::OkStatus();
  for (const std::string& address : config.listen()) {
    if (!IsLocalAddress(address)) {
      return InvalidField("insecure", "NOT_LOOPBACK",
                          Cat("refused: ", address, " can be reached from other machines"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CommandLine> ParseCommandLine(std::span<const std::string> arguments) {
  CommandLine line;
  ASSIGN_OR_RETURN(const std::vector<Setting> settings, SplitArguments(arguments));
  for (const Setting& setting : settings) {
    if (setting.name == "help") line.help = true;
    if (setting.name == "config") RETURN_IF_ERROR(ReadConfigFile(setting.value, line.config));
  }
  TextSet seen;
  for (const Setting& setting : settings) {
    if (setting.name == "help" || setting.name == "config") continue;
    if (seen.insert(setting.name).second) {
      Config::GetReflection()->ClearField(&line.config, FieldOf(setting.name));
    }
    RETURN_IF_ERROR(SetField(line.config, setting.name, setting.value));
  }
  return line;
}

std::string HelpText() {
  std::string text =
      "rapport-server: customer engagement analytics over gRPC.\n\n"
      "Usage: rapport-server --data-dir=FOLDER (--insecure | --tokens-file=FILE) [flags]\n\n"
      "Flags:\n"
      "  --config=FILE\n      settings as text proto (rapport.store.v1.ServerConfig); flags win\n";
  for (const Flag& flag : kFlags) {
    text += Cat("  --", flag.name, flag.meaning.empty() ? "" : "=", flag.meaning, "\n      ",
                flag.help, "\n");
  }
  return text + "  --help\n      show this text\n";
}

absl::Status CompleteConfig(Config& config) {
  if (config.data_dir().empty()) return InvalidField("data_dir", "REQUIRED", "is required");
  FillDefaults(config);
  RETURN_IF_ERROR(CheckRange("id_horizon_days", config.id_horizon_days(), 1, 3650));
  RETURN_IF_ERROR(CheckRange("cache_mb", config.cache_mb(), 1, 1 << 20));
  RETURN_IF_ERROR(CheckRange("drain_seconds", config.drain_seconds(), 0, 3600));
  RETURN_IF_ERROR(CheckRange("slow_call_ms", config.slow_call_ms(), 0, 3'600'000));
  RETURN_IF_ERROR(CheckRange("worker_threads", config.worker_threads(), 1, 256));
  if (config.tls_cert().empty() != config.tls_key().empty()) {
    return InvalidField("tls_cert", "BAD_TLS", "give certificate and key together");
  }
  if (!config.tls_client_ca().empty() && config.tls_cert().empty()) {
    return InvalidField("tls_client_ca", "BAD_TLS", "needs tls_cert and tls_key");
  }
  return CheckAccess(config);
}

bool IsLocalAddress(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const size_t colon = address.rfind(':');
  const std::string_view host = address.substr(0, colon);
  const bool numeric = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return host == "localhost" || host == "[::1]" || (numeric && host.starts_with("127."));
}

}  // namespace rapport::server

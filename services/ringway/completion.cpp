#include "services/ringway/completion.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <sstream>
#include <vector>

#include "services/ringway/commands.hpp"

namespace ringway::services {
namespace {

struct Flag {
  std::vector<std::string> spellings;  // "-e", "--entry"
  std::string help;
  bool takes_value = false;
  bool takes_file = false;
};

std::vector<const CLI::Option*> options_of(const CLI::App& app) {
  auto options = app.get_options();
  // An option group is an unnamed subcommand.
  for (const CLI::App* group : app.get_subcommands({})) {
    if (!group->get_name().empty()) continue;
    const auto more = group->get_options();
    options.insert(options.end(), more.begin(), more.end());
  }
  return options;
}

std::vector<Flag> flags_of(const CLI::App& app) {
  std::vector<Flag> flags;
  for (const CLI::Option* option : options_of(app)) {
    if (!option->nonpositional()) continue;
    Flag flag;
    for (const auto& name : option->get_snames()) flag.spellings.push_back("-" + name);
    for (const auto& name : option->get_lnames()) flag.spellings.push_back("--" + name);
    flag.help = option->get_description();
    flag.takes_value = option->get_items_expected_max() > 0;
    flag.takes_file = option->get_type_name() == "FILE" || option->get_type_name() == "DIR";
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  auto commands = app.get_subcommands({});
  std::erase_if(commands, [](const CLI::App* command) { return command->get_name().empty(); });
  return commands;
}

std::string spellings(const std::vector<Flag>& flags, bool (*wanted)(const Flag&), const char* separator) {
  std::string out;
  for (const Flag& flag : flags) {
    if (!wanted(flag)) continue;
    for (const auto& spelling : flag.spellings) out += (out.empty() ? "" : separator) + spelling;
  }
  return out;
}
bool any_flag(const Flag&) { return true; }
bool file_flag(const Flag& flag) { return flag.takes_file; }

// For text inside single quotes of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// zsh gives brackets and colons of a specification a meaning.
std::string zsh_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

const std::vector<std::string> k_shells{"bash", "zsh", "fish"};

}  // namespace

std::string bash_completion(const CLI::App& app) {
  const auto global = flags_of(app);
  std::ostringstream out;
  std::string names;
  std::string files = spellings(global, file_flag, "|");
  for (const CLI::App* command : commands_of(app)) {
    names += (names.empty() ? "" : " ") + command->get_name();
    const auto more = spellings(flags_of(*command), file_flag, "|");
    if (!more.empty()) files += (files.empty() ? "" : "|") + more;
  }
  out << "# bash completion of ringway; load it with: source <(ringway completion bash)\n"
         "_ringway() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= word\n"
         "  COMPREPLY=()\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \" "
      << names
      << " \" in *\" $word \"*) command=$word; break ;; esac\n"
         "  done\n"
         "  case \"$previous\" in\n    "
      << files
      << ") COMPREPLY=($(compgen -f -- \"$current\")); return ;;\n  esac\n"
         "  local options="
      << quoted(spellings(global, any_flag, " "))
      << "\n"
         "  case \"$command\" in\n"
         "    '') options+=' "
      << names << "' ;;\n";
  for (const CLI::App* command : commands_of(app)) {
    out << "    " << command->get_name() << ") options+=' " << spellings(flags_of(*command), any_flag, " ");
    if (command->get_name() == "completion") out << " bash zsh fish";
    out << "' ;;\n";
  }
  out << "  esac\n"
         "  COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
         "}\n"
         "complete -o default -F _ringway ringway\n";
  return out.str();
}

std::string zsh_completion(const CLI::App& app) {
  std::ostringstream out;
  const auto specifications = [&out](const std::vector<Flag>& flags, const char* indent) {
    for (const Flag& flag : flags) {
      const std::string value = !flag.takes_value ? "" : flag.takes_file ? ":file:_files" : ":value:";
      for (const auto& spelling : flag.spellings) {
        std::string specification = spelling;
        specification.append("[").append(zsh_escaped(flag.help)).append("]").append(value);
        out << " \\\n" << indent << quoted(specification);
      }
    }
  };
  out << "#compdef ringway\n"
         "# zsh completion of ringway; load it with: source <(ringway completion zsh)\n"
         "_ringway() {\n"
         "  local line state\n"
         "  _arguments -C";
  specifications(flags_of(app), "    ");
  out << " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n"
         "  case $state in\n"
         "    command)\n"
         "      local -a commands=(";
  for (const CLI::App* command : commands_of(app)) {
    out << "\n        " << quoted(command->get_name() + ":" + command->get_description());
  }
  out << ")\n"
         "      _describe command commands ;;\n"
         "    argument)\n"
         "      case $line[1] in\n";
  for (const CLI::App* command : commands_of(app)) {
    out << "        " << command->get_name() << ") _arguments";
    specifications(flags_of(*command), "          ");
    if (command->get_name() == "completion") out << " \\\n          '1:shell:(bash zsh fish)'";
    out << " ;;\n";
  }
  out << "      esac ;;\n"
         "  esac\n"
         "}\n"
         "compdef _ringway ringway\n";
  return out.str();
}

std::string fish_completion(const CLI::App& app) {
  std::ostringstream out;
  out << "# fish completion of ringway; load it with: ringway completion fish | source\n"
         "complete -c ringway -f\n";
  const auto lines = [&out](const std::vector<Flag>& flags, const std::string& condition) {
    for (const Flag& flag : flags) {
      out << "complete -c ringway" << condition;
      for (const auto& spelling : flag.spellings) {
        out << (spelling.starts_with("--") ? " -l " + spelling.substr(2) : " -s " + spelling.substr(1));
      }
      out << (flag.takes_file    ? " -r -F"
              : flag.takes_value ? " -x"
                                 : "")
          << " -d " << quoted(flag.help) << '\n';
    }
  };
  lines(flags_of(app), "");
  for (const CLI::App* command : commands_of(app)) {
    const auto& name = command->get_name();
    out << "complete -c ringway -n __fish_use_subcommand -a " << name << " -d "
        << quoted(command->get_description()) << '\n';
    lines(flags_of(*command), " -n '__fish_seen_subcommand_from " + name + "'");
  }
  out << "complete -c ringway -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'\n";
  return out.str();
}

void add_completion(CLI::App& app, Session& session, Action& chosen) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "Print the completion script for a shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember(k_shells));
  command->footer(
      "bash: source <(ringway completion bash)   zsh: source <(ringway completion zsh)\n"
      "fish: ringway completion fish | source");
  command->callback([shell, &app, &session, &chosen] {
    chosen = [shell, &app, &session] {
      session.out << (*shell == "bash"  ? bash_completion(app)
                      : *shell == "zsh" ? zsh_completion(app)
                                        : fish_completion(app));
      return static_cast<int>(k_exit_ok);
    };
  });
}

}  // namespace ringway::services

import type { Command } from "commander";
import { GatehouseError } from "#lib/errors";
import type { CommandTools } from "../command-tools.ts";

/** What can follow one path of command words. */
interface Completions {
  /** Command words typed so far, without the program's name. */
  readonly path: readonly string[];
  readonly words: readonly string[];
}

export function addCompletionCommand(program: Command, tools: CommandTools): void {
  tools
    .add(program, "completion", "print a completion script for your shell")
    .argument("<shell>", "bash, zsh or fish")
    .action(
      tools.action(async (settings, command) => {
        settings.terminal.out(completionScript(program, command.args[0] ?? ""));
      }),
    )
    .addHelpText("after", completionExamples);
}

const completionExamples = `
Examples:
  source <(gatehouse completion bash)
  gatehouse completion zsh > "\${fpath[1]}/_gatehouse"
  gatehouse completion fish > ~/.config/fish/completions/gatehouse.fish`;

export function completionScript(program: Command, shell: string): string {
  const tree = completionsOf(program, []);
  switch (shell) {
    case "bash":
      return bashScript(tree);
    case "zsh":
      // zsh runs bash completions through its own bridge.
      return `#compdef gatehouse\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(tree)}`;
    case "fish":
      return fishScript(tree);
    default:
      throw new GatehouseError("usage_invalid", `There is no completion for ${shell}: bash, zsh or fish.`);
  }
}

function completionsOf(command: Command, path: readonly string[]): Completions[] {
  const words = [
    ...command.commands.map((each) => each.name()),
    ...command.options.map(({ long }) => long ?? "").filter((long) => long !== ""),
  ];
  return [
    { path, words },
    ...command.commands.flatMap((each) => completionsOf(each, [...path, each.name()])),
  ];
}

/** `path` and `words` are special in zsh, which runs this too. */
function bashScript(tree: readonly Completions[]): string {
  const cases = tree.map(({ path, words }) => `    "${path.join(" ")}") offered="${words.join(" ")}" ;;`);
  return `_gatehouse() {
  local word offered typed=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in --) return ;; -*) ;; *) typed="\${typed:+$typed }$word" ;; esac
  done
  case "$typed" in
${cases.join("\n")}
    *) offered="" ;;
  esac
  COMPREPLY=($(compgen -W "$offered" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _gatehouse gatehouse`;
}

function fishScript(tree: readonly Completions[]): string {
  return tree
    .map(({ path, words }) => {
      const condition = `test (string join " " (__fish_print_cmd_args_without_options)[2..]) = "${path.join(" ")}"`;
      return `complete -c gatehouse -f -n '${condition}' -a '${words.join(" ")}'`;
    })
    .join("\n");
}

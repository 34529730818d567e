import { Option } from 'commander';
import type { Command } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/** Names of arguments and options whose values `dpm __complete` knows. */
const namedArgument = /^(?:server|volume|partition|id)$/;
const namedOption = /^--(?:server|volume|partition|column|sort-column)$/;

/** A command and what can follow it. */
interface Node {
  /** Names of the command and its parents, without `dpm`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  /** Choices of its arguments. */
  readonly words: readonly string[];
  readonly options: readonly CompletedOption[];
  /** Whether an argument is the name of a server, volume, partition or flow. */
  readonly takesNames: boolean;
}

interface CompletedOption {
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly takesFile: boolean;
  readonly takesName: boolean;
  readonly choices: readonly string[];
}

/** Returns the completion script of a shell, generated from the tree of commands. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = collectNodes(program, [], program.options.filter(isShown).map(toOption));
  return { bash: bashScript, zsh: zshScript, fish: fishScript }[shell](nodes);
}

function isShown(option: Option): boolean {
  return !option.hidden;
}

function toOption(option: Option): CompletedOption {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required || option.optional,
    takesFile: /<(?:file|dir)>/.test(option.flags),
    takesName: namedOption.test(option.long ?? ''),
    choices: option.argChoices ?? [],
  };
}

const help = toOption(new Option('-h, --help', 'display help for command'));

/** Returns the commands below a command, without hidden ones and `help`. */
export function visibleCommands(command: Command): readonly Command[] {
  return command.commands.filter((child) => !child.name().startsWith('__'));
}

function collectNodes(command: Command, path: readonly string[], globals: readonly CompletedOption[]): readonly Node[] {
  const own = path.length === 0 ? [] : command.options.filter(isShown).map(toOption);
  const node: Node = {
    path,
    description: command.summary(),
    commands: visibleCommands(command).map((child) => ({
      name: child.name(),
      description: child.summary() || child.description(),
    })),
    words: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
    options: [...own, ...globals, help],
    takesNames: command.registeredArguments.some((argument) => namedArgument.test(argument.name())),
  };
  return [node, ...visibleCommands(command).flatMap((child) => collectNodes(child, [...path, child.name()], globals))];
}

function flagsWhere(nodes: readonly Node[], keep: (option: CompletedOption) => boolean): readonly string[] {
  return [...new Set(nodes.flatMap(({ options }) => options.filter(keep).flatMap(({ flags }) => flags)))];
}

/** Returns the parts that bash and zsh share: they find the command among the words, then look up what may follow. */
function cases(nodes: readonly Node[]) {
  const values = flagsWhere(nodes, ({ takesValue }) => takesValue).join('|');
  const files = flagsWhere(nodes, ({ takesFile }) => takesFile).join('|');
  const names = flagsWhere(nodes, ({ takesName }) => takesName).join('|');
  const naming = nodes.filter(({ takesNames }) => takesNames).map(({ path }) => `'${path.join(' ')}'`);
  const known = nodes.map(({ path }) => `'${path.join(' ')}'`).join('|');
  const all = nodes.flatMap(({ options }) => options).filter((option) => option.choices.length > 0);
  const byFlag = new Map(all.flatMap((option) => option.flags.map((flag) => [flag, option.choices] as const)));
  const choices = [...byFlag].map(([flag, words]) => `    ${flag}) words='${words.join(' ')}' ;;`);
  const words = nodes.map(({ path, commands, words: own, options }) => {
    const words = [...commands.map(({ name }) => name), ...own, ...options.flatMap(({ flags }) => flags)];
    return `    '${path.join(' ')}') words='${words.join(' ')}' ;;`;
  });
  const named = naming.join('|');
  return { values, files, names, named, known, choices: choices.join('\n'), words: words.join('\n') };
}

function bashScript(nodes: readonly Node[]): string {
  const { values, files, names, named, known, choices, words } = cases(nodes);
  return `# bash completion of dpm; to be sourced
# Adds names that dpm looks up. Names are never expanded by the shell, whatever they contain.
_dpm_names() {
  local name
  while IFS= read -r name; do
    printf -v name '%q' "$name"
    COMPREPLY+=("$name")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
_dpm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path='' next words='' word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      ${values}) ((i++)); continue ;;
      -*) continue ;;
    esac
    next="\${path:+$path }$word"
    case "$next" in ${known}) path="$next" ;; esac
  done
  case "$previous" in
    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;
    ${names}) _dpm_names; return ;;
${choices}
    ${values}) return ;;
  esac
  [[ -n $words ]] || case "$path" in
${words}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ $current == -* ]] || case "$path" in ${named}) _dpm_names ;; esac
}
complete -F _dpm dpm
`;
}

function zshScript(nodes: readonly Node[]): string {
  const { values, files, names, named, known, choices, words } = cases(nodes);
  return `#compdef dpm
_dpm_names() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- "\${(@)found:#}"
}
_dpm() {
  local current_path='' next choice='' word
  local -i i
  local words_before=("\${(@)words[2,CURRENT-1]}") previous="\${words[CURRENT-1]}"
  for ((i = 1; i <= \${#words_before}; i++)); do
    word="\${words_before[i]}"
    case "$word" in
      ${values}) ((i++)); continue ;;
      -*) continue ;;
    esac
    next="\${current_path:+$current_path }$word"
    case "$next" in ${known}) current_path="$next" ;; esac
  done
  case "$previous" in
    ${files}) _files; return ;;
    ${names}) _dpm_names; return ;;
${choices.replaceAll("words='", "choice='")}
    ${values}) return ;;
  esac
  [[ -n $choice ]] || case "$current_path" in
${words.replaceAll("words='", "choice='")}
  esac
  compadd -- \${=choice}
  case "$current_path" in ${named}) _dpm_names ;; esac
}
if [[ $funcstack[1] == _dpm ]]; then _dpm "$@"; else compdef _dpm dpm; fi
`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function fishScript(nodes: readonly Node[]): string {
  const values = flagsWhere(nodes, ({ takesValue }) => takesValue).join(' ');
  const known = nodes.map(({ path }) => quoteFish(path.join(' '))).join(' ');
  const lines = nodes.flatMap((node) => {
    const condition = `-n ${quoteFish(`__dpm_at ${quoteFish(node.path.join(' '))}`)}`;
    const commands = node.commands.map(
      ({ name, description }) => `complete -c dpm -f ${condition} -a ${quoteFish(name)} -d ${quoteFish(description)}`,
    );
    const names = node.takesNames ? [`complete -c dpm -f ${condition} -a '(__dpm_names)'`] : [];
    const words = node.words.map((word) => `complete -c dpm -f ${condition} -a ${quoteFish(word)}`);
    return [...commands, ...names, ...words, ...node.options.map((option) => fishOption(option, condition))];
  });
  return `# fish completion of dpm; to be sourced
function __dpm_at
  set -l path
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    if contains -- $word ${values}
      set skip 1
      continue
    end
    string match -q -- '-*' $word; and continue
    set -l next (string join ' ' $path $word)
    contains -- $next ${known}; and set path (string split ' ' $next)
  end
  test (string join ' ' $path) = "$argv[1]"
end
function __dpm_names
  dpm __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c dpm -f
${lines.join('\n')}
`;
}

function fishOption(option: CompletedOption, condition: string): string {
  const flags = option.flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = option.takesFile ? ' -r -F' : option.takesValue ? ' -x' : '';
  const words = option.takesName
    ? " -a '(__dpm_names)'"
    : option.choices.length === 0
      ? ''
      : ` -a ${quoteFish(option.choices.join(' '))}`;
  return `complete -c dpm ${condition} ${flags.join(' ')}${value}${words} -d ${quoteFish(option.description)}`;
}

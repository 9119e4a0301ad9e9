// Bash completion of the command, made from its tables of flags, long options and sub-commands.
import { LONG } from '../../src/cli/command.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { FLAGS } from '../../src/daemon/messages.ts';

/** What may stand where a value is expected: files, directories, one of these words, or anything. */
type Value = 'files' | 'directories' | readonly string[] | undefined;

function valueKind(flags: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return choices;
  const what = /[<[]([^>\]]*)[>\]]/.exec(flags)?.[1] ?? '';
  // The placeholder lists what there is: <on/off/open>.
  if (/^[a-z0-9]+(?:\/[a-z0-9]+)+$/.test(what)) return what.split('/');
  if (/dir/.test(what)) return 'directories';
  return /file|path/.test(what) ? 'files' : undefined;
}

/** Flags as commander writes them (`-q, --quiet`, `--to <version>`): the words themselves, and whether a value follows. */
const parse = (flags: string): { words: string[]; value: boolean } => ({
  words: flags.match(/(?<![\w-])--?[a-zA-Z][a-z0-9-]*/g) ?? [],
  value: /[<[]/.test(flags),
});

/** The branch of a case that fills COMPREPLY for the value of these flags. */
function branch(words: readonly string[], value: Value): string {
  const fill =
    value === 'files'
      ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))'
      : value === 'directories'
        ? 'compopt -o filenames; COMPREPLY=($(compgen -d -- "$cur"))'
        : value === undefined
          ? 'COMPREPLY=()'
          : `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$cur"))`;
  return `      ${words.join('|')}) ${fill}; return ;;`;
}

interface Grammar {
  readonly options: readonly { readonly flags: string; readonly choices?: readonly string[] }[];
  readonly others: readonly string[];
  /** Whether a file may stand where no option does. */
  readonly files: boolean;
  /** Whether the name of a connection may stand there. */
  readonly names?: boolean;
}

function rules({ options, others, files, names }: Grammar): string {
  const parsed = options.map(({ flags, choices }) => ({ ...parse(flags), means: valueKind(flags, choices) }));
  const words = [...parsed.flatMap(({ words }) => words), ...others].join(' ');
  return [
    '      case $prev in',
    ...parsed.filter(({ value }) => value).map(({ words, means }) => `  ${branch(words, means)}`),
    '      esac',
    `      COMPREPLY=($(compgen -W '${words}' -- "$cur"))`,
    ...(names === true ? ['      [[ $cur == -* ]] || COMPREPLY+=($(compgen -W "$(_ser2net_names)" -- "$cur"))'] : []),
    ...(files ? ['      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }'] : []),
  ].join('\n');
}

/** Words that may stand for an argument. */
const wordsOf = (args: string): readonly string[] => (/direction/.test(args) ? ['term', 'tcp'] : []);

/** The text of the completion file. */
export function bashCompletion(): string {
  const daemon: Grammar = {
    options: [...FLAGS.map(([flags]) => ({ flags })), ...LONG],
    others: [],
    files: false,
  };
  const subcommands = Object.entries(SUBCOMMANDS).map(
    ([name, { args, options }]) =>
      `    ${name})\n${rules({ options, others: ['--help', ...wordsOf(args)], files: /file|device/.test(args), names: /port|where/.test(args) })}\n      ;;`,
  );
  return `# Completion of ser2net for bash. Made from the program's own tables.
# Names of the connections in the file of -c or --config, or of the service.
_ser2net_names() {
  local i file= CONFFILE=
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -c || \${COMP_WORDS[i]} == --config ]] && file=\${COMP_WORDS[i+1]}
  done
  [[ -r /etc/default/ser2net ]] && . /etc/default/ser2net 2>/dev/null
  for file in "$file" "$CONFFILE" /etc/ser2net/ser2net.yaml /etc/ser2net.yaml; do
    [[ -n $file && -r $file ]] || continue
    sed -n 's/^connection:[[:space:]]*&\\([A-Za-z0-9_.-]*\\).*/\\1/p' "$file"
    return
  done
}
_ser2net() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $cur != -* ]]; then
    COMPREPLY=($(compgen -W '${Object.keys(SUBCOMMANDS).join(' ')}' -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]} in
${subcommands.join('\n')}
    *)
${rules(daemon)}
      ;;
  esac
}
complete -F _ser2net ser2net
`;
}

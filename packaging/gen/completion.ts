// Bash completion of the command, made from its tables of flags, long options and sub-commands.
import { LONG } from '../../src/cli/command.ts';
import { SUBCOMMANDS } from '../../src/cli/subcommands.ts';
import { FLAGS } from '../../src/daemon/messages.ts';

/** What may stand where a value is expected: files, directories, one of these words, or anything. */
type Value = 'files' | 'directories' | readonly string[] | undefined;

function valueKind(flags: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return choices;
  const what = /[<[]([^>\]]*)[>\]]/.exec(flags)?.[1] ?? '';
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
}

function rules({ options, others, files }: Grammar): string {
  const parsed = options.map(({ flags, choices }) => ({ ...parse(flags), means: valueKind(flags, choices) }));
  const words = [...parsed.flatMap(({ words }) => words), ...others].join(' ');
  return [
    '      case $prev in',
    ...parsed.filter(({ value }) => value).map(({ words, means }) => `  ${branch(words, means)}`),
    '      esac',
    `      COMPREPLY=($(compgen -W '${words}' -- "$cur"))`,
    ...(files ? ['      [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }'] : []),
  ].join('\n');
}

/** The text of the completion file. */
export function bashCompletion(): string {
  const daemon: Grammar = {
    options: [...FLAGS.map(([flags]) => ({ flags })), ...LONG],
    others: [],
    files: false,
  };
  const subcommands = Object.entries(SUBCOMMANDS).map(
    ([name, { args, options }]) => `    ${name})\n${rules({ options, others: ['--help'], files: /file|device/.test(args) })}\n      ;;`,
  );
  return `# Completion of ser2net for bash. Made from the program's own tables.
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

// Completion for bash, made from what the command says of itself: flags, long options with their choices, sub-commands.
import { readCommand } from '../../src/daemon/command.ts';
import { flagHelp } from '../../src/daemon/messages.ts';
import { SUBCOMMANDS } from '../../src/daemon/subcommands.ts';

/** Where it is, from the root. */
export const COMPLETION = 'examples/completion/ser2net.bash';

interface Word {
  readonly word: string;
  /** What its value is; undefined: it has none. */
  readonly value: string | undefined;
  readonly choices: readonly string[];
}

/** `-c, --config <file>` with choices, as commander writes flags. */
const words = (flags: string, choices: readonly string[] = []): Word[] => {
  const value = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  return flags
    .replace(/ [<[].*/, '')
    .split(', ')
    .map((word) => ({ word, value, choices }));
};

/** The daemon's own options, from its help. */
async function daemonWords(): Promise<Word[]> {
  const help = await readCommand('ser2net', ['--help'], { isDirectory: () => false, version: () => '' });
  if (help.do !== 'print') throw new Error('--help prints nothing');
  const text = help.text.replace(/\n {20,}/g, ' ');
  const long = [...text.matchAll(/^ {2}(--[a-z-]+(?: <[a-z-]+>)?) .*$/gm)].flatMap(([line, flags]) =>
    words(flags!, /\(choices: ([^)]*)\)/.exec(line)?.[1]?.replaceAll('"', '').split(', ')),
  );
  const short = [...flagHelp().matchAll(/^ {2}(-\w(?: <[^>]+>)?)/gm)].flatMap(([, flags]) => words(flags!));
  return [...short, ...long];
}

const PATHS = /\b(?:file|dir|key|cert|config|ca|device|log)\b/;
/** What to offer behind a word that wants a value. */
function answer({ value = '', choices, word }: Word): string {
  if (choices.length > 0) return `COMPREPLY=($(compgen -W '${choices.join(' ')}' -- "$cur"))`;
  return PATHS.test(value) || PATHS.test(word) ? 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur"))' : ':';
}

/** One case of a shell: the words before the cursor, by sub-command. */
function values(command: string, all: readonly Word[]): string[] {
  return all.filter(({ value }) => value !== undefined).map((each) => `    ${command}:${each.word}) ${answer(each)}; return ;;`);
}

/** The script. */
export async function completion(): Promise<string> {
  const daemon = await daemonWords();
  const commands = Object.entries(SUBCOMMANDS).map(([name, { options, args }]) => ({
    name,
    words: [...options.flatMap(({ flags, choices }) => words(flags, choices)), ...words('--help')],
    files: PATHS.test(args),
  }));
  const list = (all: readonly Word[]): string => all.map(({ word }) => word).join(' ');
  const lines = [
    '# Completion of ser2net for bash. Generated: npm run gen. Put it where bash-completion looks, or source it.',
    '_ser2net() {',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=''`,
    '  COMPREPLY=()',
    `  case \${COMP_WORDS[1]} in ${commands.map(({ name }) => name).join(' | ')}) [ "$COMP_CWORD" -gt 1 ] && command=\${COMP_WORDS[1]} ;; esac`,
    '  case $command:$prev in',
    ...values('', daemon),
    ...commands.flatMap(({ name, words: all }) => values(name, all)),
    '  esac',
    '  case $command in',
    `    '') COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')} ${list(daemon)}' -- "$cur")) ;;`,
    ...commands.map(({ name, words: all, files }) => {
      const more = files ? `; [[ $cur == -* ]] || { compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); }` : '';
      return `    ${name}) COMPREPLY=($(compgen -W '${list(all)}' -- "$cur"))${more} ;;`;
    }),
    '  esac',
    '}',
    'complete -F _ser2net ser2net',
    '',
  ];
  return lines.join('\n');
}

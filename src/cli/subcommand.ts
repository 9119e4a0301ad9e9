// What a sub-command is: its row in the table, the options it is given, and where it writes to.

/** Options by name in camelCase, as commander gives them. */
export type SubcommandOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** The text given to an option; `undefined` if it was not given, or takes none. */
export const textOption = (value: SubcommandOptions[string]): string | undefined => (typeof value === 'string' ? value : undefined);

/** Where a sub-command writes to. Texts include their line ends. */
export interface SubcommandIo {
  /** Standard output. */
  readonly out: (text: string | Buffer) => void;
  /** Standard error. */
  readonly err: (text: string) => void;
}

/** One sub-command of the table. */
export interface SubcommandRow {
  /** One line for the list of commands. */
  readonly summary: string;
  /** Arguments as commander writes them: `[file]`, `<file>`, `[file...]`; empty for none. */
  readonly args: string;
  /** In the order of --help. */
  readonly options: readonly {
    readonly flags: string;
    readonly doc: string;
    readonly choices?: readonly string[];
    /** The value that holds without the option, as text for people. */
    readonly def?: string;
    /** Can be repeated; the values become a list. */
    readonly several?: true;
  }[];
  /** The exit status for a mistake in the arguments. Default: 1. */
  readonly usageStatus?: number;
  /** Runs the command, and returns its exit status. Loads its code when called. */
  readonly run: (args: readonly string[], options: SubcommandOptions, io: SubcommandIo) => Promise<number>;
}

// What a sub-command is: its row in the table, the options it is given, and what it may do to the outside.

/** Options by name in camelCase, as commander gives them. */
export type SubcommandOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** What a sub-command may do to the outside. Texts have their line ends. */
export interface SubcommandIo {
  readonly out: (text: string | Buffer) => void;
  readonly err: (text: string) => void;
}

export interface SubcommandRow {
  readonly summary: string;
  /** Arguments as commander writes them: `[file]`, `<file>`, `[file...]`; empty for none. */
  readonly args: string;
  readonly options: readonly {
    readonly flags: string;
    readonly doc: string;
    readonly choices?: readonly string[];
    /** May be given again; the values become a list. */
    readonly several?: true;
  }[];
  /** The exit code for a mistake in the words, where it is not 1. */
  readonly usageStatus?: number;
  /** Gives the exit code. Loads its code when called. */
  readonly run: (args: readonly string[], options: SubcommandOptions, io: SubcommandIo) => Promise<number>;
}

// What a gensio string means: its text and the layers read from it, or why it cannot be read.
import type { GensioErrorCode } from '../../base/gensio-error.ts';
import type { LayerSpec } from '../../options/stack.ts';

/** A stack as written, and what it means; or why it means nothing (the connection is kept and reported). */
export interface Stack {
  readonly text: string;
  readonly spec: LayerSpec | undefined;
  /** Why spec is undefined: gensio's error, and what is wrong in words. */
  readonly error: GensioErrorCode | undefined;
  readonly detail?: string;
  /** The piece of the text that is wrong, where it can be told. */
  readonly part?: string;
}

// The way back from the lines of a classic file: proof that reading has lost nothing.
import type { ConfTree } from '../../../src/config/conf/tree.ts';

/** The text a tree was read from. */
export const printTree = (tree: ConfTree): string => tree.map((line) => line.raw).join('');

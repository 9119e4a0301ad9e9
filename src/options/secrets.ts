// Keeps passwords that stand in a gensio string out of whatever others may read: the log, the control port, banners.

/** As gensio strings quote values: in quotes with escapes, or bare up to what ends an option. */
const PASSWORD = /\b(password=)(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|(?:[^\s,)"'\\]|\\.)+)/gi;

/** The text with stars in the place of each `password=` option's value. */
export const withoutSecrets = (text: string): string => text.replace(PASSWORD, '$1***');

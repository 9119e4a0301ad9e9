// What the command line says of a configuration beside the file: -p, -a, -A and -s.
import type { Diag, Pos } from '../base/diag.ts';
import { GENSIO_ERRORS } from '../base/gensio-error.ts';
import type { Defaults } from '../gensio/syntax/defaults.ts';
import { parseStack } from '../gensio/syntax/gensio-str.ts';
import { ADMIN } from '../options/admin.ts';
import type { AdminConfig, Reading } from './model.ts';

/** What holds over a file, or before it. */
export interface Overrides {
  /** -s: the signature of RFC 2217 where the file gives no other. */
  readonly signature?: string | undefined;
  /** -a: `authdir` where the file gives no other. */
  readonly authdir?: string | undefined;
  /** -A: `authdir` of the admin port where the file gives no other; absolute. */
  readonly authdirAdmin?: string | undefined;
  /** -p: the accepter of the admin port; one of the file is an error then. */
  readonly admin?: string | undefined;
}

/** Sets -a and -s as defaults that hold before the file. (In ser2net 4.3.11 -s shows only where the file takes the default away.) */
export function setDefaults(defaults: Defaults, { signature, authdir }: Overrides): void {
  if (signature !== undefined) defaults.set('signature', undefined, signature);
  if (authdir !== undefined) defaults.set('authdir', undefined, authdir);
}

/** The reading with what holds whatever the file says. defaults: the built-in ones. */
export const override = (reading: Reading, overrides: Overrides, defaults: Defaults): Reading =>
  withAdmin(withSignature(reading, overrides), overrides, defaults);

/** -s holds, too, where the file takes the default away. */
function withSignature(reading: Reading, { signature }: Overrides): Reading {
  if (signature === undefined) return reading;
  const connections = reading.config.connections.map((connection) => ({
    ...connection,
    options: { ...connection.options, signature: connection.options.signature ?? signature },
  }));
  return { ...reading, config: { ...reading.config, connections } };
}

const ON_COMMAND_LINE: Pos = { file: '<cmdline>', line: 0, col: 0, len: 0 };

/** -p comes first, so that an admin port of the file is one too many. */
function withAdmin(reading: Reading, { admin: text, authdirAdmin }: Overrides, defaults: Defaults): Reading {
  const { config, diags } = reading;
  const builtIn = ADMIN.authdir.def ?? '';
  if (text === undefined) {
    if (authdirAdmin === undefined || config.admin?.authdir !== builtIn) return reading;
    return { ...reading, config: { ...config, admin: { ...config.admin, authdir: authdirAdmin } } };
  }
  const accepter = parseStack(text, 'accepter', defaults);
  // ser2net 4.3.11: a string that means nothing leaves room for the admin port of the file.
  if (accepter.error !== undefined && config.admin !== undefined) {
    const unusable: Diag = {
      code: 'bad-accepter',
      severity: 'error',
      pos: ON_COMMAND_LINE,
      text: `-p '${text}' cannot be used`,
      classic: `Unable to allocate controller accepter: ${GENSIO_ERRORS[accepter.error]}`,
    };
    return { ...reading, diags: [...diags, unusable] };
  }
  const admin: AdminConfig = {
    name: undefined,
    accepter,
    authdir: authdirAdmin ?? builtIn,
    pamauth: undefined,
    timeout: 0,
    pos: ON_COMMAND_LINE,
  };
  return { ...reading, config: { ...config, admin }, diags: config.admin === undefined ? diags : [...diags, oneTooMany(config.admin)] };
}

const oneTooMany = ({ pos, place }: AdminConfig): Diag => ({
  code: 'duplicate-key',
  severity: 'error',
  pos,
  text: 'the admin port of -p is in force, this one is not',
  classic: `${place ?? ''}Admin port already configured`,
  ...(place !== undefined && { placed: true }),
});

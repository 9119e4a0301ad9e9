// Configurations, problems and stacks as programs see them.
// biome-ignore-all lint/suspicious/noAssignInExpressions: an assignment that must not compile is what is tested
import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import {
  type AdminConfig,
  type AttachConfig,
  type AttachOptions,
  type Config,
  type ConnectionConfig,
  type ConnectionOptions,
  type Converted,
  type ConvertOptions,
  checkConfig,
  convertConfig,
  type Diag,
  type DiagCode,
  type FileProblem,
  type Files,
  formatDiag,
  GENSIO_ERRORS,
  GensioError,
  type GensioErrorCode,
  type LayerOf,
  type LayerSpec,
  type LayerType,
  type LedConfig,
  type LineWish,
  type NetAddr,
  type Parity,
  type Pos,
  type PrintForm,
  parseStack,
  printConfig,
  printStack,
  type Reading,
  type ReadOptions,
  type RotatorConfig,
  readConfig,
  readConfigFile,
  type SerialLine,
  type Stack,
  type Target,
  type TargetOptions,
} from '../../build/src/index.js';

const reading = readConfig('', 'ser2net.yaml');
expectType<Reading>(reading);
expectType<Reading>(readConfig(Buffer.alloc(0)));
expectType<Reading>(readConfigFile('/etc/ser2net/ser2net.yaml'));
expectError(readConfig());
expectError(readConfig(1));
const { config, diags } = reading;
expectType<readonly Diag[]>(diags);
expectType<Config>(config);
expectType<boolean>(reading.complete);

// The model is read-only, all the way down.
const connection = config.connections[0] as ConnectionConfig;
expectType<ConnectionOptions>(connection.options);
expectType<number>(connection.options.chardelayMin);
expectType<boolean>(connection.options.kickolduser);
expectType<string | undefined>(connection.options.banner);
expectType<readonly string[] | undefined>(connection.options.remaddr);
expectError((connection.options.kickolduser = true));
expectError((connection.timeout = 1));
expectError(config.connections.push(connection));
expectError(((config.rotators[0] as RotatorConfig).name = 'x'));
expectError(((config.leds[0] as LedConfig).mode = 'solid'));
expectError(((config.admin as AdminConfig).authdir = ''));
expectError(connection.options.kickoldusr);
expectType<'transient' | 'solid'>((config.leds[0] as LedConfig).mode);
expectType<'yaml' | 'yaml2' | 'conf' | 'none'>(config.format);
declare const attach: AttachConfig;
expectType<readonly Target[]>(attach.targets);
expectType<AttachOptions>(attach.options);
expectType<LineWish | undefined>(attach.options.speed);
declare const target: TargetOptions;
expectType<'on' | 'off' | 'open' | undefined>(target.dtr);

// Problems.
const diag = diags[0] as Diag;
expectType<DiagCode>(diag.code);
expectAssignable<DiagCode>('unknown-option');
expectNotAssignable<DiagCode>('unknown-optoin');
expectType<'error' | 'warning'>(diag.severity);
expectType<Pos>(diag.pos);
expectType<string>(formatDiag(diag));
expectType<Diag[]>(checkConfig(config));
expectError((diag.text = ''));

// Errors of layers.
const err = new GensioError('timedout', 'why');
expectType<GensioErrorCode>(err.code);
expectAssignable<Error>(err);
expectError(new GensioError('timeout'));
expectNotAssignable<GensioErrorCode>('timeout');
expectType<'Operation timed out'>(GENSIO_ERRORS.timedout);

// Printing and converting.
expectType<string>(printConfig(config));
expectType<string>(printConfig(config, 2));
expectAssignable<PrintForm>({ full: true, origins: reading.origins });
expectError<PrintForm>({ origin: true });
expectType<Diag[]>(checkConfig(config, reading.origins));
expectError(printConfig(config, 3));
expectType<Converted>(convertConfig('', 'ser2net.conf', 'v1'));
expectError(convertConfig('', 'ser2net.conf', 'v3'));
expectAssignable<ConvertOptions>({ meant: true });
expectType<string>(convertConfig('', 'x', 'v2', { meant: true }).text);
expectError<ConvertOptions>({ inline: true });

// Files of one's own.
const problem: FileProblem = { reason: 'No such file or directory' };
const files: Files = { read: () => problem, list: () => undefined, exists: () => false, variable: () => undefined, home: () => undefined };
expectAssignable<ReadOptions>({ files });
expectAssignable<ConvertOptions>({ inline: files });
expectError(readConfig('', 'x', { files: {} }));

// Stacks.
const stack = parseStack('tcp,2000', 'accepter');
expectType<Stack>(stack);
expectError(parseStack('tcp,2000', 'acceptor'));
expectType<LayerSpec | undefined>(stack.spec);
const spec = stack.spec as LayerSpec;
expectType<string>(printStack(spec));
if (spec.type === 'tcp') {
  expectType<readonly NetAddr[]>(spec.addrs);
  expectError(spec.device);
}
if (spec.type === 'serialdev') {
  expectType<SerialLine>(spec.line);
  expectType<Parity>(spec.line.parity);
  expectType<5 | 6 | 7 | 8>(spec.line.databits);
  expectError((spec.line.speed = 9600));
}
declare const telnet: LayerOf<'telnet'>;
expectType<boolean>(telnet.opts.rfc2217);
expectType<LayerSpec>(telnet.child);
expectAssignable<LayerType>('telnet');
expectNotAssignable<LayerType>('telnetd');

// Servers, streams, RFC 2217, layers and the binding as programs see them.
// biome-ignore-all lint/suspicious/noAssignInExpressions: an assignment that must not compile is what is tested
import { Duplex } from 'node:stream';
import type { BindingInterface, BindingPortInterface } from '@serialport/bindings-interface';
import { SerialPortStream } from '@serialport/stream';
import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import {
  type Accepter,
  type AccepterUp,
  type ClientOptions,
  type Clock,
  COM_PORT_COMMANDS,
  type ComPort,
  type ComPortCommand,
  type ComPortMessage,
  type Config,
  createServer,
  decodeComPort,
  type EndDefinition,
  encodeComPort,
  escapeIac,
  Filter,
  type FilterDefinition,
  type Gensio,
  type GensioError,
  type GensioEvent,
  type GensioSerial,
  type GensioStream,
  type GensioUp,
  type LayerContext,
  type LayerDefinition,
  type LayerSpec,
  type LineRate,
  type LineState,
  type Log,
  type LogLevel,
  type ModemLine,
  type ModemState,
  type OpenOptions,
  openGensio,
  type Peer,
  type PortCounters,
  type PortError,
  type Queue,
  registerLayer,
  rfc2217Client,
  Ser2netBinding,
  type Ser2netOpenOptions,
  type Ser2netPort,
  type Ser2netPortInfo,
  type Ser2netServer,
  type SerialControl,
  type SerialEvents,
  type SerialFlow,
  type SerialItem,
  type SerialLines,
  type SerialParity,
  type SerialRequest,
  type SerialSetting,
  type SerialSettings,
  type ServerEvents,
  type ServerOptions,
  type ServerPort,
  type ServerUser,
  subnegotiation,
  TelnetDecoder,
  type TelnetOut,
  type Timer,
  telnetBytes,
  telnetText,
} from '../../build/src/index.js';

declare const config: Config;
declare const log: Log;
declare const clock: Clock;

// The server.
const server = createServer(config, { log, clock, lockDir: false, countersEvery: 1000 });
expectType<Ser2netServer>(server);
expectAssignable<ServerOptions>({});
expectError(createServer());
expectError(createServer('connection: ...'));
expectError(createServer(config, { lockDir: true }));
expectType<Promise<void>>(server.start());
expectType<Promise<void>>(server.reload(config));
expectType<Promise<void>>(server.stop());
expectType<readonly ServerPort[]>(server.ports);
expectType<ServerPort | undefined>(server.port('a'));
expectType<Promise<void>>(server.setEnabled('a', true));
expectType<Promise<void>>(server.disconnect('a'));
server.on('connect', ({ port, peer }) => expectType<string>(port + peer));
server.on('disconnect', (event) => {
  expectType<ServerEvents['disconnect'][0]>(event);
  expectType<string>(event.reason);
  expectError((event.reason = ''));
});
server.on('deviceOpen', ({ port }) => expectType<string>(port));
server.on('deviceClose', ({ reason }) => expectType<string>(reason));
server.on('counters', (event) => {
  expectAssignable<PortCounters>(event);
  expectType<number>(event.fromDevice);
});
server.on('modemstate', ({ state }) => expectType<ModemState>(state));
server.on('error', (err) => {
  expectType<PortError>(err);
  expectType<string | undefined>(err.port);
});
expectError(server.on('connected', () => undefined));
declare const port: ServerPort;
expectType<'closed' | 'not-started' | 'unconnected' | 'opening' | 'open' | 'closing'>(port.state);
expectType<readonly ServerUser[]>(port.users);
expectType<number | undefined>(port.listening);
expectError((port.enabled = false));
expectAssignable<LogLevel>('warning');
expectNotAssignable<LogLevel>('warn');

// Streams.
expectType<Promise<GensioStream>>(openGensio('tcp,localhost,2000'));
declare const spec: LayerSpec;
expectType<Promise<GensioStream>>(openGensio(spec, { signal: AbortSignal.timeout(1000) }));
expectAssignable<OpenOptions>({ lockDir: '/run/lock', log, clock });
expectError(openGensio());
expectError(openGensio('tcp,localhost,2000', { timeout: 1 }));
declare const stream: GensioStream;
expectAssignable<Duplex>(stream);
expectType<GensioSerial | undefined>(stream.serial);
expectType<Peer | undefined>(stream.peer);
expectType<string>(stream.address);
expectType<number>(stream.queued);

// The serial port at its end.
const serial = stream.serial as GensioSerial;
expectError((stream.serial = undefined));
expectType<Promise<SerialSettings>>(serial.get());
expectType<Promise<void>>(serial.set({ speed: 9600, parity: 'even', flow: 'rtscts', stopbits: 1.5 }));
expectError(serial.set({ speed: '9600' }));
expectError(serial.set({ parity: 'E' }));
expectError(serial.set({ databits: 9 }));
expectAssignable<SerialParity>('mark');
expectNotAssignable<SerialFlow>('dtrdsr');
expectType<Promise<SerialLines>>(serial.getLines());
expectType<Promise<void>>(serial.setLines({ dtr: true, break: false }));
expectError(serial.setLines({ cts: true }));
expectType<void>(serial.sendBreak());
expectType<void>(serial.purge('input'));
expectError(serial.purge('in'));
expectType<ModemState | undefined>(serial.modemState);
serial.on('modemstate', (state) => {
  expectType<boolean>(state.cts);
  expectType<readonly ModemLine[]>(state.changed);
  expectError((state.cts = true));
});
serial.on('linestate', (state) => expectType<LineState>(state));
expectError(serial.on('modem', () => undefined));
expectType<[state: ModemState]>({} as SerialEvents['modemstate']);

// RFC 2217 alone.
expectType<Promise<GensioStream>>(rfc2217Client(new Duplex()));
expectAssignable<ClientOptions>({ signal: AbortSignal.timeout(1) });
expectError(rfc2217Client('host'));
const message: ComPortMessage = { command: 'SET-BAUDRATE', from: 'client', value: 9600 };
expectType<Buffer>(encodeComPort(message));
expectError(encodeComPort({ command: 'SET-SPEED', from: 'client', value: 9600 }));
expectType<ComPortMessage | undefined>(decodeComPort(Buffer.alloc(0)));
expectAssignable<ComPortCommand>('NOTIFY-MODEMSTATE');
expectType<5>(COM_PORT_COMMANDS['SET-CONTROL']);
const out: TelnetOut = { data: () => true, command: () => undefined, negotiate: () => undefined, suboption: () => undefined };
expectType<number>(new TelnetDecoder().push(Buffer.alloc(0), out));
expectType<Buffer>(escapeIac(Buffer.alloc(0)));
expectType<Buffer>(subnegotiation(44, Buffer.alloc(0)));
expectType<string>(telnetText(Buffer.alloc(0)));
expectType<Buffer>(telnetBytes('IAC NOP'));

// Layers of one's own.
class Twice extends Filter {
  override readonly type = 'twice';
  protected override decode(data: Buffer): void {
    this.up.read(data);
  }
  protected override encode(data: Buffer): Buffer {
    return data;
  }
}
const filter: FilterDefinition = {
  name: 'twice',
  options: ['n'],
  filter: (child, context) => {
    expectType<Gensio>(child);
    expectType<boolean>(context.server);
    expectType<string | undefined>(context.options.n);
    return new Twice(child);
  },
};
expectType<() => void>(registerLayer(filter));
declare const accepter: Accepter;
declare const gensio: Gensio;
const end: EndDefinition = {
  name: 'end',
  accepter: () => accepter,
  connector: (rest, context) => {
    expectType<string>(rest);
    expectType<LayerContext>(context);
    return gensio;
  },
};
expectAssignable<LayerDefinition>(end);
expectError(registerLayer({ filter: (child: Gensio) => child }));
expectError(registerLayer({ name: 'x', filter: () => 1 }));
expectType<GensioUp>(gensio.up);
expectType<AccepterUp>(accepter.up);
expectType<SerialControl | undefined>(gensio.serial);
expectType<ComPort | undefined>(gensio.comPort);
expectAssignable<GensioEvent>({ on: 'modemstate', state: 0 });
expectNotAssignable<GensioEvent>({ on: 'modem', state: 0 });
expectAssignable<SerialItem>('speed');
expectAssignable<Queue>('input');
expectAssignable<SerialSetting>({ item: 'speed', value: 9600 });
expectAssignable<SerialRequest>({ item: 'parity', value: undefined });
expectError<SerialSetting>({ item: 'parity', value: 9600 });
expectAssignable<LineRate>({ bps: 9600, databits: 8, stopbits: 1, parity: false });
expectType<Timer>(clock.after(1, () => undefined));
expectType<void>(gensio.open((err) => expectType<GensioError | undefined>(err)));

// The binding fits the serialport packages.
expectAssignable<BindingInterface<Ser2netPort, Ser2netOpenOptions, Ser2netPortInfo>>(Ser2netBinding);
expectAssignable<BindingPortInterface>({} as Ser2netPort);
const port2 = new SerialPortStream({ binding: Ser2netBinding, path: 'rfc2217://host:2000', baudRate: 9600, tlsCa: 'ca.pem' });
expectType<Ser2netPort | undefined>(port2.port);
expectError(new SerialPortStream({ binding: Ser2netBinding, path: 'rfc2217://host:2000' }));
expectError(Ser2netBinding.open({ path: 'tcp://host:1' }));
expectType<Promise<Ser2netPort>>(Ser2netBinding.open({ path: 'tcp://host:1', baudRate: 9600 }));

// The library: all a program may import. Each name is in test/types/api.md with its signature.
export type { Clock, Timer } from './base/clock.ts';
export { type Diag, type DiagCode, formatDiag, type Pos } from './base/diag.ts';
export { GENSIO_ERRORS, GensioError, type GensioErrorCode } from './base/gensio-error.ts';
export type { Log, LogLevel } from './base/log.ts';
export type {
  LineState,
  ModemLine,
  ModemState,
  Queue,
  SerialFlow,
  SerialItem,
  SerialLines,
  SerialParity,
  SerialRequest,
  SerialSetting,
  SerialSettings,
  SerialState,
} from './base/serial.ts';
export { checkConfig } from './config/check.ts';
export { type Converted, type ConvertOptions, convert as convertConfig } from './config/convert/convert.ts';
export type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, Reading, RotatorConfig } from './config/model.ts';
export type { Origin, Origins, SetDefault } from './config/origin.ts';
export type { FileProblem, Files } from './config/source.ts';
export { type PrintForm, printYaml as printConfig } from './config/yaml/print.ts';
export {
  type Accepter,
  type AccepterUp,
  type ComPort,
  Filter,
  type Gensio,
  type GensioEvent,
  type GensioUp,
  type LineRate,
  type Peer,
  type SerialAnswer,
  type SerialControl,
} from './gensio/gensio.ts';
export { printStack } from './gensio/syntax/gensio-str.ts';
export type { Stack } from './gensio/syntax/stack.ts';
export type { Target } from './gensio/syntax/target.ts';
export { escapeIac, subnegotiation, TelnetDecoder, type TelnetOut } from './gensio/telnet/codec.ts';
export { bytesOf as telnetBytes, COM_PORT_COMMANDS, textOf as telnetText } from './gensio/telnet/names.ts';
export {
  Ser2netBinding,
  type Ser2netOpenOptions,
  Ser2netPort,
  type Ser2netPortInfo,
} from './library/binding.ts';
export { parseStack, type ReadOptions, readConfig, readConfigFile } from './library/config.ts';
export { type EndDefinition, type FilterDefinition, type LayerContext, type LayerDefinition, registerLayer } from './library/layer.ts';
export { type OpenOptions, openGensio } from './library/open.ts';
export {
  type ClientOptions,
  type ComPortCommand,
  type ComPortMessage,
  decodeComPort,
  encodeComPort,
  rfc2217Client,
} from './library/rfc2217.ts';
export {
  GensioSerial,
  type SerialEvents,
} from './library/serial.ts';
export {
  createServer,
  type PortCounters,
  PortError,
  Ser2netServer,
  type ServerEvents,
  type ServerOptions,
  type ServerPort,
  type ServerUser,
} from './library/server.ts';
export { GensioStream } from './library/stream.ts';
export type { AttachOptions, LineWish, TargetOptions } from './options/attach.ts';
export type { ConnectionOptions } from './options/connection.ts';
export type { Parity, SerialLine } from './options/serialdev.ts';
export type { LayerOf, LayerSpec, LayerType, NetAddr } from './options/stack.ts';

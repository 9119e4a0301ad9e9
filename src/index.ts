// ser2net: the whole library. Each name is in test/types/api.md with its signature; config.ts, rfc2217.ts and telnet.ts are parts of it
// that load less.
export type { Log, LogLevel } from './base/log.ts';
export * from './config.ts';
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
export {
  Ser2netBinding,
  type Ser2netOpenOptions,
  Ser2netPort,
  type Ser2netPortInfo,
} from './library/binding.ts';
export { type EndDefinition, type FilterDefinition, type LayerContext, type LayerDefinition, registerLayer } from './library/layer.ts';
export { type OpenOptions, openGensio } from './library/open.ts';
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
export * from './rfc2217.ts';

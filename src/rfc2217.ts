// ser2net/rfc2217: RFC 2217 on a stream the program has opened, and the codec of its messages.
export type { Clock, Timer } from './base/clock.ts';
export { GENSIO_ERRORS, GensioError, type GensioErrorCode } from './base/gensio-error.ts';
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
export {
  type ClientOptions,
  type ComPortCommand,
  type ComPortMessage,
  decodeComPort,
  encodeComPort,
  rfc2217Client,
} from './library/rfc2217.ts';
export { GensioSerial, type SerialEvents } from './library/serial.ts';
export { GensioStream } from './library/stream.ts';
export * from './telnet.ts';

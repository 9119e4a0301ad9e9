// ser2net/config: configurations of both formats, read, checked, printed and converted. Nothing is opened.
export { type Diag, type DiagCode, formatDiag, type Pos } from './base/diag.ts';
export { GENSIO_ERRORS, GensioError, type GensioErrorCode } from './base/gensio-error.ts';
export { checkConfig } from './config/check.ts';
export { type Converted, type ConvertOptions, convert as convertConfig } from './config/convert/convert.ts';
export type { AdminConfig, AttachConfig, Config, ConnectionConfig, LedConfig, Reading, RotatorConfig } from './config/model.ts';
export type { Origin, Origins, SetDefault } from './config/origin.ts';
export type { FileProblem, Files } from './config/source.ts';
export { type PrintForm, printYaml as printConfig } from './config/yaml/print.ts';
export { printStack } from './gensio/syntax/gensio-str.ts';
export type { Stack } from './gensio/syntax/stack.ts';
export type { Target } from './gensio/syntax/target.ts';
export { parseStack, type ReadOptions, readConfig, readConfigFile } from './library/config.ts';
export type { AttachOptions, LineWish, TargetOptions } from './options/attach.ts';
export type { ConnectionOptions } from './options/connection.ts';
export type { Parity, SerialLine } from './options/serialdev.ts';
export type { LayerOf, LayerSpec, LayerType, NetAddr } from './options/stack.ts';

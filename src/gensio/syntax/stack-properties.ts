// What those who use a stack may ask of it, so that none of them has to know a layer by its name.
import { shownStack } from '../../options/secrets.ts';
import type { SerialLine } from '../../options/serialdev.ts';
import type { LayerSpec } from '../../options/stack.ts';
import { layerInfo } from './custom-layers.ts';
import { bottomOf, layersOf, mapBottom, type Stack } from './stack.ts';

/** The layer whose protocol clients speak, such as telnet; `undefined` if they send and get plain bytes. */
export const protocolLayer = (spec: LayerSpec | undefined): LayerSpec | undefined =>
  layersOf(spec).find(({ type }) => layerInfo(type)?.spoken === true);

/** The layers as gensio names them in the `gensiostack` of an announcement: `telnet(rfc2217),tcp`. */
export const layerLabels = (spec: LayerSpec): string =>
  layersOf(spec)
    .map(({ type, opts }) => ('rfc2217' in opts && opts.rfc2217 === true ? `${type}(rfc2217)` : type))
    .join(',');

/** Whether the stack stands on datagrams of the network. */
export const isDatagram = (spec: LayerSpec): boolean => layerInfo(bottomOf(spec)!.type)?.datagrams === true;

/** The settings of the serial device at the bottom; `undefined` if there is none. */
export function serialLineOf(spec: LayerSpec | undefined): SerialLine | undefined {
  const bottom = bottomOf(spec);
  return bottom !== undefined && 'line' in bottom ? bottom.line : undefined;
}

/** The same stack with other settings of its serial device. */
export const withSerialLine = (spec: LayerSpec, line: SerialLine): LayerSpec =>
  mapBottom(spec, (bottom) => ('line' in bottom ? { ...bottom, line } : bottom));

/** The stack that hides the coming and going of its device. retryTime: ms between looks. discard: what is written meanwhile is lost. */
export const keptOpen = (child: LayerSpec, retryTime: number, discard: boolean): LayerSpec => ({
  type: 'keepopen',
  opts: { retryTime, discardBadwrites: discard },
  child,
});

/** The same stack, whose tcp layer goes by this name in hosts.allow and hosts.deny unless an option gives it one. */
export const knownAs = (name: string, spec: LayerSpec): LayerSpec =>
  mapBottom(spec, (bottom) =>
    bottom.type === 'tcp' ? { ...bottom, opts: { ...bottom.opts, tcpdname: bottom.opts.tcpdname ?? name } } : bottom,
  );

/** What a stack opens or listens on, for people: a device, a path, or its text without secrets. */
export function endpointOf(stack: Stack): string {
  const bottom = bottomOf(stack.spec);
  if (bottom !== undefined && 'device' in bottom) return bottom.device;
  return bottom !== undefined && 'path' in bottom ? bottom.path : shownStack(stack);
}

// What users of doors are told, in a line of its own, and what the log says about doors and the right to write.

const line = (text: string): string => `\r\n[ser2net: ${text}]\r\n`;

/** Lines for people at a port. keys: how to ask for the right to write there; `undefined` if there is no way. */
export const TOLD = {
  watchesOnly: line('you may only watch here'),
  watches: (writer: string, keys: string | undefined) =>
    line(`${writer} has the right to write, what you type is dropped${keys === undefined ? '' : `; ${keys} asks for it`}`),
  spying: (keys: string) => line(`you only watch; ${keys} ends that`),
  writes: line('you have the right to write'),
  gave: (to: string) => line(`${to} has the right to write now`),
  lost: (by: string) => line(`the right to write was taken away by ${by}`),
  gaveUp: line('you only watch, and nobody has the right to write'),
  asked: (by: string, seconds: number, keys: string | undefined) =>
    line(
      `${by} asks for the right to write: type anything within ${seconds} s to keep it${keys === undefined ? '' : `, or ${keys} to give it away`}`,
    ),
  asks: (holder: string, seconds: number) => line(`${holder} is asked, and has ${seconds} s to answer`),
  never: (holder: string) => line(`${holder} has the right to write, and nobody takes it over here`),
  active: (holder: string) => line(`${holder} has the right to write, cannot be asked, and has sent something within the last minute`),
  kept: (holder: string) => line(`${holder} keeps the right to write`),
  beingAsked: (holder: string) => line(`somebody else has asked ${holder} for the right to write already`),
  unknownKey: (keys: string) => line(`there is no such key; ${keys} ? lists them`),
  noHistory: line('nothing is kept of what was said before'),
  noBreak: line('you may not send a break'),
  breakSent: line('break sent'),
} as const;

/** What the log says. */
export const LOG = {
  writes: (port: string, user: string) => `${port}: ${user} has the right to write`,
  freed: (port: string, user: string) => `${port}: ${user} has given back the right to write`,
  tookOver: (port: string, to: string, from: string) => `${port}: ${to} has taken the right to write from ${from}`,
  given: (port: string, to: string, from: string, by: string) =>
    `${port}: ${by} has given ${to} the right to write${from === '' ? '' : `, which ${from} had`}`,
  takenAway: (port: string, from: string, by: string) => `${port}: ${by} has taken the right to write away from ${from}`,
  asked: (port: string, by: string, holder: string) => `${port}: ${by} asks ${holder} for the right to write`,
} as const;

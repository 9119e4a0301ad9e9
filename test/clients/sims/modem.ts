// A GSM modem in text and PDU mode: answers AT commands, and takes one SMS.
import type { Line } from '../line.ts';

export interface Modem {
  /** The commands that came. */
  readonly commands: string[];
  /** PDUs of messages that were sent, in hexadecimal. */
  readonly messages: string[];
}

/** What a command gives besides OK. */
const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/^ATI/, 'ACME M100'],
  [/^AT\+CGMI$/, 'ACME'],
  [/^AT\+CGMM$/, 'M100'],
  [/^AT\+CGMR$/, 'Revision 1.0'],
  [/^AT\+(CGSN|GSN)$/, '490154203237518'],
  [/^AT\+CIMI$/, '262011234567890'],
  [/^AT\+CSQ$/, '+CSQ: 20,99'],
  [/^AT\+CREG\?$/, '+CREG: 0,1'],
  [/^AT\+CGREG\?$/, '+CGREG: 0,1'],
  [/^AT\+CPIN\?$/, '+CPIN: READY'],
  [/^AT\+COPS\?$/, '+COPS: 0,0,"Testnet"'],
  [/^AT\+CSCA\?$/, '+CSCA: "+491710760000",145'],
  [/^AT\+CSMS=/, '+CSMS: 1,1,1'],
  [/^AT\+CSMS\?$/, '+CSMS: 0,1,1,1'],
  [/^AT\+CPMS=\?$/, '+CPMS: ("SM"),("SM"),("SM")'],
  [/^AT\+CPMS\?$/, '+CPMS: "SM",0,10,"SM",0,10,"SM",0,10'],
  [/^AT\+CPMS=/, '+CPMS: 0,10,0,10,0,10'],
  [/^AT\+CSCS=\?$/, '+CSCS: ("GSM","UCS2")'],
  [/^AT\+CSCS\?$/, '+CSCS: "GSM"'],
  [/^AT\+CMGF=\?$/, '+CMGF: (0,1)'],
  [/^AT\+CBC$/, '+CBC: 0,80'],
];

export function modem(line: Line): Modem {
  const seen: Modem = { commands: [], messages: [] };
  let got = '';
  let echo = true;
  let prompted = false;
  const reply = (text: string): void => line.send(`\r\n${text}\r\n`, 115_200);
  const command = (text: string): void => {
    seen.commands.push(text);
    if (/^ATE[01]/.test(text)) echo = text[3] === '1';
    if (/^AT\+CMGS=\d+$/.test(text)) {
      prompted = true;
      return line.send('\r\n> ', 115_200);
    }
    const answer = ANSWERS.find(([pattern]) => pattern.test(text))?.[1];
    if (answer !== undefined) reply(answer);
    reply(/^AT\+(CNMI=\?|CPBS|CMGL|CMGR)/.test(text) ? 'ERROR' : 'OK');
  };
  line.onData = (data) => {
    if (echo) line.send(data, 115_200);
    got += data.toString('latin1');
    for (;;) {
      const at = prompted ? got.search(/[\x1a\x1b]/) : got.indexOf('\r');
      if (at < 0) return;
      const text = got.slice(0, at).trim();
      const sent = prompted && got[at] === '\x1a';
      got = got.slice(at + 1);
      if (!prompted) {
        if (/^AT/i.test(text)) command(text.toUpperCase());
        continue;
      }
      prompted = false;
      if (!sent) {
        reply('OK');
        continue;
      }
      seen.messages.push(text);
      reply('+CMGS: 17');
      reply('OK');
    }
  };
  return seen;
}

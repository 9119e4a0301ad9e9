// Two UPSes: one that speaks the protocol of Megatec at 2400 baud, whose answers end in CR alone, and an APC Smart-UPS.
import type { Line } from '../line.ts';

export function megatecUps(line: Line): void {
  const ANSWERS: Readonly<Record<string, string>> = {
    Q1: '(230.1 230.0 229.9 023 50.0 13.6 25.0 00001000',
    F: '#230.0 003 012.0 50.0',
    I: `#${'ACME'.padEnd(15)} ${'UPS 1000'.padEnd(10)} ${'V1.23'.padEnd(10)}`,
  };
  let got = '';
  line.onData = (data) => {
    got += data.toString('latin1');
    for (let at = got.indexOf('\r'); at >= 0; at = got.indexOf('\r')) {
      const question = got.slice(0, at);
      got = got.slice(at + 1);
      line.send(`${ANSWERS[question] ?? question}\r`, 2400);
    }
  };
}

/** One character asks, a line that ends in CR LF answers. */
export function smartUps(line: Line): void {
  const ANSWERS: Readonly<Record<string, string>> = {
    Y: 'SM',
    '\x01': 'Smart-UPS 1000',
    a: '3.!$%+?=#|.\x01ABCDEFGHJKLMNOPQRSTUVWXYZabcefgijklmnopqrstuvxyz~\x27',
    b: '60.11.I',
    V: '60.11.I',
    c: 'UPS_IDEN',
    n: 'AS0123456789',
    m: '01/02/20',
    x: '01/02/20',
    Q: '08',
    '7': '00',
    '8': '40',
    '9': 'FF',
    f: '100.0',
    L: '230.4',
    M: '231.0',
    N: '229.5',
    O: '230.4',
    F: '50.00',
    P: '023.0',
    B: '27.30',
    C: '035.2',
    j: '0042:',
    g: '024',
    o: '230',
    u: '253',
    l: '208',
    e: '00',
    p: '020',
    q: '02',
    r: '000',
    k: '0',
    s: 'H',
    E: '336',
    G: 'S',
    X: 'OK',
    '~': '5ZN04',
  };
  line.onData = (data) => {
    for (const byte of data) {
      const answer = ANSWERS[String.fromCharCode(byte)];
      line.send(`${answer ?? 'NA'}\r\n`, 2400);
    }
  };
}

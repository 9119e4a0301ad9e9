// Asks an instrument on an RFC 2217 port something, at its own speed. node ask.js 'telnet(rfc2217),tcp,localhost,4002' 'id?'
import { once } from 'node:events';
import { GensioError, openGensio } from 'ser2net';

const [, , where = 'telnet(rfc2217),tcp,localhost,4002', question = 'id?'] = process.argv;
try {
  const stream = await openGensio(where, { signal: AbortSignal.timeout(5000) });
  if (stream.serial !== undefined) {
    await stream.serial.set({ speed: 19200, parity: 'none' });
    stream.serial.on('modemstate', ({ changed }) => console.error(`changed: ${changed.join(' ')}`));
  }
  stream.write(`${question}\n`);
  const [answer] = (await once(stream, 'data')) as [Buffer];
  console.log(answer.toString().trim());
  stream.end();
} catch (err) {
  console.error(err instanceof GensioError ? `${err.message}: ${err.detail ?? err.code}` : err);
  process.exitCode = 1;
}

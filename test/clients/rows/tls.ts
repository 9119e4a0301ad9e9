// TLS: other people's clients with a certificate of the server they know, and with one of their own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { generateCertificate } from '../../../src/cli/certificate.ts';
import type { Running } from '../processes.ts';
import type { Row } from '../row.ts';
import { echo } from '../sims/echo.ts';
import type { Trial } from '../trial.ts';

/** A key and its self-signed certificate. */
function pair(t: Trial, use: 'server' | 'client', commonName: string): { key: string; cert: string } {
  const made = generateCertificate({
    use,
    commonName,
    now: new Date(),
    days: 30,
    names: use === 'server' ? ['localhost', '127.0.0.1'] : [],
  });
  return { key: t.file(`${commonName}.key`, made.key, 0o600), cert: t.file(`${commonName}.crt`, made.cert) };
}
/** A line there and back, and 100,000 bytes. */
async function echoes(program: Running): Promise<void> {
  program.write('hello module\n');
  await program.expect('hello module\n');
  const big = `${'0123456789'.repeat(10_000)}!\n`;
  program.write(big);
  await program.expect('!\n', 20_000);
}

export const TLS: readonly Row[] = [
  {
    name: 'openssl',
    program: 'openssl s_client',
    way: 'TLS',
    must: "the server's certificate is verified; 100 KB come back",
    needs: { commands: ['openssl'], debian: ['openssl'] },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { key, cert } = pair(t, 'server', 'localhost');
      const { port } = await t.serve(line, { over: `ssl(key=${key},cert=${cert})`, socatTls: `key=${key},cert=${cert},verify=0` });
      const args = [
        's_client',
        '-quiet',
        '-verify_return_error',
        '-CAfile',
        cert,
        '-verify_hostname',
        'localhost',
        '-connect',
        `127.0.0.1:${port}`,
      ];
      await echoes(t.start('openssl', args));
    },
  },
  {
    name: 'socat-tls',
    program: 'socat (openssl-connect with cert and cafile)',
    way: 'TLS, client certificate',
    must: 'both self-signed certificates are accepted, a client without one is not',
    needs: { commands: ['socat'], debian: ['socat'] },
    fails: { ser2net: 'refuses the self-signed certificate of the client' },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { key, cert } = pair(t, 'server', 'localhost');
      const client = pair(t, 'client', 'module');
      const over = `ssl(key=${key},cert=${cert},CA=${client.cert},clientauth)`;
      const { port } = await t.serve(line, { over, socatTls: `key=${key},cert=${cert},cafile=${client.cert}` });
      const target = `openssl-connect:127.0.0.1:${port},cafile=${cert},commonname=localhost`;
      await echoes(t.start('socat', ['-', `${target},cert=${client.cert},key=${client.key}`]));
      const before = line.got.count;
      const without = t.start('socat', ['-', target]);
      without.write('let me in\n');
      await without.exit();
      assert.equal(line.got.count, before, 'a client without a certificate reached the device');
    },
  },
  {
    name: 'gensiot-tls',
    program: 'gensiot',
    way: 'TLS, telnet with RFC 2217',
    must: "the server's certificate is verified; 100 KB come back",
    needs: { commands: ['gensiot'], debian: ['gensio-bin'] },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { key, cert } = pair(t, 'server', 'localhost');
      const { port } = await t.serve(line, { over: `telnet(rfc2217),ssl(key=${key},cert=${cert})` });
      await echoes(t.start('gensiot', ['-i', 'stdio(self)', `telnet(rfc2217),ssl(CA=${cert}),tcp,127.0.0.1,${port}`]));
    },
  },
  {
    name: 'gtlssh',
    program: 'gtlssh',
    way: 'mux and certauth over TLS',
    must: 'logs in with its key; bytes both ways',
    needs: { commands: ['gtlssh', 'gtlssh-keygen'], debian: ['gensio-bin'] },
    run: async (t) => {
      const line = t.line();
      echo(line);
      const { key, cert } = pair(t, 'server', 'localhost');
      const made = spawnSync('gtlssh-keygen', ['-f', '--commonname', 'joe', 'setup'], {
        env: { ...process.env, HOME: t.dir },
        encoding: 'utf8',
      });
      assert.equal(made.status, 0, made.stderr);
      const certs = join(t.dir, 'auth', 'joe', 'allowed_certs');
      mkdirSync(certs, { recursive: true });
      copyFileSync(join(t.dir, '.gtlssh', 'default.crt'), join(certs, 'joe.crt'));
      assert.equal(spawnSync('gtlssh-keygen', ['rehash', certs]).status, 0);
      const over = `mux,certauth,ssl(key=${key},cert=${cert})`;
      const { port } = await t.serve(line, { over, options: [`authdir: ${join(t.dir, 'auth')}`, 'banner: WELCOME'] });
      const program = t.terminal('gtlssh', ['-p', String(port), 'joe@127.0.0.1'], { env: { HOME: t.dir } });
      await program.expect('(y/n)');
      program.write('y\n');
      await program.expect('WELCOME');
      line.send('from the device');
      await program.expect('from the device');
      program.write('typed');
      await program.expect('typed');
    },
  },
];

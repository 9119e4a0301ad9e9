// UPSes and modems: daemons and tools for devices on a serial port of this machine.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../rig/free-port.ts';
import { until } from '../../rig/pty.ts';
import type { Line } from '../line.ts';
import type { Row } from '../row.ts';
import { modem } from '../sims/modem.ts';
import { megatecUps, smartUps } from '../sims/ups.ts';

const SPEED_STAYS = { ser2net: 'the speed stays here', socat: 'the speed stays here' };

/** A driver of NUT, its upsd, and a question of upsc. */
const nut = (driver: string, model: RegExp, ups: (line: Line) => void, extra: string): Row => ({
  name: `nut-${driver}`,
  program: `NUT ${driver}`,
  way: 'attached device',
  must: `upsc shows battery and model; its 2400 baud at the UPS`,
  needs: { commands: [driver, 'upsd', 'upsc'], debian: ['nut-server', 'nut-client'] },
  fails: SPEED_STAYS,
  seconds: 60,
  run: async (t) => {
    const line = t.line();
    ups(line);
    const device = await t.attached(line, {}, { forAll: true });
    const port = await freePort();
    const state = join(t.dir, 'nut');
    mkdirSync(state);
    const user = userInfo().username;
    writeFileSync(join(state, 'ups.conf'), `[u]\ndriver = ${driver}\nport = ${device}\n${extra}`);
    writeFileSync(join(state, 'upsd.conf'), `LISTEN 127.0.0.1 ${port}\nSTATEPATH ${state}\n`);
    writeFileSync(join(state, 'upsd.users'), '');
    writeFileSync(join(state, 'nut.conf'), 'MODE=standalone\n');
    const env = { NUT_CONFPATH: state, NUT_STATEPATH: state, NUT_ALTPIDPATH: state };
    const there = t.start(driver, ['-a', 'u', '-u', user, '-D', '-D'], { env });
    await there.expect(/dstate_init|sock .* open on fd|upsdrv_updateinfo/i, 40_000);
    const server = t.start('upsd', ['-F', '-u', user], { env });
    await server.expect(/Connected to UPS|listening on/i, 15_000);
    let said = '';
    for (let tries = 0; tries < 20 && !/battery\.voltage: \d/.test(said); tries++) {
      const asked = t.start('upsc', [`u@127.0.0.1:${port}`], { env });
      await asked.exit();
      said = asked.output;
    }
    assert.match(said, /battery\.voltage: \d/);
    assert.match(said, model);
    line.mustHaveHeardAt(2400);
  },
});

export const POWER: readonly Row[] = [
  nut('blazer_ser', /ups\.delay\.shutdown|input\.voltage: 230\.1/, megatecUps, ''),
  nut('nutdrv_qx', /input\.voltage: 230\.1/, megatecUps, 'protocol = megatec\n'),
  nut('apcsmart', /ups\.model: *Smart-UPS 1000/, smartUps, ''),
  {
    name: 'apcupsd',
    program: 'apcupsd',
    way: 'attached device',
    must: 'its status shows model and charge; its 2400 baud at the UPS',
    needs: { commands: ['apcupsd', 'apcaccess'], debian: ['libusb-0.1-4'], unpacked: ['apcupsd'] },
    fails: SPEED_STAYS,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      smartUps(line);
      const device = await t.attached(line, {}, { forAll: true });
      const port = await freePort();
      const settings = {
        UPSNAME: 'test',
        UPSCABLE: 'smart',
        UPSTYPE: 'apcsmart',
        DEVICE: device,
        LOCKFILE: t.dir,
        SCRIPTDIR: t.dir,
        PWRFAILDIR: t.dir,
        NOLOGINDIR: t.dir,
        NISIP: '127.0.0.1',
        NISPORT: port,
        NETSERVER: 'on',
        EVENTSFILE: join(t.dir, 'events'),
        STATFILE: join(t.dir, 'status'),
        UPSCLASS: 'standalone',
        UPSMODE: 'disable',
      };
      const lines = Object.entries(settings).map(([name, value]) => `${name} ${value}\n`);
      const file = t.file('apcupsd.conf', `## apcupsd.conf v1.1 ##\n${lines.join('')}`);
      t.start('apcupsd', ['-b', '-f', file, '-P', join(t.dir, 'apcupsd.pid')]);
      let said = '';
      await until('apcupsd to listen', () => t.listens(port), 20_000);
      for (let tries = 0; tries < 200 && !/BCHARGE *: 100/.test(said); tries++) {
        const asked = t.start('apcaccess', ['-h', `127.0.0.1:${port}`]);
        await asked.exit();
        said = asked.output;
      }
      assert.match(said, /MODEL *: Smart-UPS 1000/);
      assert.match(said, /BCHARGE *: 100\.0/);
      line.mustHaveHeardAt(2400);
    },
  },
  {
    name: 'gammu',
    program: 'gammu',
    way: 'attached device',
    must: 'identifies the modem and sends an SMS',
    needs: { commands: ['gammu'], debian: ['gammu'] },
    run: async (t) => {
      const line = t.line();
      const seen = modem(line);
      const file = t.file('gammurc', `[gammu]\ndevice = ${await t.attached(line)}\nconnection = at19200\n`);
      const said = await t.run('gammu', ['-c', file, 'identify']);
      assert.match(said, /IMEI *: *490154203237518/);
      await t.run('gammu', ['-c', file, 'sendsms', 'TEXT', '+491711234567', '-text', 'hello']);
      assert.equal(seen.messages.length, 1, 'messages at the modem');
    },
  },
  {
    name: 'smstools',
    program: 'smstools (smsd)',
    way: 'attached device',
    must: 'initializes the modem and sends an SMS from its spool; its 115200 baud at the modem',
    needs: { commands: ['smsd'], debian: ['smstools'] },
    fails: SPEED_STAYS,
    seconds: 60,
    run: async (t) => {
      const line = t.line();
      const seen = modem(line);
      const device = await t.attached(line, { settings: '9600n81' });
      const folders = ['incoming', 'outgoing', 'checked', 'sent', 'failed', 'saved', 'report'];
      for (const name of folders) mkdirSync(join(t.dir, name));
      const paths = folders.slice(0, 5).map((name) => `${name} = ${join(t.dir, name)}\n`);
      const file = t.file(
        'smsd.conf',
        `devices = GSM1\nlogfile = 1\nloglevel = 6\ndelaytime = 1\n${paths.join('')}[GSM1]\ndevice = ${device}\nbaudrate = 115200\n` +
          'incoming = no\nrtscts = no\nsignal_quality_ber_ignore = yes\n',
      );
      writeFileSync(join(t.dir, 'outgoing', 'one'), 'To: 491711234567\n\nhello\n');
      t.start('smsd', ['-c', file, '-t'], {});
      await until('the message at the modem', () => seen.messages.length === 1, 50_000);
      line.mustHaveHeardAt(115_200);
    },
  },
];

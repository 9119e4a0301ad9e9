// A server in the process of a program, which hears what happens. node serve.js CONFIG
import { createServer, formatDiag, readConfigFile } from 'ser2net';

const { config, diags, complete } = readConfigFile(process.argv[2] ?? '/etc/ser2net/ser2net.yaml');
for (const diag of diags) console.error(formatDiag(diag));
if (!complete) process.exit(1);

const server = createServer(config, { countersEvery: 1000 });
server.on('connect', ({ port, peer }) => console.log(`${port}: ${peer} came`));
server.on('disconnect', ({ port, peer, reason }) => console.log(`${port}: ${peer} left: ${reason}`));
server.on('counters', ({ port, fromDevice, toDevice }) => console.log(`${port}: ${fromDevice} bytes out, ${toDevice} bytes in`));
server.on('modemstate', ({ port, state }) => console.log(`${port}: CTS is ${state.cts ? 'on' : 'off'}`));
server.on('error', (err) => console.error(err.message));
await server.start();
for (const { name, listening, failure } of server.ports) console.log(`${name}: ${failure ?? `listens on ${listening}`}`);

process.on('SIGHUP', () => void server.reload(readConfigFile(process.argv[2] ?? '/etc/ser2net/ser2net.yaml').config));
process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));

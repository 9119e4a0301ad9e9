// Waits until a server can be asked for settings. It may offer RFC 2217 before it agrees to ours (pyserial), so a connection that is
// open cannot always be asked yet.
import type { Clock, Timer } from '../base/clock.ts';
import type { SerialControl } from '../gensio/gensio.ts';

/** How long that may take after the connection is open, and how often it is looked at, ms. */
const AGREE_MS = 500;
const LOOK_MS = 10;

/**
 * Asks for the speed in force, which speed() gets when it comes. agreed() is called once, perhaps at once: questions go out now, or
 * this server will not be asked.
 */
export function awaitRfc2217(serial: SerialControl, clock: Clock, speed: (inForce: number) => void, agreed: () => void): Timer {
  let timer: Timer | undefined;
  let cancelled = false;
  const end = clock.now() + AGREE_MS;
  const look = (): void => {
    if (cancelled) return;
    if (ask(serial, speed) || clock.now() >= end) agreed();
    else timer = clock.after(LOOK_MS, look);
  };
  look();
  return {
    cancel: () => {
      cancelled = true;
      timer?.cancel();
    },
  };
}

/** false: it did not go out, for such a question comes back unanswered at once. */
function ask(serial: SerialControl, speed: (inForce: number) => void): boolean {
  let went = true;
  let asking = true;
  serial.get('speed', (answer) => {
    if (asking && answer === undefined) went = false;
    if (typeof answer === 'number') speed(answer);
  });
  asking = false;
  return went;
}

// What holds of device files on every Linux.

/** Where UUCP lock files go, as in gensio. */
export const LOCK_DIR = '/var/lock';
/** The major number in a device number. */
export const majorOf = (dev: number): number => Math.floor(dev / 256) % 4096;
/** The minor number in a device number. */
export const minorOf = (dev: number): number => (dev % 256) + Math.floor(dev / 0x100000) * 256;
/** Whether a major number is that of pseudo-terminals (Unix98 slaves). */
export const isPtyMajor = (major: number): boolean => major >= 136 && major <= 143;

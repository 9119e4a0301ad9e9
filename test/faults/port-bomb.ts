// Loaded into a daemon ahead of it: data that says BOOM makes the code of its port fail.
import { Port } from '../../src/port/port.ts';

const { fromUser } = Port.prototype;
Port.prototype.fromUser = function (this: Port, user, data): void {
  if (data.includes('BOOM')) throw new Error('injected failure');
  fromUser.call(this, user, data);
};

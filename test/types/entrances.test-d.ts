// What the smaller entrances of the package give has the types of the whole.
import { expectAssignable, expectType } from 'tsd';
import * as config from '../../build/src/config.js';
import type * as whole from '../../build/src/index.js';
import * as rfc2217 from '../../build/src/rfc2217.js';
import * as telnet from '../../build/src/telnet.js';

expectType<typeof whole.readConfig>(config.readConfig);
expectType<typeof whole.rfc2217Client>(rfc2217.rfc2217Client);
expectType<typeof whole.TelnetDecoder>(telnet.TelnetDecoder);
expectType<typeof whole.telnetText>(rfc2217.telnetText);
expectType<whole.Config>({} as config.Config);
expectType<whole.Origin>({} as config.Origin);
expectType<whole.Origins>({} as config.Origins);
expectType<whole.SetDefault>({} as config.SetDefault);
expectType<whole.SerialState>({} as rfc2217.SerialState);
expectAssignable<whole.SerialAnswer<'speed'>>(() => undefined);

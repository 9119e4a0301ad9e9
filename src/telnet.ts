// ser2net/telnet: the codec of telnet and of its subnegotiations, and their bytes as text. Loads three modules and opens nothing.
export { escapeIac, subnegotiation, TelnetDecoder, type TelnetOut } from './gensio/telnet/codec.ts';
export { bytesOf as telnetBytes, COM_PORT_COMMANDS, textOf as telnetText } from './gensio/telnet/names.ts';

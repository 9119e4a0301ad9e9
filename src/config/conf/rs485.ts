// What an RS485CONF line says, in gensio's words.

/** old: written as four numbers, the form of 2.x and 3.x. */
type Rs485 = { readonly spec: string; readonly old: boolean } | { readonly wrong: string };

/**
 * `before:after[:word...]` as it is, and `before:after:rts_on_send:rx_during_tx`, the last two 0 or 1, in words:
 * 1:2:1:0 is 1:2:rts_on_send, 1:2:0:1 is 1:2:rts_after_send:rx_during_tx (ser2net 3.5.1).
 */
export function rs485Spec(text: string): Rs485 {
  const parts = text.split(':', 8).map((part) => part.trim());
  if (parts.length < 2 || !/^[0-9]{1,9}$/.test(parts[0]!) || !/^[0-9]{1,9}$/.test(parts[1]!))
    return { wrong: 'RS485 needs two times in ms' };
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,9}$/.test(part))) return { spec: text, old: false };
  const [before, after, onSend, during] = parts as [string, string, string, string];
  if (!/^0*[01]$/.test(onSend) || !/^0*[01]$/.test(during)) return { wrong: 'the third and the fourth number are 0 or 1' };
  const words = [before, after, Number(onSend) === 1 ? 'rts_on_send' : 'rts_after_send', ...(Number(during) === 1 ? ['rx_during_tx'] : [])];
  return { spec: words.join(':'), old: true };
}

// A program of its own: asks PAM about one password, and ends. pam.ts starts it. In a process apart a module may wait for seconds,
// hang, crash or leave things behind, and the daemon does not notice. Question and answer are one line of JSON each, on standard input
// and output.
import { readFileSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PamAnswer, PamQuestion } from './pam.ts';

const PAM_SUCCESS = 0;
const PAM_NEW_AUTHTOK_REQD = 12;
const PAM_CONV_ERR = 19;
const PAM_PROMPT_ECHO_OFF = 1;
const PAM_PROMPT_ECHO_ON = 2;
const PAM_FAIL_DELAY = 10;
const PAM_DISALLOW_NULL_AUTHTOK = 1;

function ask({ service, user, password, confdir }: PamQuestion): PamAnswer {
  let koffi: typeof import('koffi');
  let lib: ReturnType<typeof koffi.load>;
  try {
    koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    lib = koffi.load('libpam.so.0');
  } catch (err) {
    return { step: 'load', code: -1, text: (err as Error).message, delayMs: 0 };
  }
  const cCalloc = koffi.load(null).func('void *calloc(size_t count, size_t size)');
  const Message = koffi.struct('PamMessage', { style: 'int', text: 'const char *' });
  const Answer = koffi.struct('PamAnswer', { text: 'void *', unused: 'int' });
  const Talk = koffi.proto('int PamTalk(int count, void *messages, void *answers, void *data)');
  const Delay = koffi.proto('void PamDelay(int result, unsigned int us, void *data)');
  koffi.struct('PamConversation', { talk: koffi.pointer(Talk), data: 'void *' });
  const start =
    confdir === undefined
      ? lib.func('int pam_start(const char *service, const char *user, const PamConversation *talk, _Out_ void **pam)')
      : lib.func(
          'int pam_start_confdir(const char *service, const char *user, const PamConversation *talk, const char *dir, _Out_ void **pam)',
        );
  const setItem = lib.func('int pam_set_item(void *pam, int item, void *value)');
  const authenticate = lib.func('int pam_authenticate(void *pam, int flags)');
  const account = lib.func('int pam_acct_mgmt(void *pam, int flags)');
  const end = lib.func('int pam_end(void *pam, int result)');
  const strerror = lib.func('const char *pam_strerror(void *pam, int result)');

  const secret = Buffer.from(`${password}\0`, 'latin1');
  /** Whatever is asked for without an echo is the password; the name is known, and anything else cannot be asked. PAM frees what it gets. */
  const talk = koffi.register((count: number, messages: unknown, out: unknown): number => {
    try {
      const answers = cCalloc(count, koffi.sizeof(Answer)) as bigint;
      const styles = (koffi.decode(messages, koffi.array('void *', count)) as bigint[]).map((m) => {
        return (koffi.decode(m, Message) as { style: number }).style;
      });
      if (styles.includes(PAM_PROMPT_ECHO_ON)) return PAM_CONV_ERR;
      styles.forEach((style, i) => {
        if (style !== PAM_PROMPT_ECHO_OFF) return;
        const text = cCalloc(1, secret.length);
        koffi.encode(text, koffi.array('uint8_t', secret.length), secret);
        koffi.encode(answers, i * koffi.sizeof(Answer), 'void *', text);
      });
      koffi.encode(out, 'void *', answers);
      return PAM_SUCCESS;
    } catch {
      return PAM_CONV_ERR;
    }
  }, koffi.pointer(Talk));
  // PAM would wait here after a failure; the one who asked lets the client wait instead.
  let delayMs = 0;
  const delay = koffi.register((_result: number, us: number): void => {
    delayMs = Math.ceil(us / 1000);
  }, koffi.pointer(Delay));

  const handle: [bigint | null] = [null];
  const conversation = { talk, data: null };
  const started = (
    confdir === undefined ? start(service, user, conversation, handle) : start(service, user, conversation, confdir, handle)
  ) as number;
  const [pam] = handle;
  const answer = (step: PamAnswer['step'], code: number): PamAnswer => ({ step, code, text: String(strerror(pam, code)), delayMs });
  if (started !== PAM_SUCCESS) return answer('start', started);
  setItem(pam, PAM_FAIL_DELAY, delay);
  let told = answer('authenticate', authenticate(pam, PAM_DISALLOW_NULL_AUTHTOK) as number);
  if (told.code === PAM_SUCCESS) {
    const code = account(pam, PAM_DISALLOW_NULL_AUTHTOK) as number;
    told = answer(code === PAM_NEW_AUTHTOK_REQD ? 'expired' : 'account', code);
  }
  end(pam, told.code);
  return told;
}

writeSync(1, `${JSON.stringify(ask(JSON.parse(readFileSync(0, 'utf8')) as PamQuestion))}\n`);

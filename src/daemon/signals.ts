// What signals do: HUP reloads, TERM INT QUIT stop, USR1 and PIPE do nothing. Everything else keeps its default action.

const STOP = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

interface SignalActions {
  reload(): void;
  /** Called once at most for each kind of signal: the second of a kind meets the default action, which ends the process at once. */
  stop(signal: NodeJS.Signals): void;
}

/** Takes the signals over until the returned function is called. */
export function catchSignals(actions: SignalActions): () => void {
  const ignore = (): void => undefined;
  const reload = (): void => actions.reload();
  const stop = (signal: NodeJS.Signals): void => actions.stop(signal);
  process.on('SIGHUP', reload);
  // Without a listener USR1 would open Node's debugger. PIPE is ignored by Node from the start.
  process.on('SIGUSR1', ignore);
  for (const signal of STOP) process.once(signal, stop);
  return () => {
    process.off('SIGHUP', reload);
    process.off('SIGUSR1', ignore);
    for (const signal of STOP) process.off(signal, stop);
  };
}

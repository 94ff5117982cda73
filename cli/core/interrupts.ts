// Ctrl+C and a polite end from outside: what would be left behind is taken away first. Runs under Node.

const exitCodeOf = { SIGINT: 130, SIGTERM: 143 } as const;
const undos = new Set<() => void>();

/** Ends the process when it is told to, after everything that was asked for by `undoneOnInterrupt`. */
export function endOnInterrupt(): void {
  for (const [signal, code] of Object.entries(exitCodeOf)) {
    process.once(signal, () => {
      for (const undo of undos) undo();
      process.exit(code);
    });
  }
}

/** Runs `work`; if the process is told to end meanwhile, `undo` runs, at once and to its end. */
export async function undoneOnInterrupt<T>(undo: () => void, work: () => Promise<T>): Promise<T> {
  undos.add(undo);
  try {
    return await work();
  } finally {
    undos.delete(undo);
  }
}

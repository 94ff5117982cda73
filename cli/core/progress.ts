// A bar on standard error while bytes go over; nothing where there is no terminal to draw on. Runs under Node.
import { byteText, type Output } from "./output.ts";

const barWidth = 24;
const redrawMs = 100;

export interface Progress {
  /** Bytes that are over, out of the total where it is known. */
  set(done: number): void;
  /** Takes the bar away. */
  end(): void;
}

export function startProgress(output: Output, label: string, total: number | undefined): Progress {
  if (!output.canDraw) return { set: () => undefined, end: () => undefined };
  const startedAt = Date.now();
  let drawnAt = 0;
  return {
    set(done) {
      const now = Date.now();
      if (now - drawnAt < redrawMs && done !== total) return;
      drawnAt = now;
      process.stderr.write(`\r\x1b[2K${lineOf(label, done, total, now - startedAt)}`);
    },
    end() {
      process.stderr.write("\r\x1b[2K");
    },
  };
}

function lineOf(label: string, done: number, total: number | undefined, ms: number): string {
  const speed = ms < 500 ? "" : `  ${byteText((done / ms) * 1000)}/s`;
  if (total === undefined || total === 0) return `${label}  ${byteText(done)}${speed}`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
  return `${label}  ${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${byteText(done)} of ${byteText(total)}${speed}`;
}

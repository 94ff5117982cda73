// Rows gathered into the chunks in which frames are kept. Pure.
import { AppError } from "../../core/errors.ts";
import { frameLimits } from "../../workspace-limits.ts";
import type { Row } from "./types.ts";

/** Gathers rows and hands on a chunk (its rows' number and the JSON array of them) whenever one is full. Throws `too_large` for a row that is too long. */
export class ChunkBuffer {
  readonly #write: (count: number, json: string) => void;
  #rows: string[] = [];
  #bytes = 0;

  constructor(write: (count: number, json: string) => void) {
    this.#write = write;
  }

  add(row: Row): void {
    const json = JSON.stringify(row);
    // Three bytes a character at most; a row this long is worth counting exactly.
    const bytes = json.length * 3 > frameLimits.rowBytes ? new TextEncoder().encode(json).length : json.length;
    if (bytes > frameLimits.rowBytes) {
      throw new AppError(
        "too_large",
        `A row has ${bytes} bytes as JSON; a frame's row has ${frameLimits.rowBytes} at most (limit rowBytes).`,
        {
          hint: "Leave out the column with the long values.",
          details: { limit: "rowBytes", value: frameLimits.rowBytes, bytes },
        },
      );
    }
    if (this.#rows.length > 0 && this.#bytes + bytes > frameLimits.chunkBytes) this.flush();
    this.#rows.push(json);
    this.#bytes += bytes;
    if (this.#rows.length === frameLimits.chunkRows) this.flush();
  }

  /** Hands on what is left. */
  flush(): void {
    if (this.#rows.length === 0) return;
    this.#write(this.#rows.length, `[${this.#rows.join(",")}]`);
    this.#rows = [];
    this.#bytes = 0;
  }
}

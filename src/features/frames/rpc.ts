// Frames over RPC: thin. Runs in the workspace.
import { RpcTarget } from "cloudflare:workers";
import type { WorkspaceDeps } from "../../durable/workspace-deps.ts";
import type { Column, Row } from "../../engines/frame/types.ts";
import type { Caller } from "../access/access.ts";
import type { Reader, RelationKind } from "../workspace/schema.ts";
import { findRelation } from "../workspace/store.ts";
import {
  appendChunk,
  beginFrame,
  dropFrames,
  finishFrame,
  listFrames,
  readSlice,
  setPinned,
  useCopy,
  useFrame,
} from "./frame-store.ts";
import { streamChunks } from "./frames.ts";
import type { Frame, NewFrame } from "./schema.ts";

export class FramesRpc extends RpcTarget {
  readonly #deps: WorkspaceDeps;

  constructor(deps: WorkspaceDeps) {
    super();
    this.#deps = deps;
  }

  list(reader: Reader): Frame[] {
    return listFrames(this.#deps, reader);
  }

  find(nameOrRef: string, reader: Reader): Frame {
    return useFrame(this.#deps, nameOrRef, reader);
  }

  /** The server's own copy under this key, if there is one. */
  copy(copyOf: string, reader: Reader): Frame | undefined {
    return useCopy(this.#deps, copyOf, reader);
  }

  /** Rows from `offset` on. */
  slice(nameOrRef: string, reader: Reader, offset: number, limit: number): { frame: Frame; rows: Row[] } {
    const frame = useFrame(this.#deps, nameOrRef, reader);
    return { frame, rows: readSlice(this.#deps, frame, offset, limit) };
  }

  /** All rows: one line of JSON (an array of rows) for each chunk. */
  stream(nameOrRef: string, reader: Reader): ReadableStream<Uint8Array> {
    return streamChunks(this.#deps, useFrame(this.#deps, nameOrRef, reader), () =>
      useFrame(this.#deps, nameOrRef, reader),
    );
  }

  /** Begins a load from outside: nobody sees the frame before `finish`. */
  begin(by: Caller, frame: NewFrame): string {
    return this.#deps.atomically(() => beginFrame(this.#deps, by, frame));
  }

  append(id: string, chunks: { count: number; json: string }[]): void {
    this.#deps.atomically(() => {
      for (const { count, json } of chunks) appendChunk(this.#deps, id, count, json);
    });
  }

  finish(id: string, columns?: Column[]): Frame {
    return this.#deps.atomically(() => finishFrame(this.#deps, id, columns));
  }

  /** Finishes a load that somebody asked for as a write: the team's log says so. */
  async finishUpload(id: string, by: Caller, columns?: Column[]): Promise<Frame> {
    return await this.#deps.change(by, () => {
      const frame = finishFrame(this.#deps, id, columns);
      const after = { ...shownOf(frame), columns: frame.columns.map(({ name, type }) => ({ name, type })) };
      return {
        result: frame,
        audit: [{ action: "frame.create", target: targetOf(frame), after }],
        events: [{ kind: "frame" as const, name: frame.name ?? frame.id, change: "created" as const }],
      };
    });
  }

  /** What a name or data_ref stands for, if it is a table or frame that may be read. */
  kindOf(nameOrRef: string, reader: Reader): RelationKind | undefined {
    return findRelation(this.#deps.db, nameOrRef, reader)?.kind;
  }

  /** Gives up on a load. */
  abandon(id: string): void {
    this.#deps.atomically(() => dropFrames(this.#deps, [id]));
  }

  /** Drops frames that the caller may read. Throws `not_found`, dropping none. */
  async drop(namesOrRefs: string[], reader: Reader, by: Caller): Promise<Frame[]> {
    return await this.#deps.change(by, () => {
      const found = [
        ...new Map(namesOrRefs.map((name) => useFrame(this.#deps, name, reader)).map((f) => [f.id, f])).values(),
      ];
      dropFrames(
        this.#deps,
        found.map(({ id }) => id),
      );
      return {
        result: found,
        audit: found.map((frame) => ({ action: "frame.drop", target: targetOf(frame), before: shownOf(frame) })),
        events: found.map((frame) => ({
          kind: "frame" as const,
          name: frame.name ?? frame.id,
          change: "removed" as const,
        })),
      };
    });
  }

  async pin(nameOrRef: string, pinned: boolean, reader: Reader, by: Caller): Promise<Frame> {
    return await this.#deps.change(by, () => {
      const frame = useFrame(this.#deps, nameOrRef, reader);
      if (frame.pinned === pinned) return { result: frame, audit: [] };
      const result = setPinned(this.#deps, frame, pinned);
      const action = pinned ? "frame.pin" : "frame.unpin";
      return { result, audit: [{ action, target: targetOf(frame), after: shownOf(result) }] };
    });
  }
}

const targetOf = (frame: Frame) => ({ kind: "frame", name: frame.name ?? frame.id });

const shownOf = ({ id, name, rows, bytes, createdBy, pinned }: Frame) => ({ id, name, rows, bytes, createdBy, pinned });

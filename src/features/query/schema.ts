// Tables and frames as what is read: one form for both. Types only.
import type { Column } from "../../engines/frame/types.ts";
import type { RelationKind, Source } from "../workspace/schema.ts";

/** A table or frame as whoever reads it knows it. */
export interface FoundRelation {
  kind: RelationKind;
  id: string;
  /** A frame may have none. */
  name: string | null;
  description: string;
  /** With the types of frames. */
  columns: Column[];
  rows: number;
  /** Bytes of the rows as JSON, at most. */
  bytes: number;
  /** Of a table: goes up with every write. */
  version?: number;
  sources: Source[];
}

/** A table or frame in a list. */
export type ListedRelation = Pick<FoundRelation, "kind" | "id" | "name" | "description">;

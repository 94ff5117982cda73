// What travels on the background queue. Runs at the edge and in objects (types and schema only).
import * as z from "zod";

export const backgroundMessageSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("delete_objects"),
    team: z.string(),
    objects: z.array(z.object({ r2_key: z.string(), multipart_id: z.string().nullable() })).max(500),
  }),
  z.object({
    type: z.literal("purge_team"),
    team: z.string(),
    /** Which life of the slug: a new team of the same slug is another. */
    incarnation: z.string(),
    /** Unix milliseconds; files written later are not this life's. */
    written_before: z.number(),
  }),
  /** A proposal may be due: the object says what is to be done, now or later. With an edition it keeps that edition's time. */
  z.object({
    type: z.literal("settle_proposal"),
    team: z.string(),
    proposal: z.string(),
    edition: z.int().optional(),
  }),
  /** Deliveries are due. */
  z.object({ type: z.literal("deliver"), team: z.string() }),
  /** Nightly: take a backup and store it. `night` (e.g. 2026-11-21) makes a second message of the same night nothing. */
  z.object({ type: z.literal("backup_team"), team: z.string(), night: z.string() }),
  /** A snapshot waits in the object to be stored. */
  z.object({ type: z.literal("store_backup"), team: z.string(), backup: z.string() }),
  /** The preview of a restore is over: remove that team. */
  z.object({ type: z.literal("end_preview"), team: z.string(), preview: z.string(), incarnation: z.string() }),
]);
export type BackgroundMessage = z.infer<typeof backgroundMessageSchema>;

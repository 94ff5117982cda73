// What travels on the background queue. Runs at the edge and in objects (types and schema only).
import { z } from "zod";

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
]);
export type BackgroundMessage = z.infer<typeof backgroundMessageSchema>;

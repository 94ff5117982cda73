// What travels on the background queue. Runs at the edge and in objects (types and schema only).
import { z } from "zod";

export const backgroundMessageSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("delete_objects"),
    team: z.string(),
    objects: z.array(z.object({ r2_key: z.string(), multipart_id: z.string().nullable() })).max(500),
  }),
]);
export type BackgroundMessage = z.infer<typeof backgroundMessageSchema>;

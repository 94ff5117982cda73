// Who sees a dataset or tool, as requests and answers carry it.
import * as z from "zod";
import { visibilitySchema } from "../access/schema.ts";

export const itemKinds = ["dataset", "tool"] as const;
export type ItemKind = (typeof itemKinds)[number];

/** Which dataset or tool, as a URL names it. */
export const itemSchema = z.object({
  kind: z.enum(itemKinds),
  name: z.string().min(1).max(200),
});

export const setVisibilitySchema = itemSchema.extend({ visibility: visibilitySchema });
export type SetVisibility = z.infer<typeof setVisibilitySchema>;
